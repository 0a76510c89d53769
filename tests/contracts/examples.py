"""Runs, turns and events that the contract tests are made of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from workflows_app.engine import events as e
from workflows_app.engine.events import SECOND, Event
from workflows_app.engine.outcomes import Call, Wait
from workflows_app.engine.ports import Journal, OpenCall, RunHead, Turn
from workflows_app.engine.schema import Value

NOW = 1_700_000_000 * SECOND
LEASE = 30.0
ONE = Value.of({"n": 1})
LARGE = Value.of({"text": "lorem ipsum " * 5_000})

EVERY_EVENT: tuple[Event, ...] = (
    e.RunStarted(NOW, ONE, state=ONE, context=ONE, fingerprint="f", budget=3, by="ann"),
    e.StepStarted(NOW + 1, "a", 1, input=ONE),
    e.StepOutput(NOW + 2, "a", 1, Value.of([{"output": 1}])),
    e.StepSucceeded(NOW + 3, "a", 1, output=ONE, state=ONE, context=ONE, bailed=True),
    e.StepFailed(NOW + 4, "b[2].c", 1, {"name": "ValueError", "message": "no"}, final=False, retry_at=NOW + 9),
    e.StepLost(NOW + 5, "b", 2),
    e.StepSuspended(
        NOW + 6,
        "c",
        1,
        payload=ONE,
        labels=("yes", "no"),
        title="Well?",
        due=NOW,
        assign_to="bo",
        approvals=2,
        allow_requester=False,
        on_due=({"do": "remind", "after": 1.0},),
        body="**Well**?",
        priority="low",
        groups=("law", "sales"),
    ),
    e.StepVoted(NOW + 6, "c", ONE, by="al", groups=("law",)),
    e.StepEscalated(NOW + 6, "c", "assign", to="all"),
    e.StepResumed(NOW + 7, "c", ONE, context=ONE, budget=1, by="bo"),
    e.StepSkipped(NOW + 8, "d", ONE),
    e.StepCanceled(NOW + 9, "d"),
    e.TimerStarted(NOW + 10, "t", NOW + 20, ONE),
    e.TimerFired(NOW + 11, "t"),
    e.RunPaused(NOW + 12),
    e.BreakpointsSet(NOW + 12, ("d", "b.c"), by="ann"),
    e.RunMigrated(NOW + 13, fingerprint="5678efgh", by="ann"),
    e.RunUnpaused(NOW + 13, budget=1, by="ann"),
    e.RunSuspended(NOW + 14),
    e.RunRestarted(NOW + 15, lost=("a", "b"), context=ONE, by="ann"),
    e.RunRewound(NOW + 16, "a", forget=("a", "b"), assume=ONE, input=ONE, resume=ONE, state=ONE, by="ann"),
    e.RunCancelled(NOW + 17, reason="enough", by="ann"),
    e.RunFinished(NOW + 18, "success", result=ONE, error={"name": "E", "message": "m"}),
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def head(run_id: str = "r", **columns: Any) -> RunHead:
    return RunHead(run_id, **{"workflow_id": "w", "created_at": NOW, "updated_at": NOW, **columns})


def turn(run_id: str = "r", at_seq: int = 0, *happened: Event, **columns: Any) -> Turn:
    events = happened or (e.StepStarted(NOW, "a", 1, input=ONE),)
    streams = tuple(range(at_seq + 1, at_seq + 1 + len(events)))
    named = {"status": "running", "stream": at_seq + len(events), "at": NOW, **columns}
    return Turn(run_id, at_seq, events, streams, **named)


def call(path: str, attempt: int = 1) -> Call:
    return Call(path, attempt, None, None)


async def history(journal: Journal, run_id: str = "r") -> list[Event]:
    stored = await journal.read(run_id)
    assert stored is not None
    assert stored.head.seq == len(stored.events)
    return list(stored.events)


async def blocked_reason(journal: Journal) -> str | None:
    found = await journal.head("r")
    assert found is not None
    return found.blocked_reason


async def open_calls(journal: Journal, run_id: str = "r") -> list[OpenCall]:
    return sorted(await journal.claims(run_id), key=lambda each: each.path)


async def open_waits(journal: Journal, *waits: Wait, run_id: str = "r", worker: str = "me") -> None:
    await journal.create(head(run_id))
    assert await journal.commit(turn(run_id, opened=waits), worker)
