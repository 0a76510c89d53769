"""Every conformance case once more, on the journals that keep runs in a database."""

from __future__ import annotations

import importlib
import pkgutil

from tests.engine import conformance

for found in pkgutil.iter_modules(conformance.__path__):
    if found.name.startswith("test_"):
        cases = vars(importlib.import_module(f"{conformance.__name__}.{found.name}"))
        globals().update({name: case for name, case in cases.items() if name.startswith("test_")})
