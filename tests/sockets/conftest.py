"""Sockets are tested against the same running studio as pages."""

from __future__ import annotations

from tests.web.conftest import studio

__all__ = ["studio"]
