"""The Django project: configuration and the sample workflows, no logic of its own."""

from __future__ import annotations
