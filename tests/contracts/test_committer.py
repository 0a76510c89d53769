"""Which turns share a transaction, on a writer that only takes notes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.contracts.examples import head
from workflows_app.adapters.committer import LoopCommitter
from workflows_app.adapters.rows import Answer, Creation, Item
from workflows_app.adapters.writer import Passing


class Notes:
    """A writer that notes its groups, and now and then cannot write."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.refusals = 0

    def write(self, items: Sequence[Item]) -> list[Answer]:
        if self.refusals:
            self.refusals -= 1
            raise Passing("locked")
        self.groups.append([item.run_id for item in items])
        return [True for _ in items]

    def close(self) -> None:
        """Have nothing to close."""


def item(run_id: str) -> Creation:
    return Creation(head(run_id))


async def test_who_writes_alone_is_answered_at_once() -> None:
    notes = Notes()
    committer = LoopCommitter(notes)
    rounds: list[int] = []
    asyncio.get_running_loop().call_soon(rounds.append, 1)
    assert await committer.submit(item("a"))
    assert not rounds
    for _ in range(3):
        await asyncio.sleep(0)
        assert await committer.submit(item("a"))
    assert notes.groups == [["a"]] * 4


async def test_who_writes_in_company_shares_from_the_second_round_on() -> None:
    notes = Notes()
    committer = LoopCommitter(notes)

    async def write(run_id: str) -> None:
        for _ in range(3):
            assert await committer.submit(item(run_id))

    await asyncio.gather(*[write(run_id) for run_id in "abc"])
    # Nobody knew of the others when the first came; it goes on alone until it falls in step with them.
    assert sorted("".join(map("".join, notes.groups))) == [*"aaabbbccc"]
    assert len(notes.groups) <= 5
    assert ["a", "b", "c"] in notes.groups


async def test_what_could_not_be_written_at_once_is_tried_again() -> None:
    notes = Notes()
    notes.refusals = 2
    assert await LoopCommitter(notes).submit(item("a"))
    assert notes.groups == [["a"]]
