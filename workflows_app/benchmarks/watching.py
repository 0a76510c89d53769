"""W9: a run of about 500 events a second, with one browser or many on it: from an event to what pages show.

The server is `manage.py studio` in a process of its own, on the same database. The clock starts with the instant
that an event carries, which is a little before its commit, and ends when the page of a real browser has changed,
or for the crowd when the message has arrived. Every beginning and end of an item shall be heard once.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles

import httpx
from django.conf import settings

from .bench import FLOWS, Bench, Case, Figures, check
from .browsers import News, watching

BROWSERS = (1, 100, 1000)
BEATS = 1_000
FILES = 8_192
PATIENCE = 300.0


def measure(browsers: int, bench: Bench) -> Figures:
    allow_sockets()
    with studio(bench) as address:
        heard = asyncio.run(watched(address, browsers))
    wanted = {(f"beat[{index}]", op) for index in range(BEATS) for op in "oc"}
    cuts = quantiles((one.late for news in heard for one in news), n=20)
    return {
        "ms_p50": cuts[9], "ms_p95": cuts[18],
        "lost": sum(len(wanted - facts(news)) for news in heard),
        "doubled": sum(len(news) - len(facts(news)) for news in heard),
    }  # fmt: skip


def facts(news: Sequence[News]) -> set[tuple[str, str]]:
    return {(one.path, one.op) for one in news}


async def watched(address: str, browsers: int, beats: int = BEATS) -> list[list[News]]:
    """Perform a run while browsers look at it, and give what each was told."""
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        made = await client.post("/api/workflows/beats/create-run", json={})
        run = {"runId": made.raise_for_status().json()["runId"]}
        async with watching(address, run["runId"], browsers) as heard:
            given = {"inputData": [{"n": 0}] * beats}
            done = await client.post("/api/workflows/beats/start-async", params=run, json=given)
            check(done.raise_for_status().json()["status"], "success")
        return heard


@contextmanager
def studio(bench: Bench) -> Iterator[str]:
    """Serve the database in a process of its own; give its address."""
    kept = {name: value for name, value in os.environ.items() if name not in ("STUDIO_DATABASE", "DATABASE_URL")}
    environment = {**kept, "STUDIO_DURABILITY": bench.durability, "PYTHONUNBUFFERED": "1"}
    where = bench.database
    if where["ENGINE"].endswith("postgresql"):
        secret = f"{where['USER']}:{where['PASSWORD']}@" if where["USER"] else ""
        environment["STUDIO_DATABASE"] = f"postgresql://{secret}{where['HOST']}:{where['PORT']}/{where['NAME']}"
    else:
        environment["STUDIO_DATA_DIR"] = str(Path(where["NAME"]).parent)
    command = [sys.executable, "manage.py", "studio", "--no-browser", "--port", "0", "--workflows", FLOWS]
    process = subprocess.Popen(  # noqa: S603 - ours alone
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield address_of(process)
    finally:
        process.terminate()
        process.communicate()


def address_of(process: subprocess.Popen[str]) -> str:
    """Read where the studio says that it runs. Raises: RuntimeError when it does not start"""
    said = []
    for line in process.stdout or ():
        said.append(line)
        if found := re.search(r"http://[^\s/]+", line):
            return found[0]
    raise RuntimeError(f"The studio did not start. It said: {''.join(said)}")


def allow_sockets() -> None:
    """Let this process and those it starts open as many sockets as there are browsers."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


CASES = [Case(partial(measure, browsers), {"browsers": browsers}) for browsers in BROWSERS]
