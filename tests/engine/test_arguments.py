"""What callers may give to runs and queries: whatever is wrong is refused before anything happens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.engine.short import chain, echo, go
from workflows_app import Engine
from workflows_app.errors import InvalidInput, InvalidRequestContext, RunNotFound

HOSTILE = ["\ud800", "a\0b", "", "x" * 201, 5, b"x"]


@pytest.mark.parametrize("given", HOSTILE, ids=ascii)
@pytest.mark.parametrize("name", ["run_id", "resource_id", "idempotency_key", "tags"])
def test_a_run_is_not_made_with_a_name_that_cannot_be_stored(name: str, given: Any) -> None:
    async def scenario() -> None:
        workflow = chain(echo("a"))
        options: dict[str, Any] = {name: [given] if name == "tags" else given}
        with pytest.raises(InvalidInput):
            await workflow.create_run(**options)
        assert (await workflow.list_workflow_runs()).total == 0

    go(scenario())


@pytest.mark.parametrize("given", ["ab", 5, None, {"a": 1}])
def test_tags_are_a_list(given: Any) -> None:
    async def scenario() -> None:
        with pytest.raises(InvalidInput, match="tags"):
            await chain(echo("a")).create_run(tags=given)

    go(scenario())


@pytest.mark.parametrize("given", HOSTILE, ids=ascii)
def test_an_event_has_a_name_that_can_be_stored(given: Any) -> None:
    async def scenario() -> None:
        engine = Engine([chain(echo("a"))])
        with pytest.raises(InvalidInput, match="name"):
            await engine.send_event(given, 1)
        with pytest.raises(InvalidInput, match="match"):
            await engine.send_event("e", 1, match=given)

    go(scenario())


WRONG_FILTERS = [
    {"from_date": "2020-01-01"}, {"to_date": 5}, {"from_date": datetime(2020, 1, 1)},
    {"status": "\ud800"}, {"status": "bogus"},
    {"status": ["failed", "lost"]}, {"status": 5}, {"status": [5]}, {"resource_id": "\0"}, {"resource_id": 5},
    {"page": "x"}, {"page": -1}, {"per_page": 0}, {"page": True},
]  # fmt: skip


@pytest.mark.parametrize("filters", WRONG_FILTERS, ids=ascii)
def test_a_list_is_not_asked_for_what_there_cannot_be(filters: Any) -> None:
    async def scenario() -> None:
        with pytest.raises(InvalidInput, match="status" if "status" in filters else next(iter(filters))):
            await chain(echo("a")).list_workflow_runs(**filters)

    go(scenario())


def test_a_page_far_behind_the_last_is_empty() -> None:
    async def scenario() -> None:
        workflow = chain(echo("a"))
        await workflow.create_run(resource_id="r", tags=("x", "y"))
        page = await workflow.list_workflow_runs(
            page=10**30, per_page=10**30, from_date=datetime(2020, 1, 1, tzinfo=UTC)
        )
        assert (page.runs, page.total) == ([], 1)

    go(scenario())


@pytest.mark.parametrize("given", ["\ud800", "\0", "", 5, None])
def test_no_run_has_an_id_that_cannot_be_stored(given: Any) -> None:
    async def scenario() -> None:
        workflow = chain(echo("a"))
        engine = Engine([workflow])
        assert await workflow.get_workflow_run_by_id(given) is None
        with pytest.raises(RunNotFound):
            await engine.get_run(given)
        with pytest.raises(RunNotFound):
            await workflow.delete_workflow_run_by_id(given)

    go(scenario())


@pytest.mark.parametrize("offset", ["x", None, -1, 1.5])
def test_a_stream_is_observed_from_a_whole_number(offset: Any) -> None:
    async def scenario() -> None:
        run = await chain(echo("a")).create_run()
        with pytest.raises(InvalidInput, match="offset"):
            run.observe_stream(offset)

    go(scenario())


class Unruly:
    def __repr__(self) -> str:
        raise RuntimeError("not now")


def test_what_cannot_even_be_shown_is_refused() -> None:
    async def scenario() -> None:
        run = await chain(echo("a")).create_run()
        unruly: Any = Unruly()
        with pytest.raises(InvalidRequestContext, match="got a Unruly"):
            await run.start(input_data=1, request_context=unruly)
        assert (await run.start(input_data=1)).status == "success"

    go(scenario())
