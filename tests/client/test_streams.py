"""Streams of the client: every event once, also over a line that breaks."""

from __future__ import annotations

import asyncio
import itertools
import queue
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.client.conftest import BrokenLine
from tests.process import StudioProcess
from workflows_app.client import AsyncStream, AsyncStudio, Stream, Studio, StudioError, TooFast
from workflows_app.client.blocking import Watch
from workflows_app.client.course import STEADY_SECONDS, Course
from workflows_app.client.requests import FIRST_PAUSE
from workflows_app.client.runs import OfRun
from workflows_app.errors import InvalidInput, RunAlreadyStarted

ORDER = {"customer": "Ada", "total": 12}


def test_a_stream_has_every_event_and_then_the_result(studio: Studio) -> None:
    run = studio.get_workflow("order").create_run()
    stream = run.stream(input_data=ORDER)
    events = list(stream)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert stream.result.suspended == [["review"]]
    more = run.resume_stream(resume_data={"decision": "approve"})
    answered = list(more)
    assert answered[0]["seq"] == len(events) + 1
    assert (more.result.status, more.result.result) == ("success", {"shipped": True})
    assert list(run.observe_stream(len(events))) == answered
    assert list(run.observe_stream(10_000)) == []


def test_the_result_can_be_had_without_the_events(studio: Studio) -> None:
    stream = studio.get_workflow("stateful").create_run().stream(input_data=3, include_state=True)
    assert stream.result.state == {"counter": 3}


def test_who_stops_reading_takes_up_where_they_stopped(studio: Studio) -> None:
    stream = studio.get_workflow("echo").create_run().stream(input_data=1)
    first = next(iter(stream))
    rest = list(stream)
    assert [event["seq"] for event in (first, *rest)] == list(range(1, len(rest) + 2))


@pytest.mark.parametrize("step", [120, 700])
def test_a_line_that_breaks_again_and_again_loses_nothing_and_doubles_nothing(
    served: StudioProcess, studio: Studio, step: int
) -> None:
    line = BrokenLine(first=300, step=step)
    with Studio(served.address, transport=line) as broken:
        run = broken.get_workflow("wire-sequential").create_run()
        state = {"counter": 0, "log": []}
        events = list(run.stream(input_data={"message": "hi"}, initial_state=state))
    assert sum("observe" in request.url.path for request in line.asked) >= 2
    unbroken = studio.get_workflow("wire-sequential").get_run(run.run_id)
    assert events == list(unbroken.observe_stream())


def test_an_answer_is_given_once_however_often_the_line_breaks(served: StudioProcess) -> None:
    line = BrokenLine(first=10, step=400)
    with Studio(served.address, transport=line) as broken:
        run = broken.get_workflow("order").create_run()
        run.start(input_data=ORDER)
        stream = run.resume_stream(resume_data={"decision": "reject"})
        events = list(stream)
        assert (stream.result.status, events[0]["type"]) == ("success", "workflow-start")
    assert sum("resume" in request.url.path for request in line.asked) == 1


def test_a_stream_may_stay_open_over_a_suspension(served: StudioProcess, studio: Studio) -> None:
    run = studio.get_workflow("order").create_run()
    statuses = []
    for event in run.stream(input_data=ORDER, close_on_suspend=False):
        if event["type"] == "workflow-finish":
            statuses.append(event["payload"]["workflowStatus"])
            if statuses == ["suspended"]:
                run.resume_async(resume_data={"decision": "approve"})
    assert statuses == ["suspended", "success"]


def test_reading_a_stream_raises_what_starting_raises(studio: Studio) -> None:
    run = studio.get_workflow("order").create_run()
    with pytest.raises(InvalidInput):
        list(run.stream(input_data={}))
    run.start(input_data=ORDER)
    with pytest.raises(RunAlreadyStarted):
        _ = run.stream(input_data=ORDER).result
    with pytest.raises(InvalidInput):
        run.observe_stream(-1)


class Proxy(httpx.HTTPTransport):
    """Leads to the studio that is up, as a proxy in front of several does."""

    port: int

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(port=self.port)
        return super().handle_request(request)


def test_a_stream_outlives_a_killed_studio(start_studio: Callable[..., StudioProcess]) -> None:
    proxy, studios = Proxy(), []

    def serve() -> None:
        studios.append(start_studio("--workflows", "tests.workflows.journeys"))
        proxy.port = httpx.URL(studios[-1].address).port or 0

    serve()
    numbers = []
    with Studio("http://127.0.0.1", transport=proxy) as studio:
        for event in studio.get_workflow("patient").create_run().stream(input_data={"seconds": 1}):
            numbers.append(event["seq"])
            if event["type"] == "workflow-step-start" and event["payload"]["id"] == "rest" and len(studios) == 1:
                studios[0].stop(signal.SIGKILL)
                serve()
    assert event["payload"]["workflowStatus"] == "success"
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_run_is_watched_from_now_on_and_over_its_end(studio: Studio) -> None:
    run = studio.get_workflow("order").create_run()
    before = list(run.stream(input_data=ORDER))
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    unsubscribe = run.watch(heard.put)
    run.resume(resume_data={"decision": "approve"})
    run.time_travel(step="review")
    events = [heard.get(timeout=20) for _ in run.observe_stream(len(before))]
    assert [event["seq"] for event in events] == list(range(len(before) + 1, len(before) + len(events) + 1))
    assert [event["payload"]["workflowStatus"] for event in events if event["type"] == "workflow-finish"] == [
        "success",
        "suspended",
    ]
    unsubscribe()
    run.resume(resume_data={"decision": "approve"})
    with pytest.raises(queue.Empty):
        heard.get(timeout=0.2)


def test_a_watcher_that_raises_hears_the_next_event(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    heard = threading.Semaphore(0)

    def watcher(event: dict[str, Any]) -> None:
        heard.release()
        raise LookupError("Not today.")

    run = studio.get_workflow("echo").create_run()
    run.watch(watcher)
    run.start(input_data=1)
    for _ in run.observe_stream():
        assert heard.acquire(timeout=20)
    assert "Not today." in caplog.text


FINISH = b'{"seq": 1, "type": "workflow-finish", "payload": {"workflowStatus": "suspended"}}\x1e'


def test_a_stream_that_is_stopped_while_an_event_is_read_stays_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    course = Course(OfRun(None, "wf", "r"))

    def stop(status: str) -> bool:
        """Stand for the other thread, in which somebody wants to hear no more."""
        course.ended = True
        return False

    monkeypatch.setattr(course, "_is_last", stop)
    assert len(list(course.take(FINISH))) == 1
    assert course.ended


class Busy:
    """Answers that it is asked too often at first, then with the last event of a run."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked < 3:
            return httpx.Response(429, headers={"retry-after": "0"}, json={"error": "Slowly."})
        return httpx.Response(200, content=FINISH)


def test_a_stream_that_is_asked_for_too_often_is_asked_for_again() -> None:
    with Studio("http://127.0.0.1:9", transport=httpx.MockTransport(Busy())) as studio:
        events = list(Stream(Course(OfRun(studio.line, "wf", "r"))))
    assert [event["seq"] for event in events] == [1]


def test_a_stream_that_is_asked_for_too_often_is_asked_for_again_while_others_run() -> None:
    async def numbers() -> list[int]:
        async with AsyncStudio("http://127.0.0.1:9", transport=httpx.MockTransport(Busy())) as studio:
            return [event["seq"] async for event in AsyncStream(Course(OfRun(studio.line, "wf", "r")))]

    assert asyncio.run(numbers()) == [1]


def test_what_begins_a_stream_is_refused_at_once() -> None:
    with Studio("http://127.0.0.1:9", transport=httpx.MockTransport(Busy())) as studio:
        run = OfRun(studio.line, "wf", "r")
        with pytest.raises(TooFast, match="Slowly"):
            list(Stream(Course(run, run.post("stream"))))


def test_it_waits_for_as_long_as_it_is_told() -> None:
    late = TooFast()
    late.retry_after = 7.0
    assert Course(OfRun(None, "wf", "r")).broken(late) == 7.0


def test_a_studio_that_is_closed_as_a_watch_begins_ends_it_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with Studio("http://127.0.0.1:9") as studio:
        watch = Watch(Course(OfRun(studio.line, "wf", "r"), endless=True), print)
    watch.run()
    assert caplog.records == []


def test_patience_begins_anew_when_a_line_has_held(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = itertools.count(step=STEADY_SECONDS + 1)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    course = Course(studio.get_workflow("echo").create_run())
    pauses = []
    for _ in range(100):
        course.opened({})
        pauses.append(course.broken(StudioError()))
    assert set(pauses) == {FIRST_PAUSE}
