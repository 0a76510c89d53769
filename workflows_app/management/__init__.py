"""What can be done from the command line."""

from __future__ import annotations
