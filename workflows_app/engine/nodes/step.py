"""Step: the only leaf that runs user code.

Mappers, conditions and computed numbers are steps too, told apart by `role`, so everything a user wrote is
recorded, retried and inspected alike.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, overload

from workflows_app.engine import signature
from workflows_app.engine.errors import CrashLimit, DefinitionError, describe
from workflows_app.engine.events import StepFailed
from workflows_app.engine.options import Seconds, limit_of, said, schema_of, text, texts, whole
from workflows_app.engine.outcomes import Bailed, Blocked, Call, Done, Failed, Outcome, Suspension, Timer
from workflows_app.engine.paths import checked_id
from workflows_app.engine.records import Record
from workflows_app.engine.retry import NO_RETRY, RetryPolicy, policy_of
from workflows_app.engine.schema import ANY, Schema, Value
from workflows_app.engine.source import LAMBDA, source_of, written

from .adopted import adopt
from .base import Cursor, Metadata, Node

CRASH_LIMIT = 3
LARGEST = 2**31 - 1
SCHEMAS = tuple(f"{name}_schema" for name in ("input", "output", "resume", "suspend", "state", "request_context"))


# Without slots, so that what takes long to find about the function is kept once somebody asked for it.
@dataclass(frozen=True, eq=False, kw_only=True)
class Step(Node):
    """A unit of work with typed input and output; `definition` is the tool or agent it was made of.

    `queue` and `priority` are for a runner that spreads steps over machines; those that there are take no notice.
    """

    execute: Callable[..., Any]
    input_schema: Schema = ANY
    output_schema: Schema = ANY
    resume_schema: Schema = ANY
    suspend_schema: Schema = ANY
    state_schema: Schema = ANY
    request_context_schema: Schema = ANY
    retries: int | None = None
    retry: RetryPolicy | None = None
    timeout: float | None = None
    strict_output: bool = False
    effects: tuple[str, ...] = ()
    queue: str | None = None
    priority: int = 0
    role: str = "step"
    definition: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)

    kind: ClassVar[str] = "step"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        return self.advance_at(at, at.path(self.id), value)

    def advance_at(self, at: Cursor, path: str, value: Value) -> Outcome:
        """Say how far the call at this path is: steps stand at their id, helpers below the node they serve."""
        record = at.record(path)
        if record is None:
            return at.call(self, path, self.role, value)
        match record.status:
            case "success":
                return Done(record.output or value)
            case "running":
                return Blocked((Call(path, record.attempt, self, at.workflow, at.draft.validates),))
            case "suspended":
                return self._suspended(path, record)
            case "bailed":
                return Bailed(record.output or value)
            case "skipped":
                return Done(record.output or value)
            case "failed":
                return self._failed(path, record)
        # Lost, answered, or canceled and set back since.
        return self._again(at, path, record, value)

    def _suspended(self, path: str, record: Record) -> Outcome:
        asked, alarm = Suspension(path, record.attempt), record.alarm
        return Blocked((asked,) if alarm is None else (asked, Timer(path, alarm)), active=False)

    def _failed(self, path: str, record: Record) -> Outcome:
        if record.final or record.due is None:
            return Failed(record.error, record.non_retryable)
        return Blocked((Timer(path, record.due),))

    def _again(self, at: Cursor, path: str, record: Record, value: Value) -> Outcome:
        if record.crashes < CRASH_LIMIT:
            return at.call(self, path, self.role, record.lacking(value))
        error = describe(CrashLimit())
        at.draft.emit(StepFailed(at.draft.now, path, record.attempt, error, non_retryable=True))
        return Failed(error, non_retryable=True)

    def policy(self, default: RetryPolicy | None) -> RetryPolicy:
        """Pick the retry policy: the step's own, else its number of retries, else the workflow's."""
        if self.retry is not None:
            return self.retry
        base = default or NO_RETRY
        if self.retries is None:
            return base
        return replace(base, attempts=self.retries)

    @property
    def answer_schema(self) -> Schema:
        return self.resume_schema

    @property
    def can_suspend(self) -> bool:
        return bool(self.suspend_schema or self.resume_schema)

    def members(self) -> Sequence[Node]:
        return (self,)

    @cached_property
    def is_async(self) -> bool:
        return signature.is_async(self.execute)

    @cached_property
    def is_lambda(self) -> bool:
        return getattr(self.execute, "__name__", "") == LAMBDA

    @cached_property
    def source(self) -> str:
        sources = self.options.get("sources")
        return source_of(self.execute) if sources is None else written(sources)

    @property
    def words(self) -> str:
        """What stands on the way that a condition guards."""
        return self.description or self.source


def create_step(
    definition: Any = None, *, id: str | None = None, description: str | None = None, input_schema: Any = None,
    output_schema: Any = None, resume_schema: Any = None, suspend_schema: Any = None, state_schema: Any = None,
    request_context_schema: Any = None, retries: int | None = None, retry: RetryPolicy | None = None,
    timeout: Seconds | None = None, strict_output: bool = False, metadata: Metadata | None = None,
    effects: Sequence[str] | None = None, queue: str | None = None, priority: int = 0,
    execute: Callable[..., Any] | None = None, options: Mapping[str, Any] | None = None, **more: Any,
) -> Step:  # fmt: skip
    """Make a step out of a function of the context, a tool or an agent.

    `options`, and whatever else is given by keyword, go to the agent with every call. Raises: DefinitionError
    """
    options = {**(options or {}), **more}
    given = {
        "id": id, "description": description, "input_schema": input_schema, "output_schema": output_schema,
        "resume_schema": resume_schema, "suspend_schema": suspend_schema,
    }  # fmt: skip
    made = {**adopt(definition, options), **{key: value for key, value in given.items() if value is not None}}
    run = execute or made.pop("execute", None)
    if run is None or not callable(run):
        raise DefinitionError("A step needs execute=: a function of the context.")
    if options and made.get("role") != "agent":
        raise DefinitionError(
            f"A step does not take {', '.join(sorted(options))}; only an agent takes further options."
        )
    asked = {**made, "state_schema": state_schema, "request_context_schema": request_context_schema}
    schemas = {key: schema_of(key, asked.get(key)) for key in SCHEMAS}
    says = said({"description": made.get("description"), "metadata": metadata})
    return Step(
        id=checked_id(made.get("id")), execute=run, description=says["description"], metadata=says["metadata"],
        **schemas, retries=None if retries is None else whole("retries, the tries after the first,", retries),
        retry=policy_of(retry), timeout=limit_of(timeout), strict_output=strict_output,
        effects=texts("effects", effects or ()), queue=None if queue is None else text("queue", queue),
        priority=whole("priority", priority, -LARGEST, LARGEST),
        role=made.get("role", "step"), definition=made.get("definition"), options=options,
    )  # fmt: skip


@overload
def step(function: Callable[..., Any], /) -> Step: ...


@overload
def step(**options: Any) -> Callable[[Callable[..., Any]], Step]: ...


def step(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a step out of a function; its schemas come from the annotations. Raises: DefinitionError"""

    def decorate(target: Callable[..., Any]) -> Step:
        found = signature.read(target)
        read = {
            "id": target.__name__.replace("_", "-"), "description": inspect.getdoc(target),
            "input_schema": found.input_schema, "output_schema": found.output_schema,
        }  # fmt: skip
        return create_step(execute=found.execute, **{**read, **options})

    return decorate if function is None else decorate(function)


def clone_step(original: Step, *, id: str) -> Step:
    """Copy a step under another id, so that it can stand twice in a workflow. Raises: DefinitionError"""
    return replace(original, id=checked_id(id))


def helper(role: str, function: Callable[..., Any]) -> Step:
    """Make the step behind a condition, a computed sleep or a computed concurrency."""
    if not callable(function):
        raise DefinitionError(f"A {role} is a function of the context, got {function!r}.")
    return Step(id=role, role=role, execute=function, description=describe_function(function))


def describe_function(function: Callable[..., Any]) -> str | None:
    """Put a function in words: its docstring's first line, else its name; a lambda has none."""
    doc = inspect.getdoc(function)
    if doc:
        return doc.splitlines()[0].rstrip(".")
    name: str = getattr(function, "__name__", LAMBDA)
    return None if name == LAMBDA else name.replace("_", " ").strip()
