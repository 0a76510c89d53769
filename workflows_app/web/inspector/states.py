"""What a step did to the state of its run: each key it changed, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workflows_app.engine import events as e
from workflows_app.engine.records import Record
from workflows_app.engine.schema import Json, Value
from workflows_app.web.inspector.readings import Moment
from workflows_app.web.values.jsontree import compact

LONGEST: Final = 400
OUTCOMES: Final = (e.StepSucceeded, e.StepFailed, e.StepSuspended)


@dataclass(frozen=True, slots=True)
class Changed:
    """A key of the state; empty text where it was not there."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StateAround:
    """The state when a step began and after its newest outcome; it is as it is now while there is none."""

    changes: tuple[Changed, ...]
    after: Value
    is_over: bool


def state_around(moment: Moment, record: Record) -> StateAround:
    """Give the state before and after a step."""
    own = [(seq, event) for seq, event in moment.events_of(record.path) if event.path == record.path]
    began = next((seq for seq, event in own if isinstance(event, e.StepStarted)), 1)
    ended = next((seq for seq, event in reversed(own) if isinstance(event, OUTCOMES)), None)
    mine = {seq for seq, _ in own}
    keys = sorted({key for seq, _, patch in moment.stated() if seq in mine for key in patch.data})
    before, after = moment.state(began).data, moment.state(moment.seq if ended is None else ended)
    changes = tuple(Changed(key, said(before, key), said(after.data, key)) for key in keys)
    return StateAround(changes, after, ended is not None)


def said(state: dict[str, Json], key: str) -> str:
    text = compact(state[key]) if key in state else ""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
