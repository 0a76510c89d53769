"""Time travel: one event that sets a run back to before a step.

The plan names what is forgotten (the target and all that follows it) and what is assumed (results given by
the caller, containers that open again). What went before must have a result, recorded or given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import GenericAlias
from typing import Any

from . import events as e
from .arguments import entries
from .drift import kinds, place
from .errors import InvalidInput, MissingResult, StillRunning, UnknownStep
from .events import Event, Instant
from .history import History
from .nodes import Branch, Deadline, ForEach, Loop, Node, Parallel, Sequence, Sleep, When
from .nodes.nested import generation
from .paths import ITEM, is_below, item_of, public, to_list, to_text
from .records import OPEN, SETTLED
from .schema import ANY, Json, Schema, Value, alike, to_plain
from .verbs import check_items, checked_state, context_given, place_of
from .workflow import Workflow

Given = Mapping[str, Any]
DONE = ("success", "bailed", "skipped")
STATUSES = SETTLED | OPEN | {"paused", "pending", "tripwire"}
SINGLE = ("step", "nested", "foreach", "loop", "sleep", "event")
"""Entries that have one output, which given data can take the place of."""
PASSED = ("success", "skipped")
"""After these the next step runs; a bail ended everything, so what is behind it counts as a success."""


def rewind(
    workflow: Workflow, history: History, now: Instant, *, step: Any = None, input_data: Any = None,
    resume_data: Any = None, initial_state: Any = None, context: Given | None = None,
    nested_steps_context: Given | None = None, request_context: Given | None = None, per_step: bool = False,
    by: str | None = None,
) -> list[Event]:  # fmt: skip
    """Plan the way back to before a step.

    Raises: UnknownStep, StillRunning, MissingResult, InvalidInput, InvalidState
    """
    if step is None or step == "" or step == []:
        raise UnknownStep("A step is required: say which step to travel to.")
    if history.running or (history.status == "canceled" and not history.finished):
        raise StillRunning("This workflow run is still running, cannot time travel. Cancel it or wait for its end.")
    target = to_text(step)
    if place(target) not in workflow.places:
        known = ", ".join(workflow.places)
        raise UnknownStep(f"The workflow {workflow.id!r} has no step {target!r}. Its steps: {known}.")
    check_items(history, target)
    lists = {public(path) for path in history.items}
    if any(target[: found.start()] not in lists for found in ITEM.finditer(target)):
        raise UnknownStep(f"{target!r} names an item where no list is recorded.")
    data = None
    if input_data is not None:
        schema = takes(workflow, target) if workflow.validate_inputs else ANY
        data = schema.normalise(input_data, InvalidInput, "Invalid inputData: ")
    plan = Plan(history, results(workflow, context), nested_results(workflow, nested_steps_context), data)
    plan.descend(workflow, "", "", to_list(target))
    if data is not None:
        plan.give_input(workflow, target, data)
    plan.close()
    state = None
    if initial_state is not None:
        state = checked_state(workflow, initial_state)
    return [
        e.RunRewound(
            now, target, tuple(plan.forget), Value.of(plan.assume), plan.input,
            None if resume_data is None else Value.of(resume_data), state,
            context_given(request_context), 1 if per_step else None,
            workflow.fingerprint, by,
        )
    ]  # fmt: skip


def takes(workflow: Workflow, target: str) -> Schema:
    """Say what data for a target must fit: its input, and for a foreach as a whole a list of its items'."""
    node = place_of(workflow, target)
    inner = getattr(node, "workflow", None)
    schema: Schema = inner.input_schema if inner is not None else getattr(node, "input_schema", ANY)
    if target.endswith("]") or dict(kinds(workflow.root)).get(place(target)) != ForEach.kind:
        return schema
    return Schema(list if schema.is_any else GenericAlias(list, (schema.declared,)))


def results(workflow: Workflow, context: Any, inside: str = "") -> dict[str, dict[str, Json]]:
    """Read the step results that a caller gives. Raises: InvalidInput, UnknownStep"""
    given = entries("The context", context)
    where = inside.rstrip(".") or workflow.id
    for step_id in given:
        if step_id != "input" and place(f"{inside}{step_id}") not in workflow.places:
            raise UnknownStep(f"The context names {step_id!r}, which is no step of {where!r}.")
    return spelled(given)


def nested_results(workflow: Workflow, context: Any) -> dict[str, dict[str, dict[str, Json]]]:
    """Read the step results given for nested workflows, by their place. Raises: InvalidInput, UnknownStep"""
    found = {}
    for name, given in entries("The context of nested steps", context).items():
        if getattr(workflow.places.get(name), "workflow", None) is None:
            raise UnknownStep(f"The context of nested steps names {name!r}, which is no workflow in {workflow.id!r}.")
        found[name] = results(workflow, given, f"{name}.")
    return found


def spelled(given: Given) -> dict[str, dict[str, Json]]:
    """Read step results in snake or camel case."""
    names = {"startedAt": "started_at", "endedAt": "ended_at"}
    found: dict[str, dict[str, Json]] = {}
    for step_id, result in given.items():
        if step_id == "input":
            continue
        if not isinstance(result, Mapping):
            raise InvalidInput(f"The context of {step_id!r} is a step result: a dict with status and output.")
        plain = {names.get(key, key): value for key, value in result.items()}
        check_result(step_id, plain)
        kept = {key: plain[key] for key in ("status", "payload", "output") if key in plain}
        found[step_id] = to_plain({"status": "success", **kept})
    return found


def check_result(step_id: str, result: Mapping[Any, Any]) -> None:
    """Refuse a status that there is not, and a time that is none. Raises: InvalidInput"""
    status = result.get("status", "success")
    if not isinstance(status, str) or status not in STATUSES:
        known = ", ".join(sorted(STATUSES))
        raise InvalidInput(f"The context gives {step_id!r} the status {status!r:.80}; it may be one of {known}.")
    for name in ("started_at", "ended_at"):
        if not isinstance(result.get(name), int | float | datetime | None) or isinstance(result.get(name), bool):
            raise InvalidInput(f"The context gives {step_id!r} for {name} {result[name]!r:.80}, which is no time.")


def done(result: Given) -> dict[str, Json]:
    """Take what stands before the target as done, however it ended."""
    return {**result, "status": result["status"] if result["status"] in PASSED else "success"}


def begins(entry: Node, member_id: str) -> bool:
    """Tell whether what reaches the entry reaches this member of it."""
    arms = entry.children() if isinstance(entry, Parallel | Branch | When) else (entry,)
    return any(next(iter(arm.members())).id == member_id for arm in arms)


def within_limit(entry: Node) -> Node:
    """Give the construct behind its time limit."""
    return entry.node if isinstance(entry, Deadline) else entry


@dataclass(slots=True)
class Plan:
    """What a rewind forgets and assumes, gathered on the way down to its target."""

    history: History
    context: dict[str, dict[str, Json]]
    nested: dict[str, dict[str, dict[str, Json]]]
    data: Value | None = None
    forget: list[str] = field(default_factory=list)
    assume: dict[str, dict[str, Json]] = field(default_factory=dict)
    input: Value | None = None
    path: str = ""
    previous: tuple[str, Node] | None = None
    replaced: Node | None = None
    given_before: tuple[Json, ...] = ()
    is_first: bool = False
    entry: Node | None = None

    def descend(self, workflow: Any, prefix: str, place_prefix: str, parts: list[str | int]) -> None:
        """Plan one level: what is before the target's entry, the entry, and what follows it."""
        member_id = str(parts[0])
        given = self.context if not prefix else self.nested.get(place_prefix.rstrip("."), {})
        entries = [within_limit(entry) for entry in workflow.entries]
        index = next(i for i, entry in enumerate(entries) if member_id in {m.id for m in entry.members()})
        is_target = parts[1:] == [] and begins(entries[index], member_id)
        # The data that is given takes the place of its output, so it needs none.
        self.replaced = entries[index - 1] if index and is_target and self.data is not None else None
        for entry in entries[:index]:
            self._before(entry, prefix, given)
        for entry in entries[index + 1 :]:
            self.forget += [f"{prefix}{member.id}" for member in entry.members()]
        # There is as much time again as at first.
        limited = [entry.id for entry in workflow.entries[index:] if isinstance(entry, Deadline)]
        limited += [workflow.id] if workflow.timeout is not None else []
        self.forget += [f"{prefix}{name}/deadline" for name in limited]
        entry = entries[index]
        self._beside(entry, member_id, prefix, given)
        if is_target:
            self.previous = (prefix, entries[index - 1]) if index else None
            self.is_first = index == 0 and not prefix
            before = entries[index - 1].members() if index else ()
            self.given_before = tuple(given[m.id].get("output") for m in before if m.id in given)
        self._enter(entry, member_id, prefix, place_prefix, parts[1:])

    def _enter(self, entry: Node, member_id: str, prefix: str, place_prefix: str, rest: list[str | int]) -> None:
        member: Any = next(m for m in entry.members() if m.id == member_id)
        base = f"{prefix}{member_id}"
        item = f"{base}[{rest[0]}]" if rest and isinstance(rest[0], int) else None
        inner = rest[1:] if item else rest
        if item is not None:
            self._open(base, "foreach")
        if not inner:
            self._retarget(entry, base, item)
            return
        if isinstance(entry, ForEach) and item is None:
            inside = ".".join(str(part) for part in inner)
            raise UnknownStep(f"{base!r} runs once for each item. Name one of them, as in '{base}[0].{inside}'.")
        path = item or self.history.latest.get(public(base), base)
        self._open(path, "nested")
        if isinstance(entry, Loop):
            self.forget.append(f"{path}/condition")
        record = self.history.record(path)
        marked = generation(path, record.attempt if record else 1)
        parsed = self.history.record(f"{marked}/input")
        if member.parse is not None and (parsed is None or parsed.status not in DONE):
            payload = record.input.raw if record else self.assume[path]["payload"]
            self.assume[f"{marked}/input"] = {"status": "success", "output": payload, "role": "input"}
        self.descend(member.workflow, f"{marked}.", f"{place_prefix}{member_id}.", inner)

    def _retarget(self, entry: Node, base: str, item: str | None) -> None:
        """Forget the target; of a foreach that was cut short, over the same list, only what did not succeed."""
        self.entry = entry
        record = self.history.record(base)
        self.path = item or base
        if item is not None:
            self.forget.append(item)
        elif record is not None and record.role == "foreach" and record.status not in DONE and self._has_begun(base):
            self._open(base, "foreach")
            for path, one in self.history.records.items():
                split = item_of(path)
                if split is not None and split[0] == base and path.endswith("]") and one.status not in DONE:
                    self.forget.append(path)
        else:
            self.forget.append(base)
            if isinstance(entry, Branch | When):
                self.assume[base] = {"status": "ready"} | ({} if record is None else {"role": record.role})

    def _has_begun(self, base: str) -> bool:
        """Tell whether a foreach has begun on the very list that reaches it now."""
        items = self.history.items[base]
        given = self.given_before if self.data is None else (self.data.raw,)
        return items.next > 0 and all(alike(one, items.values) for one in given)

    def _open(self, path: str, role: str) -> None:
        record = self.history.record(path)
        payload = {} if record is not None else {"payload": self.context.get(public(path), {}).get("payload", {})}
        self.assume[path] = {"status": "running", "role": role, **payload}

    def _before(self, entry: Node, prefix: str, given: Given) -> None:
        """See to it that everything before the target has a result. Raises: MissingResult"""
        if isinstance(entry, Branch | When):
            self._chosen(entry, prefix, given)
            return
        for member in entry.members():
            self._settled(member, entry, prefix, given)

    def _settled(self, member: Node, entry: Node, prefix: str, given: Given) -> None:
        path = f"{prefix}{member.id}"
        found = self.history.find(public(path))
        role = "foreach" if isinstance(entry, ForEach) else getattr(member, "role", member.kind)
        if isinstance(entry, Loop) and (found is None or member.id in given):
            self._finished_loop(entry, path, member.id, given)
        elif member.id in given:
            self.assume[path] = {**done(given[member.id]), "role": role}
        elif found is not None and found.status in PASSED:
            return
        elif found is not None and (found.status in SETTLED or entry is self.replaced):
            output = found.output.raw if found.output is not None else {}
            self.assume[found.path] = {"status": "success", "output": output, "role": role}
        elif isinstance(member, Sleep):
            self.assume[path] = {"status": "success", "output": {}, "role": "sleep"}
        else:
            raise MissingResult(
                f"The step {public(path)!r} comes before the target and has no result. "
                "Give one in context, or travel to an earlier step."
            )

    def _finished_loop(self, loop: Loop, path: str, member_id: str, given: Given) -> None:
        if member_id not in given:
            raise MissingResult(f"The loop over {member_id!r} comes before the target and has no result.")
        self.forget.append(path)
        self.assume[f"{path}#1"] = {**done(given[member_id]), "role": getattr(loop.body, "role", loop.body.kind)}
        self.assume[f"{path}#1/condition"] = {"status": "success", "output": loop.until, "role": "condition"}

    def _chosen(self, entry: Branch | When, prefix: str, given: Given) -> None:
        """Say which arms were taken: those with a result, recorded or given."""
        arms = [arm.node for arm in entry.arms] if isinstance(entry, Branch) else [entry.node]
        for arm in arms:
            members = list(arm.members())
            taken = any(m.id in given or self.history.find(public(f"{prefix}{m.id}")) for m in members)
            asked = f"{prefix}{members[0].id}/condition"
            if self.history.record(asked) is None or any(m.id in given for m in members):
                self.assume[asked] = {"status": "success", "output": taken, "role": "condition"}
            if taken:
                for member in members:
                    self._settled(member, arm, prefix, given)

    def _beside(self, entry: Node, member_id: str, prefix: str, given: Given) -> None:
        """Keep what stands beside the target: siblings of a parallel, earlier steps of an arm."""
        if isinstance(entry, Parallel):
            for node in entry.nodes:
                ids = [member.id for member in node.members()]
                if member_id in ids:
                    self._within_arm(node, member_id, prefix, given)
                    continue
                records = {member.id: self.history.find(public(f"{prefix}{member.id}")) for member in node.members()}
                goes_on = any(one is not None and one.is_open and name not in given for name, one in records.items())
                for member in node.members():
                    record = records[member.id]
                    if member.id in given or not (goes_on or (record is not None and record.status in DONE)):
                        result = given.get(member.id, {"status": "success", "output": {}})
                        self.assume[f"{prefix}{member.id}"] = {
                            **result,
                            "role": getattr(member, "role", member.kind),
                        }
        elif isinstance(entry, Branch | When):
            for node in entry.children():
                ids = [member.id for member in node.members()]
                if member_id in ids:
                    self._within_arm(node, member_id, prefix, given)
                else:
                    # If its turn comes now, it runs.
                    self.forget += [f"{prefix}{name}" for name in ids if self._has_no_result(f"{prefix}{name}")]
                self.forget.append(f"{prefix}{ids[0]}/condition")
                # Whether it is passed by again, the condition says.
                paths = [f"{prefix}{one}" for one in ids]
                self.forget += [p for p in paths if (r := self.history.record(p)) and r.status == "skipped"]

    def _has_no_result(self, path: str) -> bool:
        record = self.history.find(public(path))
        return record is not None and record.status in ("skipped", "failed", "canceled")

    def _within_arm(self, node: Node, member_id: str, prefix: str, given: Given) -> None:
        if not isinstance(node, Sequence):
            return
        ids = [member.id for member in node.members()]
        position = ids.index(member_id)
        for step in node.nodes[:position]:
            self._settled(step, step, prefix, given)
        self.forget += [f"{prefix}{later}" for later in ids[position + 1 :]]

    def _give_output(self, prefix: str, entry: Node, data: Json) -> None:
        """Put the data in the place of what the entry came to; of a loop, in its last pass."""
        node = entry.body if isinstance(entry, Loop) else entry
        path, role = node.place(prefix), getattr(node, "role", node.kind)
        if isinstance(entry, Loop):
            path = self.last_pass(path)
        record = self.history.record(path)
        payload = {} if record is None else {"payload": record.input.raw}
        self.assume[path] = {"status": "success", "output": data, "role": role, **payload}

    def last_pass(self, base: str) -> str:
        """Name the pass of a loop before the target that its condition ended, as recorded or as given."""
        first = f"{base}#1"
        return first if first in self.assume else self.history.latest.get(public(base), first)

    def close(self) -> None:
        """Forget what is open inside of what is taken as done: nobody needs its answer."""
        done = [path for path, given in self.assume.items() if given["status"] in SETTLED]
        for path, record in self.history.records.items():
            if record.is_open and any(path != one and is_below(path, one) for one in done):
                self.forget.append(path)

    def give_input(self, workflow: Workflow, target: str, value: Value) -> None:
        """Make the data the output of the entry before the target, of the first entry the run's input.

        Where nothing of the kind can stand before it, the data is the target's own input. Raises: InvalidInput
        """
        previous = self.previous
        if self.is_first:
            schema = workflow.input_schema if workflow.validate_inputs else ANY
            self.input = schema.normalise(value.raw, InvalidInput)
        elif previous is not None and previous[1].kind in SINGLE:
            self._give_output(*previous, value.raw)
        else:
            node = place_of(workflow, target)
            kind = getattr(node, "role", node.kind)
            path = f"{self.path}#1" if isinstance(self.entry, Loop) and self.entry.body is node else self.path
            self.assume[path] = {"status": "ready", "payload": value.raw, "role": kind}
