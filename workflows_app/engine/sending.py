"""Sending an event: it answers every wait for it, in whichever run, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .active import ActiveRun
from .arguments import entries
from .current import about
from .drift import adopt
from .errors import RunFull, RunNotFound
from .events import Event
from .history import History
from .ports import RunHead
from .review import LEFT_ALONE
from .schema import to_plain
from .verbs import receive


async def send(
    engine: Any, name: str, payload: Any, match: Mapping[str, Any] | None, among: Callable[[str], bool] | None
) -> int:
    """Wake every run that waits for the event. Returns how many waits. Raises: InvalidInput, InvalidPayload"""
    payload, beside = to_plain(payload), to_plain(entries("match", match))
    given = {**(payload if isinstance(payload, dict) else {}), **beside}
    heads, woken = await awaiting(engine, name, among), 0
    for head in heads:
        # A payload that is refused must be so before any run is woken.
        with suppress(*LEFT_ALONE):
            await check(engine, head, name, payload, given)
    for head in heads:
        answers: list[Event] = []
        try:
            await engine.act(head, answering(engine, name, payload, given, answers))
        except LEFT_ALONE:
            continue
        except RunFull as error:
            engine.logger.warning("run %s does not get the event %r: %s", head.id, name, error, extra=about(head))
            continue
        woken += len(answers)
    return woken


async def awaiting(engine: Any, name: str, among: Callable[[str], bool] | None) -> list[RunHead]:
    """List the runs that wait for an event, of the workflows that are known here and asked for."""
    found: list[RunHead] = []
    for run_id in await engine.journal.awaiting(name):
        with suppress(RunNotFound):
            found.append(await engine.head(run_id))
    wanted = {id for id in engine.registry.by_id if among is None or among(id)}
    return [head for head in found if head.workflow_id in wanted]


async def check(engine: Any, head: RunHead, name: str, payload: Any, given: Mapping[str, Any]) -> None:
    """See that a run takes the payload, where one of its waits has a schema. Raises: InvalidInput"""
    workflow = engine.registry.get(head.workflow_id)
    if any(getattr(node, "name", None) == name and not node.answer_schema.is_any for node in workflow.places.values()):
        history = History((await engine.read(head.id)).events)
        receive(workflow, history, name, payload, given, engine.now())


def answering(
    engine: Any, name: str, payload: Any, given: Mapping[str, Any], answers: list[Event]
) -> Callable[[ActiveRun], Sequence[Event]]:
    """Make the act that answers the waits of a run, and tells which it found."""

    def act(active: ActiveRun) -> Sequence[Event]:
        now, workflow = engine.now(), active.workflow
        answers[:] = receive(workflow, active.known, name, payload, given, now)
        return [*adopt(workflow, active.known, now), *answers] if answers else ()

    return act
