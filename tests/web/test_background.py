"""The thread that performs runs behind the pages: it starts as a whole, or not at all."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.db import OperationalError

from tests.web.studio import answered, orders
from workflows_app import runtime
from workflows_app.adapters.journal import OrmJournal

pytestmark = pytest.mark.usefixtures("studio")


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("workflows-")]


def test_a_start_that_fails_leaves_nothing_behind_and_the_next_one_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any) -> None:
        raise OperationalError("the server is away")

    runtime.stop_background()
    assert threads() == []
    with monkeypatch.context() as patched:
        patched.setattr(OrmJournal, "heartbeat", refuse)
        for _ in range(2):
            with pytest.raises(OperationalError, match="away"):
                runtime.start_background()
            assert threads() == []
            assert not runtime.is_running()
    runtime.start_background()
    assert sorted(threads()) == ["workflows-engine", "workflows-heart"]
    answered(orders())
    names = [getattr(bell, "__qualname__", "") for bell in runtime.get_engine().turns.bells]
    assert (names.count("Listener.hear"), names.count("Examiner.hear")) == (1, 1)


def test_a_step_that_holds_up_the_loop_does_not_keep_the_process_from_ending(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    background, release = runtime.process.background, threading.Event()
    assert background is not None
    monkeypatch.setattr(runtime, "STOP_SECONDS", 0.2)
    background.loop.call_soon_threadsafe(release.wait)
    stopping = threading.Thread(target=runtime.stop_background)
    stopping.start()
    stopping.join(10)
    has_stopped = not stopping.is_alive()
    release.set()
    stopping.join()
    background.thread.join(10)
    left = asyncio.all_tasks(background.loop)
    for task in left:
        task.cancel()
    background.loop.run_until_complete(asyncio.wait(left))
    background.loop.close()
    assert has_stopped
    assert "holds up" in caplog.text
