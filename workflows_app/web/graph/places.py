"""Where something stands in the author's code: its file, and the line it begins at."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

from django.conf import settings


def place_of(function: Any) -> str:
    """Name the file and line of a function; nothing where there is none."""
    plain = inspect.unwrap(function) if callable(function) else function
    code = getattr(plain, "__code__", None)
    return f"{short(code.co_filename)}:{code.co_firstlineno}" if code is not None else ""


def file_of(module: str) -> str:
    """Name the file of a module that was imported."""
    return short(getattr(sys.modules.get(module), "__file__", None) or "")


def short(file: str) -> str:
    """Leave out the folder that the studio was started in; of files elsewhere name the folder they lie in."""
    path = Path(file)
    if path.is_relative_to(settings.BASE_DIR):
        return str(path.relative_to(settings.BASE_DIR))
    return "/".join(path.parts[-2:])
