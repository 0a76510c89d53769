"""A program that performs runs in processes which die: each is a fork of one that has loaded everything.

It is told by one JSON argument what to do and prints what it saw as one JSON line, for the tests to judge. The
parent keeps no connection and no thread, so that forking is safe; whatever touches the database is a child.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import django

from .life import LEASE, LOOK, Life, Order, create, lines, seen, serve

PATIENCE = 90.0
PR_SET_PDEATHSIG = 1


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    os.environ["STUDIO_TEST_LOG"] = order.log
    django.setup()
    print(json.dumps(ERRANDS[order.errand](order, **order.options)), flush=True)


# Children


def born(work: Callable[[], Any], out: int | None = None) -> int:
    """Start a child that does some work and ends; it dies with its parent."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        found = work()
        if out is not None:
            os.write(out, json.dumps(found).encode())
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def asked(work: Callable[[], Any]) -> Any:
    """Let a child find something out. Raises: RuntimeError when it fails"""
    return heard(*answering(work))


def answering(work: Callable[[], Any]) -> tuple[int, int]:
    """Start a child that finds something out; give its id and where it will say it."""
    reader, writer = os.pipe()
    child = born(work, writer)
    os.close(writer)
    return child, reader


def heard(child: int, reader: int) -> Any:
    """Wait for what a child says. Raises: RuntimeError when it fails"""
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    if not text:
        raise RuntimeError("a child failed; what it printed says why")
    return json.loads(text)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# Errands


def sweep(order: Order, points: list[int], kind: str) -> list[dict[str, Any]]:
    """For each point let a process die there, let another one go on, and say what became of the run."""
    return [fallen(order, point, kind) for point in points]


def fallen(order: Order, point: int, kind: str) -> dict[str, Any]:
    """Perform one run whose first process dies at a point."""
    begun_before = len(lines(order.log))
    (run_id,) = run_ids = asked(partial(create, order, 1))
    first = born(partial(serve, order, partial(STROKES[kind], point=point)))
    _, status = os.waitpid(first, 0)
    died = os.WIFSIGNALED(status)
    between = asked(partial(seen, order, run_ids))
    bodies = lines(order.log)[begun_before:]
    told = lines(f"{order.log}.told")
    os.waitpid(born(partial(serve, order)), 0)
    end = asked(partial(seen, order, run_ids))
    later = lines(order.log)[begun_before + len(bodies) :]
    return {
        "point": point, "died": died, "open": end["open"], "wrong": between["wrong"] + end["wrong"],
        "again": sorted(set(later) & set(between["done"])), "bodies": len(bodies) + len(later),
        "unkept": sorted({line for line in told if run_id in line} - set(between["told"])),
    }  # fmt: skip


def at_write(journal: Any, point: int) -> None:
    """Die before (even) or after (odd) a write of the journal."""
    writer = journal._committer._writer
    write, count = writer.write, iter(range(10_000))

    def mortal(items: Any) -> Any:
        number = next(count)
        if 2 * number == point:
            die()
        answers = write(items)
        if 2 * number + 1 == point:
            die()
        return answers

    writer.write = mortal


def at_statement(journal: Any, point: int) -> None:
    """Die before a statement of the journal's connection to SQLite."""
    writer = journal._committer._writer
    opened, count = writer._open, iter(range(100_000))

    def watched() -> Any:
        cursor = opened()
        cursor.connection.set_trace_callback(lambda statement: die() if next(count) == point else None)
        return cursor

    writer._open = watched


STROKES = {"write": at_write, "statement": at_statement}


def storm(
    order: Order, runs: int, workers: int, seed: int, strokes: int, faults: Sequence[list[str]] = ()
) -> dict[str, Any]:
    """Let several processes perform many runs while they are killed and stopped beyond their lease.

    `faults` are commands that strike the database.
    """
    chance = random.Random(seed)
    run_ids = asked(partial(create, order, runs))
    alive = {born(partial(serve, order)): 0.0 for _ in range(workers)}
    struck: dict[str, int] = {"kill": 0, "stop": 0, "fault": 0}
    deadline = time.monotonic() + PATIENCE + strokes
    try:
        while time.monotonic() < deadline and not has_served(alive):
            time.sleep(chance.uniform(0.02, 0.25))
            wake(alive)
            if sum(struck.values()) < strokes:
                struck[strike(order, alive, chance, faults)] += 1
            while len(alive) < workers:
                alive[born(partial(serve, order))] = 0.0
    finally:
        for child in alive:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    found = asked(partial(seen, order, run_ids))
    bodies = lines(order.log)
    told = set(lines(f"{order.log}.told"))
    return {
        "struck": struck, "open": found["open"], "given_up": found["given_up"], "wrong": found["wrong"],
        "unkept": sorted(told - set(found["told"])), "bodies": len(bodies), "different": len(set(bodies)),
        "most": max(bodies.count(name) for name in set(bodies)),
    }  # fmt: skip


def has_served(alive: dict[int, float]) -> bool:
    """Tell whether a process found nothing left to do; who died is forgotten."""
    for child in list(alive):
        gone, status = os.waitpid(child, os.WNOHANG)
        if gone:
            del alive[child]
            if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
                return True
    return False


def wake(alive: dict[int, float]) -> None:
    """Let those go on who have been stopped for long enough."""
    for child, until in alive.items():
        if until and until < time.monotonic():
            alive[child] = 0.0
            os.kill(child, signal.SIGCONT)


def strike(order: Order, alive: dict[int, float], chance: random.Random, faults: Sequence[list[str]]) -> str:
    """Do harm, and say which."""
    awake = [child for child, until in alive.items() if not until]
    kind = chance.choice(["kill", "stop", *(["fault"] if faults else [])])
    if kind == "fault":
        subprocess.run(chance.choice(faults), check=True, stdout=subprocess.DEVNULL)
    elif len(awake) > 1 and kind == "stop":
        child = chance.choice(awake)
        os.kill(child, signal.SIGSTOP)
        alive[child] = time.monotonic() + LEASE * chance.uniform(0.5, 2)
    elif awake:
        kind = "kill"
        child = chance.choice(awake)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        del alive[child]
    return kind


def race(order: Order, verb: str, rounds: int, racers: int) -> dict[str, Any]:
    """Let several processes do one and the same thing to each of many runs at once; say what came of it."""
    run_ids = asked(partial(create, order, rounds))
    if verb != "start":
        asked(lambda: asyncio.run(suspend(order, run_ids)) or True)
    start = time.time() + 1.0
    answers = [answering(lambda: asyncio.run(compete(order, verb, run_ids, start))) for _ in range(racers)]
    told = [heard(*answer) for answer in answers]
    kind = {"start": "RunStarted", "answer": "StepResumed", "cancel": "RunCancelled"}[verb]
    return {
        "won": [[each[run_id] for each in told].count("won") for run_id in run_ids],
        "else": sorted({what for each in told for what in each.values()} - {"won"}),
        "recorded": asked(partial(count, kind, run_ids)), "wrong": asked(partial(seen, order, run_ids))["wrong"],
    }  # fmt: skip


def count(kind: str, run_ids: list[str]) -> list[int]:
    """Count an event in each run."""
    from workflows_app.models import Event

    return [Event.objects.filter(run_id=run_id, kind=kind).count() for run_id in run_ids]


async def suspend(order: Order, run_ids: list[str]) -> None:
    """Bring runs to their question."""
    life = Life(order)
    async with life.lived():
        for number, run_id in enumerate(run_ids):
            await (await life.engine.get_run(run_id)).start_async(input_data={"n": number})
        while {(await life.engine.head(run_id)).status for run_id in run_ids} != {"suspended"}:
            await asyncio.sleep(LOOK)


async def compete(order: Order, verb: str, run_ids: list[str], start: float) -> dict[str, str]:
    """Do a thing to every run as soon as the time has come; say what came of each."""
    from workflows_app import WorkflowsError

    life = Life(order)
    runs = [await life.engine.get_run(run_id) for run_id in run_ids]
    found = {}
    await asyncio.sleep(max(0.0, start - time.time()))
    for number, run in enumerate(runs):
        try:
            if verb == "start":
                await run.start_async(input_data={"n": number})
            elif verb == "answer":
                await run.resume_async(step="ask", resume_data={"yes": True})
            else:
                await run.cancel()
            found[run.id] = "won"
        except WorkflowsError as error:
            found[run.id] = error.code
    await life.engine.close()
    return found


ERRANDS: dict[str, Callable[..., Any]] = {"sweep": sweep, "storm": storm, "race": race}


if __name__ == "__main__":
    main()
