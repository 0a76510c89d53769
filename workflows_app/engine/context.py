"""What user code sees of the run: the StepContext and its parts.

A context is made for one call and notes what the code asks for (state changes, a suspension, a bail);
`perform` turns the notes into one event. Nothing a function does to what it was handed reaches a record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .abort import AbortSignal
from .arguments import entries
from .errors import InvalidPayload, InvalidResumeData, InvalidState, InvalidSuspendData, StepError, glimpse
from .events import too_large
from .history import History
from .paths import is_helper, last_id, public, scope_of, to_text, without_tries
from .questions import Question, policy_of, rungs_of, to_instant
from .records import Record
from .schema import ANY, EMPTY, Json, Schema, Value, to_plain, trusted
from .secrets import covered
from .signature import is_async
from .traces import trace_id, try_id

StateChange = Mapping[str, Any] | Callable[[Any], Any]


class Ready:
    """An awaitable that has its result already, so that calls work with and without `await`."""

    __slots__ = ("result",)

    def __init__(self, result: Any = None) -> None:
        self.result = result

    def __await__(self) -> Generator[None, None, Any]:
        return self.result
        yield


class RequestContext(MutableMapping[str, Any]):
    """Request-scoped values that every step of a run can read and set.

    Values that are JSON are kept over suspensions and crashes; others live as long as the process.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._values = dict(values or {})
        self._changed: set[str] = set()

    def set(self, key: str, value: Any) -> None:
        self[key] = value

    def has(self, key: str) -> bool:
        return key in self._values

    def delete(self, key: str) -> None:
        self.pop(key, None)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value
        self._changed.add(key)

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._changed.add(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"RequestContext({self._values!r})"

    @property
    def changes(self) -> Value | None:
        """What was set since the call began, as far as it is JSON."""
        return jsonable({key: self._values[key] for key in self._changed & self.keys()}) if self._changed else None

    @property
    def gone(self) -> tuple[str, ...]:
        """The keys that were deleted since the call began; what is no JSON was never stored."""
        return tuple(sorted(jsonable(dict.fromkeys(self._changed - self.keys())).raw))


def jsonable(values: Mapping[str, Any] | None) -> Value:
    """Keep the entries of a mapping that are JSON."""
    kept: dict[str, Json] = {}
    for key, value in (values or {}).items():
        try:
            kept |= to_plain({str(key): value})
        except InvalidPayload:
            logging.getLogger("workflows").debug("request context key %r is not JSON and is not stored", key)
    return Value.of(kept) if kept else EMPTY


class Writer:
    """Writes to the run's stream while the step works."""

    def __init__(self, emit: Callable[[Json, int], None], limit: int) -> None:
        self._emit, self._limit = emit, limit

    def write(self, value: Any) -> Ready:
        """Send a value to whoever watches. Raises: InvalidPayload"""
        self._send({"output": covered(to_plain(value))})
        return Ready()

    def custom(self, event: Mapping[str, Any]) -> Ready:
        """Send an event of your own. Shape: {"type": "data-…", "data": …}. Raises: InvalidPayload"""
        kind = entries("A custom event", event, InvalidPayload).get("type")
        if not isinstance(kind, str) or not kind.startswith("data-"):
            raise InvalidPayload(f"A custom event needs a type that begins with 'data-', got {kind!r}.")
        self._send({**covered(to_plain(event)), "type": kind})
        return Ready()

    def _send(self, chunk: Json) -> None:
        size = trusted(chunk).size
        if size > self._limit:
            raise too_large("output", size, self._limit)
        self._emit(chunk, size)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a tool call inside a step asked before: its question, what it kept, and the answer."""

    question: Value | None = None
    kept: Value | None = None
    answer: Value | None = None


class StepContext:
    """Everything a step, condition or mapper may know and ask of its run."""

    def __init__(
        self, *, call: Any, record: Record, history: History, value: Any, run: Any, engine: Any,
        signal: AbortSignal, emit: Callable[[Json, int], None], logger: logging.Logger,
    ) -> None:  # fmt: skip
        self._call, self._record, self._history = call, record, history
        self._part = ""
        self.input_data = value
        self.run_id: str = run.id
        self.resource_id: str | None = run.resource_id
        self.workflow_id: str = call.within.id
        self.engine = engine
        self._state = self.opened(history.state)
        self.logger = logger
        self.abort_signal = signal
        self.writer = Writer(emit, engine.max_payload)
        self.request_context = RequestContext(self.opened(history.context).data)
        self.changes: list[StateChange] = []
        self.asked: Question | None = None
        self.bailed: Value | None = None
        self.wants_abort = False

    @property
    def retry_count(self) -> int:
        """Number of failed tries before this one."""
        return self._record.failures

    @property
    def restarted(self) -> bool:
        """Whether a try of this step was lost in a crash."""
        return self._record.restarted

    @property
    def iteration_count(self) -> int:
        """Number of the loop's pass, from 1."""
        owner = self._history.record(self._call.path.partition("/")[0])
        return (owner.iteration_count if owner else None) or 1

    @property
    def idempotency_key(self) -> str:
        """The same text for every try of this step, and of the workflows that it stands in.

        Give it to services that may be called twice.
        """
        return f"{self.run_id}:{without_tries(self._call.path)}{self._part}"

    @property
    def occasion(self) -> str:
        """Which start of the step this is: another one after time travel, and in a nested workflow tried again."""
        return f"{self.run_id}:{self._call.path}{self._part}:{self._record.tries[0].attempt}"

    @property
    def trace_id(self) -> str:
        """The trace that the run belongs to: the same in every step, in every process, after every resume."""
        return trace_id(self.run_id, self._history)

    @property
    def span_id(self) -> str:
        """The span of this try of the step: what it calls elsewhere may name it as its parent."""
        return try_id(self.run_id, self._history, self._call.path, self._call.attempt)

    @property
    def is_resumed(self) -> bool:
        """Whether somebody answered the step's last question."""
        return self._record.resume_payload is not None

    @property
    def resume_data(self) -> Any:
        payload = self._record.resume_payload
        schema = self._step_schema("resume_schema") if self._validates else ANY
        return None if payload is None else schema.parse(self.opened(payload), InvalidResumeData)

    @property
    def suspend_data(self) -> Json:
        payload = self._record.suspend_payload
        return None if payload is None else self.opened(payload).data

    @property
    def suspend_output(self) -> Json:
        """What the step returned when it suspended: a place for what it has to remember."""
        payload = self._record.suspend_output
        return None if payload is None else self.opened(payload).data

    @property
    def state(self) -> Any:
        """A copy of the state as it was when the step began."""
        return self.view(self._state)

    def view(self, state: Value) -> Any:
        """Shape a state as the step's state schema says, else the workflow's."""
        return (self.state_schema if self._validates else ANY).parse(self.opened(state), InvalidState)

    def opened(self, value: Value) -> Value:
        """Give a recorded value with its secrets."""
        opened: Value = self.engine.vault.open(value)
        return opened

    @property
    def state_schema(self) -> Schema:
        return self._step_schema("state_schema") or self._call.within.state_schema or ANY

    @property
    def output_schema(self) -> Schema:
        return self._step_schema("output_schema")

    def _step_schema(self, name: str) -> Schema:
        return getattr(self._call.node, name, ANY)

    @property
    def _validates(self) -> bool:
        return bool(self._call.validates)

    def set_state(self, partial: Any) -> Ready:
        """Merge keys into the run's state when the step ends. Raises: InvalidState"""
        self.changes.append(self.patch(partial, self._merged()))
        return Ready()

    def update_state(self, change: Callable[[Any], Any]) -> Ready:
        """Change the state by a plain function of its newest value, applied atomically when the step ends.

        Raises: InvalidState
        """
        if not callable(change) or is_async(change):
            raise InvalidState(f"update_state takes a plain function of the state, got {glimpse(change)}.")
        self.changes.append(change)
        return Ready()

    def _merged(self) -> dict[str, Any]:
        state = dict(self._state.data)
        for change in self.changes:
            if isinstance(change, Mapping):
                state.update(change)
        return state

    def patch(self, partial: Any, base: dict[str, Any]) -> dict[str, Any]:
        """Validate the state that a partial one would give, and return the partial as JSON."""
        plain = to_plain(partial)
        if not isinstance(plain, dict):
            raise InvalidState(f"The state is a dict or a model, got {type(partial).__name__}.")
        if not self._validates or self.state_schema.is_any:
            return plain
        named = self.state_schema.named(plain)
        checked = self.state_schema.normalise({**base, **named}, InvalidState).raw
        return {key: checked[key] for key in named if key in checked}

    def get_init_data(self) -> Any:
        """The input of the workflow the step stands in, as its schema reads it."""
        scope = scope_of(self._call.path)
        value: Value | None = self._history.input
        if scope:
            parsed = self._history.record(f"{scope}/input") or self._history.find(public(scope))
            value = None if parsed is None else parsed.output if parsed.role == "input" else parsed.input
        schema = self._call.within.input_schema if self._validates else ANY
        return None if value is None else schema.parse(self.opened(value))

    def get_step_result(self, step: Any) -> Json:
        """The output of a finished step of this workflow; None when there is none."""
        record = self.find(to_text(step))
        return None if record is None or record.output is None else self.opened(record.output).data

    def find(self, step_id: str) -> Record | None:
        """Find the finished record of a step of this workflow, not of one inside a nested one."""
        if "." in step_id or "[" in step_id:
            return None
        scope = scope_of(self._call.path)
        record = self._history.find(public(f"{scope}.{step_id}" if scope else step_id))
        return record if record is not None and record.status in ("success", "bailed") else None

    def suspend(
        self, payload: Any = None, resume_label: str | list[str] | None = None, title: str | None = None,
        due: datetime | timedelta | float | None = None, assign_to: str | None = None,
        approvals: int | Sequence[str] = 1, allow_requester: bool = True, on_due: Any = None,
        body: str | None = None, priority: str = "normal", proposal: Any = None,
    ) -> Ready:  # fmt: skip
        """Ask a person: the step ends here and runs again with `resume_data` once somebody answers.

        `assign_to` names a person or a group. `approvals` people must give the same decision, or, where it
        names groups, one of each of them; who is in several decides for each. Without `allow_requester` whoever
        started the run may not answer. `on_due` says what happens when it is due (see `questions`). `body` is
        Markdown, `priority` one of urgent, high, normal, low. The form of the answer begins with the `proposal`,
        which may be wrong or not whole: the person is there to mend it.

        Raises: InvalidSuspendData, StepError in a condition and the like
        """
        if is_helper(self._call.path):
            raise StepError("Only a step can ask: no condition, duration or concurrency can. Ask in a step before it.")
        validates = self._validates
        value = None
        if payload is not None:
            schema = self._step_schema("suspend_schema") if validates else ANY
            value = schema.normalise(payload, InvalidSuspendData)
        labels = resume_label if isinstance(resume_label, list | tuple) else [resume_label]
        needed, groups = policy_of(approvals)
        self.asked = Question(
            payload=value, labels=tuple(label for label in labels if label is not None),
            title=title, due=to_instant(due, self.engine.now()), assign_to=assign_to,
            approvals=needed, groups=groups, allow_requester=allow_requester,
            on_due=rungs_of(on_due, self._step_schema("resume_schema") if validates else ANY),
            body=body, priority=priority, proposal=None if proposal is None else Value.of(proposal),
        ).checked()  # fmt: skip
        return Ready()

    def serve(self, tool: Any) -> None:
        """Let the schemas of a tool that was found by its id hold for this call."""
        self._call = self._call._replace(node=tool)

    def inside(self, tool: Any, part: str, earlier: Exchange | None = None) -> StepContext:
        """Make the context of a tool call that an agent makes inside this step.

        What the tool asks is its own; the state and what it writes are the step's. `earlier` is what the
        same call asked before.
        """
        said = earlier or Exchange()
        inner = copy(self)
        inner.serve(tool)
        inner._part = f"/{part}"
        inner._record = replace(
            self._record, suspend_payload=said.question, suspend_output=said.kept, resume_payload=said.answer
        )
        inner.asked = inner.bailed = None
        return inner

    def bail(self, result: Any = None) -> Any:
        """End the workflow early, with success and this result; does nothing in a condition and the like."""
        if not is_helper(self._call.path):
            self.bailed = Value.of(result)

    def abort(self) -> None:
        """Cancel the run."""
        self.wants_abort = True
        self.abort_signal.abort()

    def __repr__(self) -> str:
        return f"<StepContext {last_id(self._call.path)} of run {self.run_id}>"
