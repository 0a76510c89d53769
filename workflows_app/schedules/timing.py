"""When a schedule fires next."""

from __future__ import annotations

import random
from datetime import datetime

from workflows_app.engine.options import seconds
from workflows_app.engine.schedule import Schedule as Spec
from workflows_app.models.instants import to_datetime

MICRO = 1_000_000


def next_time(spec: Spec, moment: int) -> datetime | None:
    """Give the next time after a moment, put off by a part of the jitter; None when there is none any more.

    It is not put off beyond the time that follows, which would be left out.
    """
    found = spec.after(moment)
    if found is None:
        return None
    room = int(seconds(spec.jitter) * MICRO)
    if room and (following := spec.after(found)) is not None:
        room = min(room, following - found)
    return to_datetime(found + random.randrange(max(room, 1)))  # noqa: S311 - it only spreads load
