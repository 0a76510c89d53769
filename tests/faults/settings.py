"""The real settings with other times, which `conftest.paced` names in the environment."""

from __future__ import annotations

import os

from studio.settings import *  # noqa: F403

for _name in ("LEASE_SECONDS", "TICK_SECONDS", "POLL_SECONDS"):
    if _seconds := os.environ.get(f"STUDIO_TEST_{_name}"):
        WORKFLOWS[_name] = float(_seconds)  # noqa: F405
