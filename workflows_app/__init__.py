"""Durable workflows for Django. Workflow authors import everything they need from here."""

from __future__ import annotations

from .engine import *  # noqa: F403
from .engine import __all__ as __all__
