"""What is special of the journal in memory; the contract suite has the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from workflows_app import MemoryJournal
from workflows_app.engine import events as e
from workflows_app.engine.memory import SystemClock
from workflows_app.engine.outcomes import Call, Suspension, Timer
from workflows_app.engine.ports import Query, RunHead, Turn
from workflows_app.engine.schema import Value
from workflows_app.errors import RunNotFound

T = TypeVar("T")
CALL = Call("a", 1, None, None)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def turn(seq: int = 0, at: int = 5, **options: Any) -> Turn:
    events = (e.RunStarted(at, Value.of(1)),)
    return Turn("r", seq, events, (1,), "running", 1, at, **options)


async def journal_with(*turns: Turn) -> MemoryJournal:
    journal = MemoryJournal()
    await journal.create(RunHead("r", "wf"))
    for one in turns:
        assert await journal.commit(one, "me")
    return journal


def test_the_clock_never_goes_back() -> None:
    clock = SystemClock()
    times = [clock.now() for _ in range(100)]
    assert times == sorted(times)


def test_a_turn_on_an_old_number_is_refused() -> None:
    async def scenario() -> None:
        journal = await journal_with(turn())
        assert not await journal.commit(turn(), "other")
        head = await journal.head("r")
        assert head is not None
        assert (head.seq, head.status) == (1, "running")

    run(scenario())


def test_an_abandoned_worker_writes_nothing_more() -> None:
    async def scenario() -> None:
        journal = await journal_with()
        journal.abandon("me")
        assert not await journal.commit(turn(), "me")
        await journal.heartbeat("me", 10)
        assert not await journal.is_alive("me", 10, 60)

    run(scenario())


def test_a_deleted_run_cannot_be_written_to() -> None:
    async def scenario() -> None:
        journal = await journal_with()
        assert await journal.delete("r")
        assert not await journal.delete("r")
        assert await journal.read("r") is None
        assert await journal.head("r") is None
        assert await journal.claims("r") == []
        with pytest.raises(RunNotFound):
            await journal.commit(turn(), "me")

    run(scenario())


def test_waits_open_and_close() -> None:
    async def scenario() -> None:
        waits = (CALL, Timer("b", 7), Suspension("c", 1, "news"))
        journal = await journal_with(turn(opened=waits))
        assert [(c.path, c.worker) for c in await journal.claims("r")] == [("a", "me")]
        assert (await journal.due(6), await journal.due(7)) == ([], [("r", "b")])
        assert (await journal.awaiting("news"), await journal.awaiting("olds")) == (["r"], [])
        keys = tuple((type(wait), wait.path) for wait in waits)
        assert await journal.commit(turn(1, closed=keys), "me")
        assert (await journal.claims("r"), await journal.due(9), await journal.awaiting("news")) == ([], [], [])

    run(scenario())


def test_a_call_is_lost_when_its_worker_is_silent_for_the_lease() -> None:
    async def scenario() -> None:
        journal = await journal_with(turn(opened=(CALL,), at=5_000_000))
        assert await journal.lost(6_000_000, lease=2) == []
        assert [call.path for call in await journal.lost(7_000_000, lease=2)] == ["a"]
        await journal.heartbeat("me", 7_000_000)
        assert await journal.lost(7_000_000, lease=2) == []
        await journal.leave("me")
        assert len(await journal.lost(7_000_000, lease=2)) == 1

    run(scenario())


def test_a_claim_is_given_up_by_who_holds_it() -> None:
    async def scenario() -> None:
        journal = await journal_with(turn(opened=(CALL,)))
        [mine] = await journal.claims("r")
        for other in (replace(mine, worker="other"), replace(mine, run_id="gone")):
            await journal.release(other)
            assert [call.worker for call in await journal.claims("r")] == ["me"]
        await journal.release(mine)
        assert [call.worker for call in await journal.claims("r")] == [None]

    run(scenario())


def test_an_idempotency_key_gives_the_run_that_has_it() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        first = await journal.create(RunHead("1", "wf", idempotency_key="k"))
        assert await journal.create(RunHead("2", "wf", idempotency_key="k")) is first
        assert (await journal.create(RunHead("3", "other", idempotency_key="k"))).id == "3"
        assert (await journal.create(RunHead("1", "wf"))) is first

    run(scenario())


def test_events_are_read_from_a_number_on() -> None:
    async def scenario() -> None:
        journal = await journal_with(turn(), turn(1), turn(2))
        stored = await journal.read("r", after=2)
        assert stored is not None
        assert (len(stored.events), stored.head.seq) == (1, 3)

    run(scenario())


def test_runs_are_listed_newest_first_by_page_and_filter() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        for number in range(5):
            owner = "me" if number % 2 else None
            await journal.create(RunHead(str(number), "wf", created_at=number, resource_id=owner))
        await journal.create(RunHead("x", "other", created_at=9))

        async def ids(**filters: Any) -> list[str]:
            return [head.id for head in (await journal.list_runs(Query("wf", **filters))).heads]

        assert await ids() == ["4", "3", "2", "1", "0"]
        assert await ids(page=1, per_page=2) == ["2", "1"]
        assert await ids(per_page=2) == ["4", "3"]
        assert await ids(from_date=1, to_date=2) == ["2", "1"]
        assert await ids(resource_id="me") == ["3", "1"]
        assert await ids(status=("running",)) == []
        assert (await journal.list_runs(Query())).total == 6

    run(scenario())


def test_only_the_runs_that_are_there_say_how_far_they_are() -> None:
    async def scenario() -> None:
        journal = await journal_with(turn())
        assert await journal.seqs(["r", "gone"]) == {"r": 1}
        await journal.block("gone", "It lacks a step.")
        assert await journal.head("gone") is None

    run(scenario())
