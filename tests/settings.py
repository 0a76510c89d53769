"""The settings of the tests: the real ones on a data folder that lives as long as the process.

The test database is a file: Django's shared in-memory SQLite locks as soon as two threads use it.
`STUDIO_TEST_DATABASE=postgresql://user:password@host:port/name` runs the same tests on a database that is made
beside the named one, for this process, and dropped after it.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

_folder = tempfile.TemporaryDirectory(prefix="studio-tests-")
atexit.register(_folder.cleanup)

_hosts = {"DATABASE_URL", "REDIS_URL", "DURABILITY"}
for _name in [*os.environ]:
    if _name in _hosts or (_name.startswith("STUDIO_") and not _name.startswith("STUDIO_TEST_")):
        del os.environ[_name]
os.environ["STUDIO_DATA_DIR"] = _folder.name
_server = os.environ.get("STUDIO_TEST_DATABASE", "")
if _server:
    os.environ["STUDIO_DATABASE"] = _server

from studio.settings import *

# Nothing else reads it from here on: a studio that a test starts is told its own database.
os.environ.pop("STUDIO_DATABASE", None)

DATABASES["default"]["TEST"] = {
    "NAME": f"studio_test_{os.getpid()}" if _server else Path(_folder.name) / "test.sqlite3"
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
