"""What happened in a run, from any number on: a page of it as JSON, or all that follows as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from itertools import islice
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from ninja import Query, Router
from pydantic_core import to_json

from workflows_app import runtime
from workflows_app.engine.observe import Stream
from workflows_app.engine.ports import TERMINAL, Stored
from workflows_app.engine.run import Run
from workflows_app.engine.streams import Projector, PublicEvent
from workflows_app.rights import reach_of
from workflows_app.web.activity import Thing, note
from workflows_app.web.api.access import asked, run_of, stored_of, workflow_of
from workflows_app.web.api.bodies import Following, Happening
from workflows_app.web.api.streaming import while_allowed

router = Router(tags=["events"])
EVENT_STREAM: Final = "text/event-stream"


@router.get("/workflows/{workflow_id}/runs/{run_id}/events", summary="Read what happened in a run")
def list_events(request: HttpRequest, workflow_id: str, run_id: str, asking: Query[Following]) -> Any:
    """Give the events after a number, and the number to ask from next.

    To who accepts `text/event-stream` they are sent as they happen, until the run ends; `Last-Event-ID` goes on.
    """
    asked(request)
    run = run_of(workflow_of(workflow_id), run_id)
    if EVENT_STREAM in request.headers.get("accept", ""):
        return sent_events(request, run, start_of(request, asking))
    head, some = run.head, []
    if asking.after < head.stream:
        stored = stored_of(run.workflow, run_id)
        head, some = stored.head, list(islice(events_after(stored, asking.after), asking.limit))
    return {
        "events": some, "next": some[-1]["seq"] if some else asking.after, "last": head.stream, "status": head.status,
    }  # fmt: skip


def start_of(request: HttpRequest, asking: Following) -> int:
    """Tell where a caller goes on: what a browser sends after a break wins over the address."""
    last = request.headers.get("last-event-id", "")
    return int(last) if last.isdecimal() and len(last) < 19 else asking.after


def events_after(stored: Stored, after: int) -> Iterator[PublicEvent]:
    projector = Projector(stored.head.id, stored.head.workflow_id)
    return (one for event in stored.events for one in projector.project(event) if one["seq"] > after)


def sent_events(request: HttpRequest, run: Run, after: int) -> HttpResponseBase:
    """Answer with events as they happen; a run that has ended and said all is no content, so browsers stop asking."""
    if run.head.status in TERMINAL and after >= run.head.stream:
        return HttpResponse(status=204)

    async def begun() -> Stream:
        return run.observe_stream(after, close_on_suspend=False)

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    lines = told(runtime.call(begun()), request)
    return StreamingHttpResponse(lines, content_type=EVENT_STREAM, headers=headers)


async def told(stream: Stream, request: HttpRequest) -> AsyncIterator[bytes]:
    """Write events, and comments while there are none, to whom may still look."""
    with closing(stream):
        async with aclosing(while_allowed(stream, request)) as events:
            async for event in events:
                yield b": beat\n\n" if event is None else b"id: %d\ndata: %s\n\n" % (event["seq"], to_json(event))


@router.post("/events/{name}", summary="Wake the runs that wait for an event")
def send_event(request: HttpRequest, name: str, body: Happening) -> dict[str, int]:
    """Wake every wait of this name whose `match` fits, in the workflows that the caller may answer."""
    person = asked(request, "resume_run")
    reach = reach_of(person.user)
    engine = runtime.get_engine()
    sent = engine.send_event(name, body.payload, body.match, among=lambda one: reach.allows("resume_run", one))
    woken = runtime.call(sent)
    note(request, "event", Thing("event", name), after={"woken": woken})
    return {"woken": woken}
