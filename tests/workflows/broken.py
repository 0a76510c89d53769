"""A module that cannot be imported."""

from __future__ import annotations

raise RuntimeError("The key of the warehouse is not set <b>here</b>")
