"""The errors of the product, importable by name. The tree is drawn in `workflows_app.engine.errors`."""

from __future__ import annotations

from .engine.errors import *  # noqa: F403
from .engine.errors import __all__ as __all__
