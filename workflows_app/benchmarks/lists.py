"""W12: the pages of a store of 100,000 runs, as the server answers them.

Each line is one address: the list of runs with the filters that indexes know, with those that are a bounded
look through runs, far down, and grouped; the overview; and the inbox of a store with 10,000 open questions.
"""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime, timedelta

from django.db import connection

from workflows_app.approvals import gather
from workflows_app.models import Approval, Event, Run, Wait
from workflows_app.rollups import catch_up

from .bench import Bench, Case, Figures, check
from .page import looks

RUNS = 100_000
QUESTIONS = 10_000
AT_ONCE = 2_000
LOOKS = 20
SPREAD = timedelta(days=28)
FLOWS = ("chain-5", "chain-10", "relay-10")
ADDRESSES = {
    "newest": "/runs/",
    "status": "/runs/?status=failed",
    "workflow": "/runs/?workflow=relay-10&status=success",
    "ended": "/runs/?by=end&within=24h",
    "step": "/runs/?step=ask",
    "tag": "/runs/?tag=rare",
    "who": "/runs/?who=grace",
    "longer": "/runs/?longer=59s",
    "fault": "/runs/?fault=ValueError",
    "text": "/runs/?q=C-000017",
    "by-status": "/runs/?group=status",
    "by-step": "/runs/?group=step",
    "overview": "/",
    "workflows": "/workflows/",
}


def fill(bench: Bench) -> None:
    """Store runs over the last weeks: most succeeded, some failed, one in a hundred waits for a person."""
    draw = random.Random(12)  # noqa: S311
    begin = datetime.now(UTC) - SPREAD
    for start in range(0, RUNS, AT_ONCE):
        runs = [run_of(index, begin + SPREAD * index / RUNS, draw) for index in range(start, start + AT_ONCE)]
        Run.objects.bulk_create(runs)
        Event.objects.bulk_create(event for run in runs for event in events_of(run))
        asking = [run for run in runs if run.status == "suspended"]
        Wait.objects.bulk_create(Wait(run_id=run.id, path="ask", kind="suspension") for run in asking)
    catch_up()


def run_of(index: int, at: datetime, draw: random.Random) -> Run:
    status = draw.choices(("success", "failed", "suspended"), weights=(94, 5, 1))[0]
    end = at + timedelta(seconds=draw.random() * 60)
    return Run(
        id=f"{draw.getrandbits(64):016x}-{index}", workflow_id=FLOWS[index % len(FLOWS)], status=status, seq=3,
        created_at=at, updated_at=end, started_at=at, finished_at=None if status == "suspended" else end,
        started_by=("ada", "grace")[index % 50 == 0], tags='["rare"]' if index % 10_000 == 0 else "[]",
        error="ValueError: out of stock" if status == "failed" else None,
    )  # fmt: skip


def events_of(run: Run) -> list[Event]:
    at, end = run.created_at, run.finished_at or run.updated_at
    number = run.id.rpartition("-")[2]
    facts = [
        ("RunStarted", "", at, f'{{"input":{{"customer":"C-{number:0>6}","city":"Ghent"}},"state":{{}}}}'),
        ("StepStarted", "ask", at, '{"attempt":1,"input":null}'),
        ("StepSuspended", "ask", end, '{"attempt":1}')
        if run.finished_at is None
        else ("RunFinished", "", end, f'{{"status":"{run.status}","error":{{"name":"ValueError"}}}}')
        if run.error
        else ("RunFinished", "", end, f'{{"status":"success","result":{{"number":{number}}}}}'),
    ]
    return [
        Event(run_id=run.id, seq=seq, stream=seq, kind=kind, path=path, at=moment, version=1, data=data)
        for seq, (kind, path, moment, data) in enumerate(facts, 1)
    ]


def measure(bench: Bench) -> Figures:
    """Give the median milliseconds of each address."""
    return {f"{name}_ms": statistics.median(looks(address, LOOKS)[0]) for name, address in ADDRESSES.items()}


def ask(bench: Bench) -> None:
    """Store runs that wait for a person, and gather what they ask as the studio does."""
    now = datetime.now(UTC)
    for start in range(0, QUESTIONS, AT_ONCE):
        runs = [asking_run(f"asking-{index}", now) for index in range(start, start + AT_ONCE)]
        Run.objects.bulk_create(runs)
        Event.objects.bulk_create(event for run in runs for event in events_of(run))
        Wait.objects.bulk_create(Wait(run_id=run.id, path="ask", kind="suspension") for run in runs)
    gather.catch_up(connection.alias)
    check(Approval.objects.open().count(), QUESTIONS)


def asking_run(name: str, at: datetime) -> Run:
    return Run(id=name, workflow_id="question", status="suspended", seq=3, created_at=at, updated_at=at, started_at=at)


def measure_inbox(bench: Bench) -> Figures:
    return {"inbox_ms": statistics.median(looks("/approvals/", LOOKS)[0])}


CASES = [
    Case(measure, {"store_runs": RUNS}, fill),
    Case(measure_inbox, {"questions": QUESTIONS}, ask),
]
