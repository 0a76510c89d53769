"""Sending events: which runs that wait hear of one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.short import go
from workflows_app import Engine, MemoryJournal, create_workflow
from workflows_app.errors import InvalidData, InvalidInput


class Paid(BaseModel):
    order: int


class Incomparable:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not now")

    __hash__ = object.__hash__


async def waiting(match: dict[str, Any] | None = None) -> tuple[Engine, Any]:
    workflow = create_workflow(id="wf").wait_for_event("paid", match=match)
    engine = Engine([workflow])
    run = await workflow.create_run()
    assert (await run.start()).status == "suspended"
    return engine, run


@pytest.mark.parametrize(
    ("match", "payload", "heard"),
    [
        ({"order": 1}, {"order": 1}, 1),
        ({"order": 1}, Paid(order=1), 1),
        ({"order": 1}, Paid(order=2), 0),
        ({"order": None}, {"order": None}, 1),
        ({"order": None}, {}, 0),
        ({"order": None}, None, 0),
        ({"order": {"id": 1}}, {"order": {"id": 2}}, 0),
        ({"order": 1}, {"order": 1.0}, 1),
        ({"order": 1}, {"order": True}, 0),
        ({"order": {"id": [0, {"n": 1}]}}, {"order": {"id": [0, {"n": 1}]}}, 1),
        ({"order": {"id": [0, {"n": 1}]}}, {"order": {"id": [False, {"n": 1}]}}, 0),
        (None, [1], 1),
    ],
)
def test_a_match_is_compared_with_what_was_sent(match: Any, payload: Any, heard: int) -> None:
    async def scenario() -> None:
        engine, _ = await waiting(match)
        assert await engine.send_event("paid", payload) == heard

    go(scenario())


def test_a_match_that_is_sent_beside_the_payload_counts_first() -> None:
    async def scenario() -> None:
        engine, _ = await waiting({"order": 1})
        assert await engine.send_event("paid", {"order": 1}, match={"order": 2}) == 0
        assert await engine.send_event("paid", 5, match={"order": 1}) == 1

    go(scenario())


@pytest.mark.parametrize("sent", [{"payload": {"order": Incomparable()}}, {"match": {"order": Incomparable()}}])
def test_what_is_no_json_is_refused_and_the_run_waits_on(sent: Any) -> None:
    async def scenario() -> None:
        engine, run = await waiting({"order": 1})
        with pytest.raises(InvalidData):
            await engine.send_event("paid", **sent)
        assert (await run.resume(resume_data={"order": 1})).status == "success"

    go(scenario())


def test_a_run_that_cannot_go_on_keeps_no_event_from_the_others() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        workflow = create_workflow(id="wf").wait_for_event("paid")
        engine = Engine([workflow], journal=journal)
        runs = [await workflow.create_run() for _ in range(3)]
        for run in runs:
            await run.start()
        kind, version, at, path, by, _ = journal.rows[runs[0].run_id].events[1]
        journal.rows[runs[0].run_id].events[1] = (kind, version, at, path, by, '{"input":')
        assert await engine.send_event("paid", 5) == 2
        assert [head.status for head in [await engine.head(run.run_id) for run in runs]] == [
            "suspended", "success", "success",
        ]  # fmt: skip

    go(scenario())


def test_an_event_may_be_for_some_workflows_only() -> None:
    async def scenario() -> None:
        engine, _ = await waiting()
        assert await engine.send_event("paid", 5, among=lambda workflow_id: workflow_id != "wf") == 0
        assert await engine.send_event("paid", 5, among=lambda workflow_id: workflow_id == "wf") == 1

    go(scenario())


def test_a_payload_that_one_wait_refuses_wakes_no_other() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        loose = create_workflow(id="loose").wait_for_event("paid")
        typed = create_workflow(id="typed").wait_for_event("paid", schema=Paid)
        other = create_workflow(id="other").wait_for_event("sent", schema=int)
        engine = Engine([loose, typed, other], journal=journal)
        runs = [await workflow.create_run() for workflow in (loose, typed, other)]
        for run in runs:
            await run.start()
        with pytest.raises(InvalidInput, match="order"):
            await engine.send_event("paid", {"order": "x"})
        assert [(await engine.head(run.run_id)).status for run in runs] == ["suspended"] * 3
        assert await engine.send_event("paid", {"order": "x"}, among=lambda workflow_id: workflow_id == "loose") == 1
        assert await engine.send_event("paid", {"order": 7}) == 1

    go(scenario())
