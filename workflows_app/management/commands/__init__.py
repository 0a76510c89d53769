"""One module per command of `manage.py`."""

from __future__ import annotations
