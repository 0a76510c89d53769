"""The sample workflows of a fresh studio, each in a module or package; read `greeting` first."""

from __future__ import annotations
