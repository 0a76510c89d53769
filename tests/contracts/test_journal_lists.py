"""Listing runs, in every journal."""

from __future__ import annotations

import pytest

from tests.contracts.examples import NOW, head, turn
from workflows_app.engine.ports import Journal, Query


async def test_runs_are_listed_newest_first_and_paged(journal: Journal) -> None:
    for n in (2, 0, 3, 1, 4):
        await journal.create(head(f"r{n}", created_at=NOW + n))
    everything = await journal.list_runs(Query())
    assert [each.id for each in everything.heads] == ["r4", "r3", "r2", "r1", "r0"]
    pages = [await journal.list_runs(Query(page=page, per_page=2)) for page in (None, 0, 1, 2, 3)]
    ids = [[each.id for each in page.heads] for page in pages]
    assert ids == [["r4", "r3"], ["r4", "r3"], ["r2", "r1"], ["r0"], []]
    assert {page.total for page in pages} == {5}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(workflow_id="w"), ["c", "a"]),
        (Query(status=("pending",)), ["c", "b"]),
        (Query(status=("pending", "running")), ["c", "b", "a"]),
        (Query(workflow_id="w", status=("running",)), ["a"]),
        (Query(resource_id="res"), ["b"]),
        (Query(from_date=NOW + 1), ["c", "b"]),
        (Query(to_date=NOW + 1), ["b", "a"]),
        (Query(from_date=NOW + 1, to_date=NOW + 1), ["b"]),
        (Query(workflow_id="none", per_page=2), []),
        (Query(tags=("eu",)), ["b"]),
        (Query(tags=("eu", 'a "b"')), ["b"]),
        (Query(tags=("EU",)), []),
        (Query(tags=("eu", "us")), []),
    ],
)
async def test_runs_are_filtered(journal: Journal, query: Query, found: list[str]) -> None:
    await journal.create(head("a"))
    await journal.create(head("b", workflow_id="v", resource_id="res", created_at=NOW + 1, tags=("eu", 'a "b"')))
    await journal.create(head("c", created_at=NOW + 2))
    await journal.commit(turn("a"), "me")
    page = await journal.list_runs(query)
    assert [each.id for each in page.heads] == found
    assert page.total == len(found)


async def test_a_listed_head_is_the_one_that_is_read(journal: Journal) -> None:
    await journal.create(head(tags=("x",), resource_id="res"))
    await journal.commit(turn(started_at=NOW, finished_at=NOW + 3), "me")
    page = await journal.list_runs(Query())
    assert list(page.heads) == [await journal.head("r")]


async def test_runs_of_another_graph_and_blocked_ones_are_found(journal: Journal) -> None:
    for name, fingerprint in (("same", "new"), ("blocked", "new"), ("other", "old")):
        await journal.create(head(name, fingerprint=fingerprint))
    await journal.block("blocked", "It lacks a step.")
    page = await journal.list_runs(Query(changed_from="new"))
    assert sorted(each.id for each in page.heads) == ["blocked", "other"]
