"""Schedules: when runs of a workflow start by themselves, and with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .cron import Cron
from .errors import DefinitionError, InvalidPayload
from .events import Instant
from .options import Seconds, check_options, checked_seconds, listed, mapped, text
from .schema import to_plain

Overlap = Literal["allow", "skip", "queue"]
CatchUp = Literal["once", "none", "all"]
OVERLAPS: Final = get_args(Overlap)
CATCH_UPS: Final = get_args(CatchUp)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
SPELLINGS: Final = {
    "inputData": "input_data", "initialState": "initial_state", "requestContext": "request_context",
    "catchUp": "catch_up",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Schedule:
    """Say when runs of a workflow start, on the clocks of a time zone, and what they are started with.

    `overlap` says what happens while the run before is still open: another starts, it is left out, or it waits.
    `catch_up` says it of times at which nothing was there to start runs: one run for all of them, none, or one for
    each. A start is put off by up to `jitter` seconds. A workflow with several schedules names each by `id`.

    Raises: DefinitionError
    """

    cron: str
    id: str = ""
    timezone: str = "UTC"
    input_data: Any = None
    initial_state: Mapping[str, Any] | None = None
    request_context: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    overlap: Overlap = "allow"
    catch_up: CatchUp = "once"
    jitter: Seconds = 0

    def __post_init__(self) -> None:
        Cron.parse(self.cron)
        zone_of(self.timezone)
        if self.id != "":
            text("The id of a schedule", self.id)
        one_of("overlap", self.overlap, OVERLAPS)
        one_of("catch_up", self.catch_up, CATCH_UPS)
        set_field = object.__setattr__
        set_field(self, "jitter", checked_seconds(self.jitter, "jitter", 0))
        for name in ("initial_state", "request_context", "metadata"):
            set_field(self, name, mapped(name, getattr(self, name)))
        try:
            set_field(self, "input_data", to_plain(self.input_data))
        except InvalidPayload as error:
            raise DefinitionError(f"The input_data of a schedule is no JSON: {error}") from error

    def after(self, moment: Instant) -> Instant | None:
        """Give the next time after a moment, without the jitter; None when there is none any more."""
        found = Cron.parse(self.cron).after(EPOCH + moment * MICROSECOND, zone_of(self.timezone))
        return None if found is None else (found - EPOCH) // MICROSECOND


def zone_of(name: Any) -> ZoneInfo:
    """Find a time zone. Raises: DefinitionError"""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise DefinitionError(f"There is no time zone {name!r}. Name one as 'Europe/Berlin', or 'UTC'.") from error


def one_of(name: str, given: object, known: Sequence[str]) -> None:
    if given not in known:
        raise DefinitionError(f"{name} is one of {', '.join(known)}, got {given!r}.")


def schedules_of(given: Any) -> tuple[Schedule, ...]:
    """Read the schedules of a workflow: one or a list; each a cron expression, a dict or a Schedule.

    Raises: DefinitionError
    """
    if given is None:
        return ()
    one_or_many = listed("schedule", given, "schedules") if isinstance(given, list | tuple) else [given]
    found = tuple(_schedule(one) for one in one_or_many)
    ids = [schedule.id for schedule in found]
    if len(set(ids)) != len(ids):
        raise DefinitionError("Two schedules of one workflow have the same id. Give each an id of its own.")
    return found


def _schedule(given: Any) -> Schedule:
    if isinstance(given, Schedule):
        return given
    if isinstance(given, str):
        return Schedule(given)
    if not isinstance(given, Mapping):
        raise DefinitionError(f"A schedule is a cron expression, a dict or a Schedule, got {given!r}.")
    options = {SPELLINGS.get(str(name), str(name)): value for name, value in given.items()}
    check_options("A schedule", options, {field.name for field in fields(Schedule)})
    if "cron" not in options:
        raise DefinitionError("A schedule needs a cron expression, as cron='0 9 * * mon-fri'.")
    return Schedule(**options)


def check_given(schedule: Schedule, workflow: Any) -> None:
    """Refuse what the schemas of a workflow do not take. Raises: DefinitionError"""
    pairs = (
        ("input_data", workflow.input_schema, schedule.input_data),
        ("initial_state", workflow.state_schema, schedule.initial_state or {}),
        ("request_context", workflow.request_context_schema, schedule.request_context or {}),
    )
    for name, schema, value in pairs if workflow.validate_inputs else ():
        if errors := schema.check(value):
            what = "; ".join(f"{error['path']}: {error['message']}" for error in errors)
            raise DefinitionError(f"A schedule of the workflow {workflow.id!r} has an {name} that does not fit: {what}")
