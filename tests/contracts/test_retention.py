"""Retention on every journal: what ended is found and deleted, and nothing that is written later brings it back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contracts.examples import NOW, call, head, history, open_calls, turn
from tests.engine.short import Stubborn
from workflows_app import Engine, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine.errors import RunNotFound
from workflows_app.engine.events import SECOND
from workflows_app.engine.outcomes import Timer
from workflows_app.engine.ports import TERMINAL, Journal

ENDS = {status: second for second, status in enumerate(TERMINAL, 1)}


async def ended(journal: Journal, run_id: str, status: str = "success", *, at: int = NOW, **columns: Any) -> None:
    await journal.create(head(run_id, **columns))
    finish = e.RunFinished(at, status)
    await journal.commit(turn(run_id, 0, finish, status=status, at=at, started_at=NOW, finished_at=at), "me")


async def test_runs_that_ended_by_an_instant_are_found(journal: Journal) -> None:
    for status, second in ENDS.items():
        await ended(journal, status, status, at=NOW + second * SECOND)
    await ended(journal, "other", workflow_id="other")
    await journal.create(head("pending"))
    for status in ("running", "waiting", "suspended", "paused"):
        await journal.create(head(status))
        await journal.commit(turn(status, status=status), "me")
    # Its calls still have a moment to return.
    await journal.create(head("winding down"))
    await journal.commit(turn("winding down", status="canceled"), "me")
    assert await journal.ended("w", NOW) == []
    assert await journal.ended("w", NOW + 2 * SECOND) == ["success", "failed"]
    assert sorted(await journal.ended("w", NOW + 9 * SECOND)) == sorted(ENDS)
    assert len(await journal.ended("w", NOW + 9 * SECOND, 2)) == 2
    assert await journal.ended("nobody", NOW + 9 * SECOND) == []


async def test_only_what_is_still_ended_is_deleted(journal: Journal) -> None:
    for status in TERMINAL:
        await ended(journal, status, status)
        assert await journal.delete(status, ended_before=NOW)
    await ended(journal, "old")
    await ended(journal, "young", at=NOW + 2)
    await ended(journal, "set back")
    back = e.RunRewound(NOW + 1, "a")
    await journal.commit(turn("set back", 1, back, status="running", opened=(call("a"), Timer("t", NOW))), "me")
    assert await journal.delete("old", ended_before=NOW)
    assert not await journal.delete("old", ended_before=NOW)
    assert not await journal.delete("young", ended_before=NOW)
    assert not await journal.delete("set back", ended_before=NOW)
    assert await journal.read("old") is None
    assert len(await history(journal, "young")) == 1
    assert len(await history(journal, "set back")) == 2
    assert len(await open_calls(journal, "set back")) == 1
    assert await journal.due(NOW) == [("set back", "t")]


async def test_of_a_deletion_and_a_turn_at_once_one_wins(journal: Journal) -> None:
    for number in range(20):
        run_id = f"r{number}"
        await ended(journal, run_id)
        back = turn(run_id, 1, e.RunRewound(NOW + 1, "a"), status="running")
        deleted, written = await asyncio.gather(
            journal.delete(run_id, ended_before=NOW), journal.commit(back, "me"), return_exceptions=True
        )
        assert (deleted, written is True) in [(True, False), (False, True)]
        assert (await journal.head(run_id) is None) is deleted


async def test_an_outcome_that_comes_late_does_not_bring_a_deleted_run_back(journal: Journal) -> None:
    stubborn = Stubborn()
    workflow = create_workflow(id="w", retention=0.001).then(stubborn.step).commit()
    worker, other = Engine([workflow], journal=journal), Engine([workflow], journal=journal, cancel_grace=0.0)
    run = await worker.get_workflow("w").create_run()
    await run.start_async()
    await stubborn.began.wait()
    await (await other.get_run(run.id)).cancel()
    while not await other.prune():
        await other.fire_due_timers()
    stubborn.end.set()
    with pytest.raises(RunNotFound):
        await run.resume(resume_data=1)
    await worker.hear_news()
    await worker.close()
    await other.close()
    assert await journal.read(run.id) is None
    assert await journal.claims(run.id) == []
    assert await journal.lost(worker.now() + 3_600 * SECOND, 1.0) == []
