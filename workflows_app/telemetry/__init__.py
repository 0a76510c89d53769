"""Spans of runs for whoever collects them: what happened is told from the journal, and sent by OpenTelemetry."""

from __future__ import annotations
