"""What every journal does, whatever it keeps its runs in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.contracts.examples import (
    EVERY_EVENT,
    LARGE,
    LEASE,
    NOW,
    ONE,
    blocked_reason,
    call,
    head,
    history,
    json_values,
    open_calls,
    open_waits,
    turn,
)  # fmt: skip
from workflows_app.engine import events as e
from workflows_app.engine.errors import RunNotFound
from workflows_app.engine.events import SECOND
from workflows_app.engine.outcomes import Call, Suspension, Timer
from workflows_app.engine.ports import Journal, OpenCall, Query
from workflows_app.engine.schema import Value


async def test_a_created_run_is_read_as_it_was_given(journal: Journal) -> None:
    given_head = head(
        resource_id="res", idempotency_key="key", tags=("a", "b, c"), fingerprint="f", forked_from="q",
        started_by="ann", blocked_reason="changed",
    )  # fmt: skip
    assert await journal.create(given_head) == given_head
    assert await journal.head("r") == given_head
    stored = await journal.read("r")
    assert stored is not None
    assert stored.head == given_head
    assert list(stored.events) == []


async def test_there_is_no_run_that_was_not_created(journal: Journal) -> None:
    assert await journal.head("r") is None
    assert await journal.read("r") is None
    with pytest.raises(RunNotFound):
        await journal.commit(turn(), "me")


async def test_creating_twice_gives_the_first_run(journal: Journal) -> None:
    first = await journal.create(head())
    assert await journal.create(head(created_at=NOW + 5)) == first


async def test_a_taken_id_gives_the_run_that_has_it(journal: Journal) -> None:
    first = await journal.create(head())
    assert await journal.create(head(workflow_id="other")) == first


async def test_an_idempotency_key_gives_the_run_that_was_made_with_it(journal: Journal) -> None:
    first = await journal.create(head("first", idempotency_key="k"))
    assert await journal.create(head("second", idempotency_key="k")) == first
    assert await journal.head("second") is None


async def test_an_idempotency_key_belongs_to_one_workflow(journal: Journal) -> None:
    await journal.create(head("first", idempotency_key="k"))
    other = head("second", idempotency_key="k", workflow_id="other")
    assert await journal.create(other) == other


async def test_of_many_creations_at_once_one_wins(journal: Journal) -> None:
    heads = [head(f"r{n}", idempotency_key="k") for n in range(20)]
    given_back = await asyncio.gather(*[journal.create(each) for each in heads])
    assert len({each.id for each in given_back}) == 1
    assert (await journal.list_runs(Query())).total == 1


async def test_a_turn_moves_its_run_on(journal: Journal) -> None:
    before = await journal.create(head(started_by="ann"))
    moved = turn(
        "r", 0, *EVERY_EVENT, stream=40, at=NOW + 20, status="failed", error="boom", fingerprint="f2",
        started_at=NOW + 1, finished_at=NOW + 2,
    )  # fmt: skip
    assert await journal.commit(moved, "me")
    assert await journal.head("r") == before.after(moved)
    later = turn("r", moved.seq, started_by="bo", status="success")
    assert await journal.commit(later, "me")
    assert await journal.head("r") == before.after(moved).after(later)


def test_every_kind_of_event_is_among_the_examples() -> None:
    assert {type(event) for event in EVERY_EVENT} == set(e.KINDS.values())


async def test_events_come_back_equal_and_in_order(journal: Journal) -> None:
    await journal.create(head())
    assert await journal.commit(turn("r", 0, *EVERY_EVENT[:5]), "me")
    assert await journal.commit(turn("r", 5, *EVERY_EVENT[5:]), "me")
    assert await history(journal) == list(EVERY_EVENT)


async def test_events_are_read_from_a_seq_on(journal: Journal) -> None:
    await journal.create(head())
    await journal.commit(turn("r", 0, *EVERY_EVENT), "me")
    stored = await journal.read("r", after=15)
    assert stored is not None
    assert stored.head.seq == len(EVERY_EVENT)
    assert tuple(stored.events) == EVERY_EVENT[15:]


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(json_values, min_size=1, max_size=5), error=json_values)
def test_any_json_comes_back_the_same(journal: Journal, data: list[Any], error: Any) -> None:
    async def scenario() -> None:
        await journal.delete("r")
        await journal.create(head())
        values = [Value.of(each) for each in data]
        happened = [e.StepSucceeded(NOW, f"s{n}", 1, output=value) for n, value in enumerate(values)]
        failed = e.StepFailed(NOW, "s", 1, {"details": error})
        assert await journal.commit(turn("r", 0, *happened, failed), "me")
        read = await history(journal)
        assert [event.output.data for event in read if isinstance(event, e.StepSucceeded)] == data
        assert read[-1] == failed

    asyncio.run(scenario())


async def test_of_two_turns_on_the_same_seq_one_wins_and_the_other_leaves_nothing(journal: Journal) -> None:
    await open_waits(journal, call("a"))
    mine = turn("r", 1, e.StepLost(NOW, "a", 1), opened=(call("mine"),), closed=((Call, "a"),))
    theirs = turn("r", 1, e.StepLost(NOW, "a", 9), opened=(call("theirs"),), closed=((Call, "a"),), status="paused")
    answers = await asyncio.gather(journal.commit(mine, "me"), journal.commit(theirs, "them"))
    assert sorted(answers) == [False, True]
    winner, path, worker = (mine, "mine", "me") if answers[0] else (theirs, "theirs", "them")
    assert (await history(journal))[1:] == list(winner.events)
    assert await open_calls(journal) == [OpenCall("r", path, 1, worker)]
    after = await journal.head("r")
    assert after is not None
    assert after.status == winner.status


@pytest.mark.parametrize("seq", [1, 3])
async def test_a_turn_that_is_behind_or_ahead_is_refused(journal: Journal, seq: int) -> None:
    await journal.create(head())
    await journal.commit(turn("r", 0, *EVERY_EVENT[:2]), "me")
    assert not await journal.commit(turn("r", seq, opened=(call("b"),)), "me")
    assert await history(journal) == list(EVERY_EVENT[:2])
    assert await open_calls(journal) == []


async def test_large_values_come_back(journal: Journal) -> None:
    await journal.create(head())
    large = Value.of(LARGE.data)
    happened = (e.StepSucceeded(NOW, "a", 1, output=large), e.StepStarted(NOW, "b", 1, input=large))
    await journal.commit(turn("r", 0, *happened), "me")
    output, started = await history(journal)
    assert isinstance(output, e.StepSucceeded)
    assert isinstance(started, e.StepStarted)
    assert output.output.data == LARGE.data
    assert started.input is not None
    assert started.input.data == LARGE.data
    assert output.output.size == LARGE.size


async def test_large_values_can_be_filled_in_later(journal: Journal) -> None:
    await journal.create(head())
    await journal.commit(turn("r", 0, e.StepSucceeded(NOW, "a", 1, output=Value.of(LARGE.data))), "me")
    stored = await journal.read("r", resolve=False)
    assert stored is not None
    (event,) = stored.events
    assert isinstance(event, e.StepSucceeded)
    await journal.resolve("r", [event.output, ONE, event.output])
    assert event.output.data == LARGE.data


async def test_a_large_value_is_written_to_every_run_that_has_it(journal: Journal) -> None:
    large = Value.of(LARGE.data)
    for run_id in ("r", "s"):
        await journal.create(head(run_id))
        await journal.commit(turn(run_id, 0, e.StepSucceeded(NOW, "a", 1, output=large)), "me")
    await journal.delete("r")
    (event,) = await history(journal, "s")
    assert isinstance(event, e.StepSucceeded)
    assert event.output.data == LARGE.data


async def test_opened_calls_are_claimed_by_who_opens_them(journal: Journal) -> None:
    await open_waits(journal, call("b", 2), call("a"), Timer("t", NOW), Suspension("s", 1))
    assert await open_calls(journal) == [OpenCall("r", "a", 1, "me"), OpenCall("r", "b", 2, "me")]


async def test_closed_waits_are_gone(journal: Journal) -> None:
    await open_waits(journal, call("a"), call("b"), Timer("t", NOW), Suspension("s", 1, "paid"))
    assert await journal.commit(turn("r", 1, closed=((Call, "a"), (Timer, "t"), (Suspension, "s"))), "me")
    assert await open_calls(journal) == [OpenCall("r", "b", 1, "me")]
    assert await journal.due(NOW) == []
    assert await journal.awaiting("paid") == []


async def test_a_call_opened_again_is_the_next_attempt_of_its_new_worker(journal: Journal) -> None:
    await open_waits(journal, call("a"), call("b"))
    again = turn("r", 1, closed=((Call, "a"),), opened=(call("a", 2), call("b", 5)))
    assert await journal.commit(again, "other")
    assert await open_calls(journal) == [OpenCall("r", "a", 2, "other"), OpenCall("r", "b", 5, "other")]


async def test_closing_one_kind_of_wait_spares_the_others_on_its_path(journal: Journal) -> None:
    await open_waits(journal, Suspension("s", 1, "paid"), Timer("s", NOW))
    assert await journal.commit(turn("r", 1, closed=((Timer, "s"),)), "me")
    assert await journal.due(NOW) == []
    assert await journal.awaiting("paid") == ["r"]


async def test_a_call_may_give_way_to_a_timer_on_its_path(journal: Journal) -> None:
    await open_waits(journal, call("a"))
    assert await journal.commit(turn("r", 1, closed=((Call, "a"),), opened=(Timer("a", NOW),)), "me")
    assert await open_calls(journal) == []
    assert await journal.due(NOW) == [("r", "a")]


async def test_timers_are_due_when_their_instant_has_come(journal: Journal) -> None:
    await open_waits(journal, Timer("late", NOW + 2), Timer("soon", NOW + 1), Timer("never", NOW + 99))
    assert await journal.due(NOW) == []
    assert await journal.due(NOW + 1) == [("r", "soon")]
    assert sorted(await journal.due(NOW + 2)) == [("r", "late"), ("r", "soon")]


async def test_an_event_is_awaited_where_a_suspension_names_it(journal: Journal) -> None:
    both = (Suspension("s", 1, "paid"), Timer("s", NOW), Suspension("t", 1, "paid"), Suspension("u", 1))
    await open_waits(journal, *both, run_id="a")
    await open_waits(journal, Suspension("s", 1, "sent"), run_id="b")
    assert await journal.awaiting("paid") == ["a"]
    assert await journal.awaiting("sent") == ["b"]
    assert await journal.due(NOW) == [("a", "s")]


async def test_calls_of_a_worker_that_is_heard_of_are_not_lost(journal: Journal) -> None:
    await open_waits(journal, call("a"))
    await journal.heartbeat("me", NOW)
    await journal.heartbeat("me", NOW + 100 * SECOND)
    assert await journal.lost(NOW + 120 * SECOND, LEASE) == []
    assert await journal.is_alive("me", NOW + 120 * SECOND, LEASE)


async def test_calls_of_a_silent_worker_are_lost_after_the_lease(journal: Journal) -> None:
    await journal.heartbeat("me", NOW)
    await open_waits(journal, call("a", 3), Timer("t", NOW))
    later = NOW + 31 * SECOND
    assert await journal.lost(later, LEASE) == [OpenCall("r", "a", 3, "me")]
    assert not await journal.is_alive("me", later, LEASE)


async def test_calls_of_a_worker_that_left_are_lost_at_once(journal: Journal) -> None:
    await journal.heartbeat("me", NOW)
    await open_waits(journal, call("a"))
    await journal.leave("me")
    assert await journal.lost(NOW, LEASE) == [OpenCall("r", "a", 1, "me", stopped=True)]
    assert not await journal.is_alive("me", NOW, LEASE)


async def test_calls_of_a_worker_that_never_said_a_word_are_lost_after_the_lease(journal: Journal) -> None:
    await open_waits(journal, call("a"))
    assert await journal.lost(NOW + 29 * SECOND, LEASE) == []
    assert await journal.is_alive("me", NOW + 29 * SECOND, LEASE)
    assert await journal.lost(NOW + 31 * SECOND, LEASE) == [OpenCall("r", "a", 1, "me")]
    assert not await journal.is_alive("me", NOW + 31 * SECOND, LEASE)


async def test_an_abandoned_worker_counts_as_crashed(journal: Journal) -> None:
    await journal.heartbeat("me", NOW)
    await open_waits(journal, call("a"))
    journal.abandon("me")
    await journal.heartbeat("me", NOW + 1)
    assert not await journal.is_alive("me", NOW + 1, LEASE)
    assert await journal.lost(NOW + 1, LEASE) == [OpenCall("r", "a", 1, "me")]
    assert not await journal.commit(turn("r", 1), "me")
    assert await journal.commit(turn("r", 1), "other")


async def test_many_runs_commit_side_by_side(journal: Journal) -> None:
    async def live(run_id: str) -> None:
        await journal.create(head(run_id))
        for seq in range(10):
            step = turn(
                run_id,
                seq,
                e.StepLost(NOW, run_id, seq),
                opened=(call(f"s{seq}"),),
                closed=((Call, f"s{seq - 1}"),),
            )
            assert await journal.commit(step, "me")

    run_ids = [f"r{n}" for n in range(60)]
    await asyncio.gather(*map(live, run_ids))
    for run_id in run_ids:
        assert await history(journal, run_id) == [e.StepLost(NOW, run_id, seq) for seq in range(10)]
        assert await open_calls(journal, run_id) == [OpenCall(run_id, "s9", 1, "me")]


async def test_many_turns_on_one_run_are_told_when_it_moved_on(journal: Journal) -> None:
    await journal.create(head())

    async def append(path: str) -> None:
        while True:
            now = await journal.head("r")
            assert now is not None
            if await journal.commit(turn("r", now.seq, e.StepCanceled(NOW, path)), "me"):
                return

    await asyncio.gather(*[append(f"p{n}") for n in range(12)])
    paths = [event.path for event in await history(journal) if isinstance(event, e.StepCanceled)]
    assert sorted(paths) == sorted(f"p{n}" for n in range(12))


async def test_the_next_turn_of_a_blocked_run_takes_the_note_away(journal: Journal) -> None:
    await journal.create(head())
    await journal.commit(turn(), "me")
    await journal.block("r", "It lacks a step.")
    assert await blocked_reason(journal) == "It lacks a step."
    await journal.commit(turn("r", 1), "me")
    assert await blocked_reason(journal) is None


@pytest.mark.parametrize("reason", [None, "It lacks a step."])
async def test_a_turn_that_goes_on_leaves_the_head_as_it_was(journal: Journal, reason: str | None) -> None:
    await journal.create(head())
    first = turn(fingerprint="f", started_at=NOW)
    await journal.commit(first, "me")
    await journal.block("r", reason)
    second = turn("r", 1, fingerprint="f", started_at=NOW, goes_on=True)
    assert await journal.commit(second, "me")
    assert not await journal.commit(second, "me")
    assert await journal.head("r") == head().after(first).after(second)


async def test_a_note_is_taken_away_again(journal: Journal) -> None:
    await journal.create(head())
    await journal.block("r", "It lacks a step.")
    await journal.block("r", None)
    await journal.block("unknown", "No run has this id.")
    assert await blocked_reason(journal) is None


async def test_a_deleted_run_leaves_nothing(journal: Journal) -> None:
    await open_waits(journal, call("a"), Timer("t", NOW), Suspension("s", 1, "paid"), run_id="gone")
    await open_waits(journal, call("a"), run_id="kept")
    large = e.StepSucceeded(NOW, "a", 1, output=Value.of(LARGE.data))
    await journal.commit(turn("gone", 1, large), "me")
    assert await journal.delete("gone")
    assert await journal.read("gone") is None
    assert await open_calls(journal, "gone") == []
    assert await journal.due(NOW) == []
    assert await journal.awaiting("paid") == []
    with pytest.raises(RunNotFound):
        await journal.commit(turn("gone", 2), "me")
    assert not await journal.delete("gone")
    assert len(await history(journal, "kept")) == 1
    fresh = head("gone", idempotency_key="again")
    assert await journal.create(fresh) == fresh


async def test_a_head_without_an_end_is_what_replaced_columns_say(journal: Journal) -> None:
    created = await journal.create(head())
    ended = turn("r", 0, status="success", started_at=NOW, finished_at=NOW + 1)
    reopened = turn("r", 1, status="running", started_at=NOW, finished_at=None)
    await journal.commit(ended, "me")
    await journal.commit(reopened, "me")
    expected = replace(created.after(ended), status="running", seq=2, stream=2, finished_at=None)
    assert await journal.head("r") == expected
