"""What the journals on databases owe beyond the contract: several processes, faults, and thrift."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import connections, transaction

from tests.contracts.conftest import Store
from tests.contracts.examples import LARGE, LEASE, NOW, ONE, call, head, history, open_waits, turn
from workflows_app.adapters import workers
from workflows_app.engine import events as e
from workflows_app.engine.errors import JournalError, UnreadableEvent
from workflows_app.engine.events import SECOND
from workflows_app.engine.outcomes import Suspension, Timer
from workflows_app.engine.ports import OpenCall, RunHead, Turn
from workflows_app.engine.schema import Value
from workflows_app.models import Delivery, Event, Payload, Run, Wait, Webhook, Worker

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
UNWRITABLE = "a lone surrogate \ud800 is not UTF-8"

WRITES_UNTIL_KILLED = """
import asyncio, json, sys
import django
from django.db import connections
django.setup()
from tests.contracts.examples import head, turn
from workflows_app.adapters.journal import OrmJournal

connections.settings["default"].update(json.loads(sys.argv[1]))

async def write(journal, run_id):
    await journal.create(head(run_id))
    for seq in range(100_000):
        assert await journal.commit(turn(run_id, seq), "me")
        print(run_id, seq + 1, flush=True)

async def main():
    journal = OrmJournal(durability=sys.argv[2])
    await asyncio.gather(*[write(journal, f"r{n}") for n in range(5)])

asyncio.run(main())
"""


async def with_orm(work: Callable[..., T], **arguments: Any) -> T:
    """Use the ORM in a thread, whose connections are closed after it."""

    def closing() -> T:
        try:
            return work(**arguments)
        finally:
            connections.close_all()

    return await asyncio.to_thread(closing)


async def test_a_large_value_is_stored_once_per_run(store: Store) -> None:
    journal = store.open()
    await journal.create(head())
    for seq in range(5):
        value = Value.of(LARGE.data)
        assert await journal.commit(turn("r", seq, e.StepSucceeded(NOW, f"s{seq}", 1, output=value)), "me")
        assert value.ref is not None

    def sizes() -> list[tuple[int, int]]:
        found = Payload.objects.using(store.alias).values_list("size", "bytes")
        return [(size, len(packed)) for size, packed in found]

    ((size, packed_size),) = await with_orm(sizes)
    assert size == LARGE.size
    assert packed_size < size / 10
    assert len({event.output.data["text"] for event in await history(journal)}) == 1  # type: ignore[attr-defined]


async def test_values_up_to_the_limit_stay_in_their_events(store: Store) -> None:
    journal = store.open(inline_bytes=10)
    await journal.create(head())
    fits, exceeds = Value.of("12345678"), Value.of("123456789")
    await journal.commit(turn("r", 0, *[e.StepSucceeded(NOW, "s", 1, output=v) for v in (fits, exceeds)]), "me")
    assert fits.ref is None
    assert exceeds.ref is not None
    assert [event.output for event in await history(journal)] == [fits, exceeds]  # type: ignore[attr-defined]


async def test_a_lost_payload_is_named(store: Store) -> None:
    journal = store.open()
    await journal.create(head())
    value = Value.of(LARGE.data)
    await journal.commit(turn("r", 0, e.StepSucceeded(NOW, "s", 1, output=value)), "me")
    await with_orm(Payload.objects.using(store.alias).all().delete)
    with pytest.raises(UnreadableEvent, match=str(value.ref)):
        await journal.read("r")
    assert await journal.read("r", resolve=False) is not None


async def test_a_rest_is_told_to_every_webhook_that_asked_for_it_and_to_no_other(store: Store) -> None:
    hooks = Webhook.objects.using(store.alias)
    wishes: tuple[dict[str, Any], ...] = (
        {},
        {"on_finished": False},
        {"workflow_id": "w"},
        {"workflow_id": "v"},
        {"is_active": False},
    )
    for number, wish in enumerate(wishes):
        made = {"url": f"https://{number}.example", "sealed_secret": "s", "made_by": "ann", "created_at": NOW}
        await with_orm(hooks.create, **made, **wish)
    journal = store.open()
    await journal.create(head())
    await journal.commit(turn("r", 0, e.RunSuspended(NOW), status="suspended"), "me")
    await journal.commit(turn("r", 1), "me")
    # What is not the last of a turn is history that a fork repeats.
    await journal.commit(turn("r", 2, e.RunFinished(NOW, "failed"), e.StepStarted(NOW, "a", 2, input=ONE)), "me")
    lost = journal.commit(turn("r", 2, e.RunFinished(NOW, "canceled"), status="canceled"), "me")
    assert await lost is False
    await journal.commit(turn("r", 4, e.RunFinished(NOW, "success"), status="success"), "me")

    def told() -> list[tuple[Any, ...]]:
        found = Delivery.objects.using(store.alias).order_by("seq", "webhook")
        return list(found.values_list("webhook__url", "run_id", "seq", "kind", "status"))

    assert [(url[8], *rest) for url, *rest in await with_orm(told)] == [
        *[(hook, "r", 1, "suspended", "suspended") for hook in "012"],
        *[(hook, "r", 5, "finished", "success") for hook in "02"],
    ]


async def test_a_turn_that_cannot_be_written_fails_alone(store: Store) -> None:
    journal = store.open()
    run_ids = [f"r{n}" for n in range(10)]
    await asyncio.gather(*[journal.create(head(run_id)) for run_id in run_ids])
    turns = [turn(run_id, error=UNWRITABLE if run_id == "r4" else None) for run_id in run_ids]
    answers = await asyncio.gather(*[journal.commit(each, "me") for each in turns], return_exceptions=True)
    failed = answers.pop(4)
    assert isinstance(failed, UnicodeEncodeError)
    assert answers == [True] * 9
    assert await history(journal, "r4") == []
    assert await journal.commit(turn("r4"), "me")


async def test_a_run_that_cannot_be_written_fails_alone(store: Store) -> None:
    journal = store.open()
    answers = await asyncio.gather(
        journal.create(head("a")), journal.create(head("b", error=UNWRITABLE)), return_exceptions=True
    )
    assert answers[0] == head("a")
    assert isinstance(answers[1], UnicodeEncodeError)
    assert await journal.head("b") is None


async def test_processes_that_compete_lose_no_turn(store: Store) -> None:
    rivals = [store.open() for _ in range(3)]
    run_ids = [f"r{n}" for n in range(8)]
    await asyncio.gather(*[rivals[0].create(head(run_id)) for run_id in run_ids])

    async def append(number: int, run_id: str) -> None:
        journal = rivals[number]
        for mark in range(5):
            while True:
                now = await journal.head(run_id)
                assert now is not None
                if await journal.commit(turn(run_id, now.seq, e.StepLost(NOW, str(number), mark)), "me"):
                    break

    await asyncio.gather(*[append(number, run_id) for number in range(3) for run_id in run_ids])
    wanted = sorted((str(number), mark) for number in range(3) for mark in range(5))
    for run_id in run_ids:
        read = await history(rivals[0], run_id)
        assert sorted((event.path, event.attempt) for event in read if isinstance(event, e.StepLost)) == wanted


@contextmanager
def locked(alias: str, run_id: str) -> Iterator[threading.Event]:
    """Keep another connection in the middle of a transaction that wrote to the run, until told to end."""
    end, begun = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(using=alias):
            Run.objects.using(alias).filter(id=run_id).update(tags='["held"]')
            begun.set()
            assert end.wait(10)
        connections[alias].close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(10)
    try:
        yield end
    finally:
        end.set()
        holder.join()


async def test_a_commit_waits_for_who_holds_the_lock_and_the_loop_goes_on(store: Store) -> None:
    journal = store.open()
    await journal.create(head())
    with locked(store.alias, "r") as end:
        commit = asyncio.create_task(journal.commit(turn(), "me"))
        done, _ = await asyncio.wait([commit], timeout=0.05)
        assert not done
        end.set()
        assert await commit
    read = await journal.head("r")
    assert read is not None
    assert (read.seq, read.tags) == (1, ("held",))


async def test_who_waits_in_vain_is_told(
    sqlite: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(sqlite, "normal")
    request.addfinalizer(store.close)
    monkeypatch.setattr("workflows_app.adapters.committer.PATIENCE", 0.02)
    journal = store.open()
    await journal.create(head())
    with locked(store.alias, "r"), pytest.raises(Exception, match="database is locked"):
        await journal.commit(turn(), "me")
    assert await journal.commit(turn(), "me")


async def test_a_connection_that_the_server_ended_is_made_anew(
    postgresql_tables: str, request: pytest.FixtureRequest
) -> None:
    store = Store(postgresql_tables, "normal")
    request.addfinalizer(store.close)
    journal = store.open()
    await journal.create(head())

    def end_all() -> None:
        with connections[store.alias].cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    await with_orm(end_all)
    assert await journal.commit(turn(), "me")
    assert len(await history(journal)) == 1


def test_a_killed_process_loses_no_turn_that_it_was_told_of(store: Store) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES_UNTIL_KILLED, described(store.alias), store.durability],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(200)]
    process.kill()
    told += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()
    acknowledged = {run_id: int(seq) for run_id, seq in (line.split() for line in told if line.endswith("\n"))}
    assert len(acknowledged) == 5
    journal = store.open()
    for run_id, seq in acknowledged.items():
        assert len(asyncio.run(history(journal, run_id))) >= seq


def described(alias: str) -> str:
    wanted = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")
    return json.dumps({name: connections.settings[alias][name] for name in wanted}, default=str)


async def test_calls_of_a_process_of_this_machine_that_is_gone_are_lost_at_once(store: Store) -> None:
    journal = store.open()
    await journal.heartbeat("me", NOW)
    await open_waits(journal, call("a"))
    assert await journal.lost(NOW, LEASE) == []
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    await with_orm(Worker.objects.using(store.alias).update, pid=gone.pid)
    assert await journal.lost(NOW, LEASE) == [OpenCall("r", "a", 1, "me")]
    assert not await journal.is_alive("me", NOW, LEASE)


@pytest.mark.parametrize("column", ["host", "boot"])
async def test_the_process_numbers_of_another_machine_say_nothing(store: Store, column: str) -> None:
    journal = store.open()
    await journal.heartbeat("me", NOW)
    await open_waits(journal, call("a"))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    elsewhere = {"pid": gone.pid, column: "elsewhere"}
    await with_orm(Worker.objects.using(store.alias).update, **elsewhere)
    assert await journal.lost(NOW, LEASE) == []
    assert await journal.is_alive("me", NOW, LEASE)


async def test_unclaimed_calls_are_lost_after_the_lease(store: Store) -> None:
    journal = store.open()
    await open_waits(journal, call("a"), worker="")
    assert await journal.claims("r") == [OpenCall("r", "a", 1, None)]
    assert await journal.lost(NOW + 29 * SECOND, LEASE) == []
    assert await journal.lost(NOW + 31 * SECOND, LEASE) == [OpenCall("r", "a", 1, None)]


async def test_a_worker_is_one_row_however_often_it_beats(store: Store) -> None:
    journal = store.open()
    for second in range(3):
        await journal.heartbeat("me", NOW + second * SECOND)
    row = await with_orm(Worker.objects.using(store.alias).get)
    assert (row.id, row.pid, row.host, row.left_at) == ("me", os.getpid(), workers.host(), None)
    assert (row.heartbeat_at - row.started_at).total_seconds() == 2


async def test_deleting_a_run_empties_every_table(store: Store) -> None:
    journal = store.open()
    await open_waits(journal, call("a"), Timer("t", NOW), Suspension("s", 1, "paid"))
    await journal.commit(turn("r", 1, e.StepSucceeded(NOW, "a", 1, output=Value.of(LARGE.data))), "me")
    assert await journal.delete("r")

    def left() -> list[int]:
        return [model.objects.using(store.alias).count() for model in (Run, Event, Wait, Payload)]

    assert await with_orm(left) == [0, 0, 0, 0]


async def test_an_event_row_says_where_its_public_events_begin(store: Store) -> None:
    journal = store.open()
    await journal.create(head())
    happened = (e.RunStarted(NOW, LARGE, by="ann"), e.StepStarted(NOW + 1, "a", 1))
    await journal.commit(Turn("r", 0, happened, (1, 4), "running", 6, NOW), "me")

    def stored() -> list[tuple[int, int, str, str, str | None]]:
        found = Event.objects.using(store.alias).order_by("seq")
        return list(found.values_list("seq", "stream", "kind", "path", "by"))

    wanted = [(1, 1, "RunStarted", "", "ann"), (2, 4, "StepStarted", "a", None)]
    assert await with_orm(stored) == wanted


async def test_a_closed_journal_refuses_to_write_and_leaves_no_thread(store: Store) -> None:
    before = set(threading.enumerate())
    journal = store.open()
    await journal.create(head())
    await journal.head("r")
    journal.close()
    with pytest.raises(JournalError):
        await journal.create(head("s"))
    assert set(threading.enumerate()) <= before


def test_one_journal_serves_several_event_loops_at_once(store: Store) -> None:
    journal = store.open()
    answers: list[RunHead] = []

    def live(run_id: str) -> None:
        async def scenario() -> None:
            answers.append(await journal.create(head(run_id)))
            for seq in range(20):
                assert await journal.commit(turn(run_id, seq), "me")

        asyncio.run(scenario())

    threads = [threading.Thread(target=live, args=(f"r{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert all(len(asyncio.run(history(journal, f"r{n}"))) == 20 for n in range(4))
