"""Every error that the product raises on purpose, in one tree.

A class's docstring is its default message: what went wrong and what to do. `code` is the class name in
snake case and stays stable; `details` is JSON for machines.

    WorkflowsError
    ├── DefinitionError   DuplicateStepId · UnknownReference · EmptyWorkflow · NotCommitted · SchemaMismatch
    ├── InvalidData       InvalidInput · InvalidState · InvalidResumeData · InvalidSuspendData · InvalidOutput
    │                     InvalidRequestContext · InvalidPayload · RunFull
    ├── RunError          WorkflowNotFound · RunNotFound · RunIdTaken · RunAlreadyStarted · NotSuspended
    │                     AmbiguousStep · UnknownStep · NotActive · StillRunning · ResumeAlreadyClaimed
    │                     MissingResult · DefinitionChanged · AnswerRefused · EngineStopped
    │                     and below RunNotFound: ApprovalNotFound
    ├── StepError         StepTimeout · NonRetryableError · CrashLimit · Tripwire
    └── JournalError      Conflict · UnreadableEvent
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from inspect import getdoc
from typing import Any, ClassVar, TypedDict

from pydantic_core import from_json, to_json

Details = dict[str, Any]


class FieldError(TypedDict):
    """One problem of one field: its dotted path and a sentence."""

    path: str
    message: str


class WorkflowsError(Exception):
    """Something went wrong in a workflow."""

    code: ClassVar[str] = "workflows_error"

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, message: str = "", *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message or " ".join((getdoc(type(self)) or "").split()))
        self.details: Details = dict(details or {})

    @property
    def message(self) -> str:
        return str(self)


class DefinitionError(WorkflowsError):
    """The workflow's definition does not hold together."""


class DuplicateStepId(DefinitionError):
    """Two steps share one id. Give one of them another id with clone_step(step, id="…")."""


class UnknownReference(DefinitionError):
    """The definition names a step, agent, tool or source that does not exist."""


class EmptyWorkflow(DefinitionError):
    """The workflow has no entries. Add steps with .then(step), then call .commit()."""


class NotCommitted(DefinitionError):
    """The workflow was not committed. Call .commit() after its last entry."""


class SchemaMismatch(DefinitionError):
    """A schema is missing or does not fit the one before it."""


class InvalidData(WorkflowsError):
    """The data does not fit its schema."""

    title: ClassVar[str] = "Invalid data"

    def __init__(self, message: str = "", *, errors: Sequence[FieldError] = ()) -> None:
        self.errors: list[FieldError] = list(errors)
        lines = [message or f"{self.title}: ", *(f"- {e['path']}: {e['message']}" for e in self.errors)]
        super().__init__("\n".join(lines), details={"errors": self.errors})


class InvalidInput(InvalidData):
    """The input does not fit the input schema."""

    title = "Invalid input data"


class InvalidState(InvalidData):
    """The state does not fit the state schema."""

    title = "Invalid initial data"


class InvalidResumeData(InvalidData):
    """The answer does not fit the step's resume schema; the run stays suspended."""

    title = "Invalid resume data"


class InvalidSuspendData(InvalidData):
    """The question does not fit the step's suspend schema."""

    title = "Invalid suspend data"


class InvalidOutput(InvalidData):
    """The step's output does not fit its output schema, which the step declares strict."""

    title = "Invalid output data"


class InvalidRequestContext(InvalidData):
    """The request context does not fit its schema."""

    title = "Request context validation failed"


class InvalidPayload(InvalidData):
    """The value cannot be stored as JSON. Return plain JSON values or a pydantic model."""

    title = "Value is not JSON"


class RunFull(InvalidData):
    """The run has no room for this. Store large values elsewhere, or go on in another run."""

    title = "The run has no room for this"


class RunError(WorkflowsError):
    """The run cannot do what was asked."""


class WorkflowNotFound(RunError):
    """No workflow has this id."""


class RunNotFound(RunError):
    """No run has this id."""


class ApprovalNotFound(RunNotFound):
    """No question has this number. Its run may have been deleted."""


class RunIdTaken(RunError):
    """A run of another workflow has this id. Choose another run id."""


class RunAlreadyStarted(RunError):
    """The run was already started. Create another run to start again."""


class NotSuspended(RunError):
    """This workflow run was not suspended"""


class AmbiguousStep(RunError):
    """Several steps are suspended. Name the one to resume, or pass all=True."""


class UnknownStep(RunError):
    """The run has no such step, label or item."""


class NotActive(RunError):
    """This workflow run was not active"""


class StillRunning(RunError):
    """This workflow run is still running. Wait for it, cancel it, or pass force=True."""


class ResumeAlreadyClaimed(RunError):
    """Somebody else answered this suspension first; their answer is under way."""


class AnswerRefused(RunError):
    """This person may not answer this question; somebody else must."""


class MissingResult(RunError):
    """A step before the target has no result. Give one in context, or travel to an earlier step."""


class DefinitionChanged(RunError):
    """The workflow's graph changed since the run started. Bring the old one back, or go on with force=True."""


class EngineStopped(RunError):
    """The engine was stopped. The run goes on when another engine takes it up; ask that one."""


class StepError(WorkflowsError):
    """A step failed."""


class StepTimeout(StepError):
    """The step did not end in the time its timeout allows."""


class NonRetryableError(StepError):
    """The step failed in a way that trying again cannot mend. Raise it to skip the retries."""


class CrashLimit(StepError):
    """The step took its process down three times and is not tried again."""


class Tripwire(StepError):
    """A guard stopped the agent."""

    def __init__(
        self, reason: str = "", *, retry: bool = False, metadata: Any = None, processor_id: str | None = None
    ) -> None:  # fmt: skip
        super().__init__(reason)
        self.retry = retry
        said = {"retry": retry or None, "metadata": metadata, "processorId": processor_id}
        self.details = {"reason": self.message, **{key: value for key, value in said.items() if value is not None}}


class JournalError(WorkflowsError):
    """The journal could not do what was asked."""


class Conflict(JournalError):
    """Somebody else wrote to this run first. Read it again and decide anew."""


class UnreadableEvent(JournalError):
    """A stored event cannot be read by this version. Update the software, or restore the row."""


Described = dict[str, Any]
CHAIN_LIMIT = 8
LONGEST_NAME = 200
LONGEST_MESSAGE = 16_384
LONGEST_DETAIL = 65_536
MOST_FRAMES = 50


def describe(error: BaseException, chain: int = CHAIN_LIMIT) -> Described:
    """Write an exception as data.

    Shape: {"name", "message", "details"?, "tripwire"?, "cause"?, "traceback"?}; `details` are the exception's
    public attributes that are JSON, `tripwire` is what a guard said, `traceback` is a list of {"file", "line",
    "function", "code"}, outermost first.
    """
    described: Described = {"name": storable(type(error).__name__)[:LONGEST_NAME], "message": message_of(error)}
    attributes = getattr(error, "details", None) if isinstance(error, WorkflowsError) else vars(error)
    details = _jsonable(attributes) if isinstance(attributes, Mapping) else {}
    if details:
        described["tripwire" if isinstance(error, Tripwire) else "details"] = details
    if error.__cause__ is not None and chain > 0:
        described["cause"] = describe(error.__cause__, chain - 1)
    if frames := _frames(error):
        described["traceback"] = frames
    return described


def message_of(error: BaseException) -> str:
    """Read an exception's message, whatever its class makes of it; the class's name where there is none."""
    try:
        text = str(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        text = ""
    left = len(text) - LONGEST_MESSAGE
    shown = text if left <= 0 else f"{text[:LONGEST_MESSAGE]}… ({left} more characters)"
    return storable(shown) or type(error).__name__


def glimpse(value: object) -> str:
    """Write the beginning of a value for a message, whatever its class makes of that."""
    try:
        return f"{value!r:.80}"
    except Exception:
        return f"a {type(value).__name__}"


def storable(text: str) -> str:
    """Escape what UTF-8, or a database, cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def stop_of(described: object) -> Details:
    """Give what a guard said when it stopped an agent, under `tripwire`; nothing for another error."""
    return {"tripwire": described["tripwire"]} if isinstance(described, dict) and "tripwire" in described else {}


def _jsonable(attributes: Mapping[Any, Any]) -> Details:
    """Keep the public attributes that are JSON."""
    found: Details = {}
    for name, value in attributes.items():
        if not isinstance(name, str) or name.startswith("_"):
            continue
        # An author's object may raise anything when it is looked at.
        with suppress(Exception):
            text = to_json(value, inf_nan_mode="strings")
            small = len(text) <= LONGEST_DETAIL
            found[name] = from_json(text) if small else f"… ({len(text)} bytes are too many to be kept here)"
    return found


def _frames(error: BaseException) -> list[Details]:
    """Write the frames of a traceback; of a very deep one those at its two ends."""
    frames = list(traceback.extract_tb(error.__traceback__))
    if len(frames) > 2 * MOST_FRAMES:
        frames = [*frames[:MOST_FRAMES], *frames[-MOST_FRAMES:]]
    return [
        {
            "file": storable(frame.filename),
            "line": frame.lineno,
            "function": frame.name,
            "code": storable(frame.line or ""),
        }
        for frame in frames
    ]


__all__ = [
    "AmbiguousStep",
    "AnswerRefused",
    "ApprovalNotFound",
    "Conflict",
    "CrashLimit",
    "DefinitionChanged",
    "DefinitionError",
    "DuplicateStepId",
    "EmptyWorkflow",
    "EngineStopped",
    "InvalidData",
    "InvalidInput",
    "InvalidOutput",
    "InvalidPayload",
    "InvalidRequestContext",
    "InvalidResumeData",
    "InvalidState",
    "InvalidSuspendData",
    "JournalError",
    "MissingResult",
    "NonRetryableError",
    "NotActive",
    "NotCommitted",
    "NotSuspended",
    "ResumeAlreadyClaimed",
    "RunAlreadyStarted",
    "RunError",
    "RunFull",
    "RunIdTaken",
    "RunNotFound",
    "SchemaMismatch",
    "StepError",
    "StepTimeout",
    "StillRunning",
    "Tripwire",
    "UnknownReference",
    "UnknownStep",
    "UnreadableEvent",
    "WorkflowNotFound",
    "WorkflowsError",
]
