"""Saved inputs as tests: what is expected of a run, the answers it is given, and whether it did as expected."""

from __future__ import annotations
