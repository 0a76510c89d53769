"""The facts a journal is made of: past tense, numbered per run, never changed.

Every event is a frozen dataclass. `at` is the instant in microseconds since the epoch; `path` names the node
it is about, `by` the person or program behind it. In the store an event is its kind, path, by, version and
one JSON text with the rest; `decode` reads every version that was ever written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic_core import from_json, to_json

from .errors import FieldError, InvalidPayload, UnreadableEvent
from .schema import EMPTY, NULL, Json, Value, trusted

Instant = int  # microseconds since the epoch
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """A fact of one run."""

    at: Instant

    kind: ClassVar[str] = "Event"
    version: ClassVar[int] = 1

    if TYPE_CHECKING:

        @property
        def path(self) -> str:
            """The node an event is about; empty for one about the run itself."""

        @property
        def by(self) -> str | None:
            """The person or program behind an event."""


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    input: Value
    state: Value = EMPTY
    context: Value = EMPTY
    fingerprint: str = ""
    budget: int | None = None
    by: str | None = None
    breakpoints: tuple[str, ...] = ()
    tracing: Json = None


@dataclass(frozen=True, slots=True)
class RunCancelled(Event):
    """Somebody canceled the run; calls under way have `grace` seconds to return."""

    reason: str | None = None
    grace: float = 10.0
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RunRestarted(Event):
    """A verb took an active run over; `lost` are the calls whose worker is gone."""

    lost: tuple[str, ...] = ()
    context: Value | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RunRewound(Event):
    """History was set back to before `path`: the records named are forgotten, the given ones assumed."""

    path: str = ""
    forget: tuple[str, ...] = ()
    assume: Value = EMPTY
    input: Value | None = None
    resume: Value | None = None
    state: Value | None = None
    context: Value | None = None
    budget: int | None = None
    fingerprint: str = ""
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RunMigrated(Event):
    """Somebody let the run go on with a graph that lacks some of what it recorded."""

    fingerprint: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RunPaused(Event):
    """Nothing goes on until somebody lets it; `before` names the steps held at their breakpoints."""

    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BreakpointsSet(Event):
    """From now on the run pauses before these steps, and before no others."""

    breakpoints: tuple[str, ...] = ()
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RunUnpaused(Event):
    budget: int | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RunSuspended(Event):
    """Nothing is left to do but wait for people."""


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    status: str
    result: Value | None = None
    error: Json = None


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A try of a node began: its first, or again because of a retry, a resume or a restart.

    `input` is given on the first try only; `role` says what kind of node it is.
    """

    path: str
    attempt: int
    role: str = "step"
    input: Value | None = None
    cause: str = "first"


@dataclass(frozen=True, slots=True)
class StepSucceeded(Event):
    """A try gave its output; `gone` names the keys that it deleted from the request context."""

    path: str
    attempt: int
    output: Value = NULL
    state: Value | None = None
    context: Value | None = None
    bailed: bool = False
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepFailed(Event):
    """A try failed; unless it is final another one follows at `retry_at`."""

    path: str
    attempt: int
    error: Json = None
    final: bool = True
    non_retryable: bool = False
    retry_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class StepSuspended(Event):
    path: str
    attempt: int
    payload: Value | None = None
    output: Value | None = None
    labels: tuple[str, ...] = ()
    title: str | None = None
    due: Instant | None = None
    assign_to: str | None = None
    state: Value | None = None
    context: Value | None = None
    approvals: int = 1
    allow_requester: bool = True
    on_due: tuple[Json, ...] = ()
    form: Json = None
    body: str | None = None
    priority: str = "normal"
    proposal: Value | None = None
    groups: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepVoted(Event):
    """Somebody answered a question that several people must give the same answer to.

    `groups` are those of which one must answer and for which this person does.
    """

    path: str
    data: Value = NULL
    by: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepEscalated(Event):
    """Nobody answered in time: `action` is what the step declared for that (remind, assign, answer or fail)."""

    path: str
    action: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class StepResumed(Event):
    path: str
    data: Value = NULL
    context: Value | None = None
    budget: int | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class StepLost(Event):
    """The worker that performed the try is gone; the step runs again, not counted as a retry.

    It `crashed`, unless it was stopped by somebody.
    """

    path: str
    attempt: int
    crashed: bool = True


@dataclass(frozen=True, slots=True)
class StepSkipped(Event):
    path: str
    input: Value | None = None


@dataclass(frozen=True, slots=True)
class StepCanceled(Event):
    path: str


@dataclass(frozen=True, slots=True)
class StepOutput(Event):
    """What a step wrote to its stream. Shape: a list of {"output": …} or {"type": "data-…", "data": …}.

    `usage` is the sum of what the finish chunks among them tell of tokens.
    """

    path: str
    attempt: int
    chunks: Value = NULL
    count: int = 0
    usage: Json = None


@dataclass(frozen=True, slots=True)
class TimerStarted(Event):
    path: str
    due: Instant
    input: Value = NULL


@dataclass(frozen=True, slots=True)
class TimerFired(Event):
    """A timer is due: a sleep's, a retry's, an event wait's timeout, or the grace after a cancel."""

    path: str
    role: str = "sleep"


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        RunStarted, RunCancelled, RunRestarted, RunRewound, RunMigrated, RunPaused, RunUnpaused, RunSuspended,
        RunFinished, BreakpointsSet, StepStarted, StepSucceeded, StepFailed, StepSuspended, StepVoted, StepEscalated,
        StepResumed, StepLost, StepSkipped, StepCanceled, StepOutput, TimerStarted, TimerFired,
    )
}  # fmt: skip

COLUMNS = frozenset({"at", "path", "by"})
VALUES = frozenset(
    {"input", "state", "context", "result", "output", "payload", "data", "chunks", "assume", "resume", "proposal"}
)
FIELDS = {kind: frozenset(field.name for field in fields(cls)) for kind, cls in KINDS.items()}
DEFAULTS = {
    kind: tuple((field.name, field.default) for field in fields(cls) if field.name not in COLUMNS)
    for kind, cls in KINDS.items()
}
for _name, _class in KINDS.items():
    _class.kind = _name
    # A dataclass would take these for the fields' defaults if they stood in the base class.
    for _column, _nothing in (("path", ""), ("by", None)):
        if _column not in FIELDS[_name]:
            setattr(_class, _column, _nothing)

HELD = {kind: tuple(field.name for field in fields(cls) if field.name in VALUES) for kind, cls in KINDS.items()}
"""The fields of each kind of event that hold values."""
MOST_VALUES = max(map(len, HELD.values()))


def check_sizes(event: Event, limit: int, of_state: int) -> None:
    """Refuse an event with a value that is too large to keep. Raises: InvalidPayload naming it"""
    for name in HELD[event.kind]:
        value, most = getattr(event, name), of_state if name == "state" else limit
        if value is not None and value.size > most:
            raise too_large(name, value.size, most)


def too_large(name: str, size: int, limit: int) -> InvalidPayload:
    message = f"{size} bytes are more than the {limit} allowed. Store it elsewhere, pass a reference."
    return InvalidPayload("Value is too large: ", errors=[FieldError(path=name, message=message)])


START = re.compile(r'\{"attempt":\d+(?:,"role":"(?P<role>\w+)")?(?:,"cause":"(?P<cause>\w+)")?')
START_LENGTH = 64

Shorten = Callable[[Value], str | None]


def encode(event: Event, shorten: Shorten | None = None) -> str:
    """Write what is not a column as one JSON text.

    `shorten` may put a large value into the payload store and give its reference, which is written under
    `<field>_ref` with the size beside it.
    """
    plain: dict[str, object] = {}
    values: list[str] = []
    for name, default in DEFAULTS[event.kind]:
        value = getattr(event, name)
        if value is default:
            continue
        if type(value) is Value:
            ref = shorten(value) if shorten else value.ref
            if ref is None:
                values.append(f'"{name}":{value.text}')
            else:
                plain[f"{name}_ref"] = [ref, value.size]
        elif value != default:
            plain[name] = value
    text = to_json(plain).decode() if plain else "{}"
    if not values:
        return text
    return f"{text[:-1]}{',' if plain else ''}{','.join(values)}}}"


def start_of(text: str) -> tuple[str, str]:
    """Read role and cause off the beginning of a stored StepStarted, without its input."""
    found = START.match(text)
    return (found["role"] or "step", found["cause"] or "first") if found else ("step", "first")


def decode(kind: str, version: int, at: Instant, path: str, by: str | None, text: str) -> Event:
    """Read a stored event. Raises: UnreadableEvent"""
    event_class = KINDS.get(kind)
    if event_class is None or version > event_class.version:
        raise UnreadableEvent(
            f"An event of kind {kind!r}, version {version}, was written by a newer version of this software. "
            "Update the software to read it."
        )
    try:
        data: dict[str, Any] = {name: _read(name, value) for name, value in from_json(text).items()}
        named = {name.removesuffix("_ref"): value for name, value in data.items()}
        if "path" in FIELDS[kind]:
            named["path"] = path
        if "by" in FIELDS[kind]:
            named["by"] = by
        return event_class(at, **named)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise UnreadableEvent(f"A stored event of kind {kind!r} cannot be read: {error}") from error


def _read(name: str, value: Json) -> object:
    if name.endswith("_ref"):
        return Value(None, ref=value[0], size=value[1])
    if name in VALUES:
        return trusted(value)
    return tuple(value) if isinstance(value, list) else value
