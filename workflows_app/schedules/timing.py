"""When a schedule fires next."""

from __future__ import annotations

import random
from datetime import datetime

from workflows_app.engine.options import seconds
from workflows_app.engine.schedule import Schedule as Spec
from workflows_app.models.instants import to_datetime

MICRO = 1_000_000


def next_time(spec: Spec, moment: int) -> datetime | None:
    """Give the next time after a moment, put off by a part of the jitter; None when there is none any more."""
    found = spec.after(moment)
    delay = random.uniform(0, seconds(spec.jitter))  # noqa: S311 - it only spreads load
    return None if found is None else to_datetime(found + int(delay * MICRO))
