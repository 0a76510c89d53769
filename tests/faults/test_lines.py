"""The live lane of open pages: whatever is cut, killed or silent, a page misses nothing and sees nothing twice."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RedisServer
from tests.line import Line
from tests.process import StudioProcess
from workflows_app.invariants import decoded, read
from workflows_app.web.live.frames import Picture

from .conftest import ALIAS, PATIENCE, Site, kill, paced

LONGEST = 2.0
BREAKS = 50


class Page:
    """An open page of a run, which loses its line now and then and comes again."""

    def __init__(self, addresses: list[str], run_id: str, chance: random.Random, longest: float = LONGEST) -> None:
        self.addresses, self.run_id, self.chance = addresses, run_id, chance
        self.longest = longest
        self.cursor = 0
        self.shown: dict[str, str] = {}
        self.faults: list[str] = []
        self.lines = 0

    async def follow(self, last: asyncio.Future[int]) -> None:
        """Watch until the page shows the run's last event."""
        while not (last.done() and self.cursor >= last.result()):
            asked = time.monotonic()
            try:
                line = await Line.open(
                    self.chance.choice(self.addresses), f"/ws/runs/{self.run_id}/?after={self.cursor}"
                )
            except (OSError, EOFError, TimeoutError):
                await asyncio.sleep(0.1)
                continue
            self.lines += 1
            # It stays for as long as it had to wait: a machine with much to do shall not hear of nothing but comings.
            stay = self.chance.uniform(0.2, self.longest) + time.monotonic() - asked
            try:
                async with asyncio.timeout(stay):
                    await self.watch(line)
            except TimeoutError:
                pass
            finally:
                line.hang_up()

    async def watch(self, line: Line) -> None:
        parts: list[Any] = []
        async for frame in line.frames():
            if "part" in frame:
                parts += frame["part"]
                continue
            if "e" in frame:
                if frame["seq"] <= self.cursor:
                    self.faults.append(f"{frame['seq']} again, at {self.cursor}")
                self.shown |= {delta[1]: delta[2] for delta in [*parts, *frame["e"]]}
                parts = []
            elif frame["seq"] < self.cursor:
                self.faults.append(f"back to {frame['seq']} from {self.cursor}")
            self.cursor = frame["seq"]


def picture_of(run_id: str) -> dict[str, str]:
    """Say what a page must show in the end."""
    picture = Picture()
    for event in decoded(read(run_id, ALIAS).rows)[0]:
        picture.apply(event)
    return {delta[1]: delta[2] for frame in picture.since(0) for delta in (*frame.get("part", ()), *frame.get("e", ()))}


def test_a_page_misses_nothing_though_lines_break_and_a_studio_dies(site: Site, seed: int, is_long: bool) -> None:
    chance = random.Random(seed)
    studios = [site.start(), site.start()]
    run_ids = [site.visit(studios[0]).start("long") for _ in range(2)]
    addresses = [studio.address for studio in studios]
    count = 1000 if is_long else 24
    # However many pages there are, so many lines break in a second: coming again is the dearest thing a page does.
    longest = max(LONGEST, 2 * count / BREAKS)
    pages = [Page(addresses, run_ids[n % 2], random.Random(chance.random()), longest) for n in range(count)]

    async def watch() -> None:
        lasts = {run_id: asyncio.get_running_loop().create_future() for run_id in run_ids}
        watching = [asyncio.create_task(page.follow(lasts[page.run_id])) for page in pages]
        async with asyncio.timeout(60 + count / 4):
            while sum(page.lines for page in pages) < count:
                await asyncio.sleep(0.1)
        await asyncio.to_thread(kill, studios[0])
        for run_id in run_ids:
            lasts[run_id].set_result(await asyncio.to_thread(ended, site, run_id))
        async with asyncio.timeout(60 + count / 4):
            await asyncio.gather(*watching)

    asyncio.run(watch())
    assert [page.faults for page in pages if page.faults] == []
    expected = {run_id: picture_of(run_id) for run_id in run_ids}
    assert all(page.shown == expected[page.run_id] for page in pages)
    assert sum(page.lines for page in pages) > len(pages)
    assert site.violations() == []


def ended(site: Site, run_id: str) -> int:
    """Wait for a run's end; give the number of its last event."""
    site.until_end(run_id, seconds=60)
    return site.run(run_id).seq


def memory(studio: StudioProcess) -> int:
    """Read how many KiB of memory a studio holds."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{studio.process.pid}/status").read_text())
    assert found is not None
    return int(found[1])


@pytest.fixture
def doorbell(tmp_path: Path) -> Iterator[RedisServer]:
    """Give a Redis that a test may kill."""
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.kill()


async def hears_of_the_end(line: Line, site: Site, studio: StudioProcess, run_id: str) -> bool:
    """Answer the question of a run in a studio, and tell whether a page hears of the end."""
    await asyncio.to_thread(site.visit(studio).answer, run_id, "ask")
    last = await asyncio.to_thread(ended, site, run_id)
    async with asyncio.timeout(PATIENCE):
        async for frame in line.frames():
            if frame.get("seq") == last:
                return True
    return False


def test_without_redis_news_are_late_and_nothing_else_is_lost(site: Site, doorbell: RedisServer) -> None:
    redis = {"STUDIO_REDIS": doorbell.address}
    there, here = (site.start(**redis) for _ in range(2))
    # Its pages hear of nothing but by the bell.
    deaf = site.start(**redis, **paced(poll=3600))
    run_ids = [site.visit(there).start("question") for _ in range(3)]
    for run_id in run_ids:
        site.until_status(run_id, "suspended")

    async def watch() -> None:
        rung = await Line.open(deaf.address, f"/ws/runs/{run_ids[0]}/")
        polled = await Line.open(here.address, f"/ws/runs/{run_ids[1]}/")
        assert await hears_of_the_end(rung, site, there, run_ids[0])
        doorbell.kill()
        assert await hears_of_the_end(polled, site, there, run_ids[1])
        fresh = await Line.open(here.address, f"/ws/runs/{run_ids[2]}/")
        assert await hears_of_the_end(fresh, site, there, run_ids[2])
        doorbell.start()
        for line in (rung, polled, fresh):
            line.hang_up()

    asyncio.run(watch())
    assert {site.run(run_id).status for run_id in run_ids} == {"success"}
    assert site.violations() == []


def test_pages_that_do_not_read_cost_little_memory_and_nobody_else_anything(site: Site) -> None:
    studio = site.start()
    run_id = site.visit(studio).start("talk")

    async def listen() -> int:
        deaf = [await Line.open(studio.address, f"/ws/runs/{run_id}/", room=4096) for _ in range(20)]
        before = memory(studio)
        over = asyncio.get_running_loop().create_future()
        over.set_result(await asyncio.to_thread(ended, site, run_id))
        grown = memory(studio) - before
        page = Page([studio.address], run_id, random.Random(1))
        async with asyncio.timeout(60):
            await page.follow(over)
        for line in deaf:
            line.hang_up()
        return grown

    assert asyncio.run(listen()) < 50_000
    assert site.violations() == []
