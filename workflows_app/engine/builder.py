"""Builder: the methods that chain the entries of a workflow, and how what authors give becomes nodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, Self

from . import nodes as n
from .errors import DefinitionError, EmptyWorkflow
from .nodes import mapping
from .nodes.adopted import Reference
from .nodes.branch import Mode
from .nodes.parallel import OnError
from .nodes.step import create_step, helper
from .options import (
    Seconds,
    at_a_time,
    aware,
    check_options,
    checked_seconds,
    limit_of,
    listed,
    mapped,
    said,
    schema_of,
    text,
)
from .paths import checked_id
from .questions import to_instant

TIMED = frozenset({"parallel", "branch", "foreach", "loop"})
Condition = Callable[[Any], Any]


class Builder(ABC):
    """Entries one after another, each a step or a construct of steps.

    Every method adds an entry and returns the workflow. All of them take `id`, `description` and `metadata` for
    the entry; parallel, branch, foreach and the loops also a `timeout`. Raises: DefinitionError for what cannot be
    """

    def __init__(self, id: str) -> None:
        self.id = checked_id(id, "workflow")
        self.entries: list[n.Node] = []
        self.committed = False

    @abstractmethod
    def nested(self) -> n.Nested:
        """Make a node of the whole."""

    def then(self, step: Any, **entry: Any) -> Self:
        """Run a step, a workflow, a tool or an agent on the value."""
        return self.add(described(as_node(step), entry))

    def parallel(self, members: Sequence[Any], on_error: OnError = "wait_all", **entry: Any) -> Self:
        """Run the members side by side on the same value. A list is a sequence of its steps."""
        if on_error not in ("wait_all", "fail_fast", "collect"):
            raise DefinitionError(f"on_error is 'wait_all', 'fail_fast' or 'collect', got {on_error!r}.")
        if not listed("parallel", members, "steps"):
            raise EmptyWorkflow("parallel needs at least one member.")
        return self._add_timed(
            n.Parallel(nodes=as_nodes(members), on_error=on_error, **self._entry("parallel", entry)), entry
        )

    def branch(
        self, arms: Sequence[tuple[Condition, Any]], mode: Mode = "all", otherwise: Any = None, **entry: Any
    ) -> Self:
        """Run those arms whose condition holds, or with mode="first" the first of them."""
        if mode not in ("all", "first"):
            raise DefinitionError(f"A branch's mode is 'all' or 'first', got {mode!r}.")
        pairs = [listed("An arm", arm, "a condition and a step") for arm in listed("branch", arms, "arms")]
        if any(len(pair) != 2 for pair in pairs):
            raise DefinitionError("An arm of a branch is a pair of a condition and a step.")
        made = tuple(n.Arm(helper("condition", condition), as_node(arm)) for condition, arm in pairs)
        if not made:
            raise EmptyWorkflow("branch needs at least one arm.")
        last = None if otherwise is None else as_node(otherwise)
        return self._add_timed(n.Branch(arms=made, mode=mode, otherwise=last, **self._entry("branch", entry)), entry)

    def when(self, condition: Condition, step: Any, otherwise: Any = None, **entry: Any) -> Self:
        """Run the step only if the condition holds; else the value passes by, or `otherwise` runs."""
        last = None if otherwise is None else as_node(otherwise)
        asked = helper("condition", condition)
        return self.add(n.When(condition=asked, node=as_node(step), otherwise=last, **self._entry("when", entry)))

    def dowhile(self, body: Any, condition: Condition, **entry: Any) -> Self:
        """Run the body again and again while the condition holds; at least once."""
        return self._loop(body, condition, until=False, entry=entry)

    def dountil(self, body: Any, condition: Condition, **entry: Any) -> Self:
        """Run the body again and again until the condition holds; at least once."""
        return self._loop(body, condition, until=True, entry=entry)

    def _loop(self, body: Any, condition: Condition, *, until: bool, entry: dict[str, Any]) -> Self:
        asked = helper("condition", condition)
        return self._add_timed(
            n.Loop(body=as_body(body), condition=asked, until=until, **self._entry("loop", entry)), entry
        )

    def foreach(self, body: Any, concurrency: int | Callable[[Any], int] = 1, **entry: Any) -> Self:
        """Run the body for each item of the list, so many at a time."""
        limit = helper("concurrency", concurrency) if callable(concurrency) else at_a_time(concurrency)
        return self._add_timed(n.ForEach(body=as_body(body), concurrency=limit, **self._entry("foreach", entry)), entry)

    def map(self, source: Any, **entry: Any) -> Self:
        """Make the next value out of earlier ones: by a function, or key by key from sources."""
        made = self._entry("mapping", entry)
        metadata = made["metadata"]
        if isinstance(source, Mapping):
            sources = mapping.checked_sources(source)
            reads = sorted(mapping.references(sources))
            step = create_step(id=made["id"], description=made["description"], execute=mapping.mapper(sources))
            return self.add(replace(step, role="map", metadata=metadata, options={"reads": reads, "sources": sources}))
        if not callable(source):
            raise DefinitionError(f"map takes a function or a dict of sources, got {source!r}.")
        step = create_step(id=made["id"], description=made["description"], execute=source)
        return self.add(replace(step, role="map", metadata=metadata))

    def sleep(self, duration: Seconds | Callable[[Any], Any], **entry: Any) -> Self:
        """Wait for seconds, a timedelta, or what a function of the context computes."""
        made = self._entry("sleep", entry)
        if callable(duration):
            return self.add(n.Sleep(duration=helper("duration", duration), **made))
        return self.add(n.Sleep(seconds=checked_seconds(duration, "A sleep"), **made))

    def sleep_until(self, moment: datetime | Callable[[Any], Any], **entry: Any) -> Self:
        """Wait until an aware datetime, or the one that a function of the context computes."""
        made = self._entry("sleep", entry)
        if callable(moment):
            return self.add(n.Sleep(duration=helper("until", moment), **made))
        return self.add(n.Sleep(until=to_instant(aware(moment)), **made))

    def wait_for_event(
        self, name: str, match: dict[str, Any] | None = None, timeout: Seconds | None = None, schema: Any = None,
        **entry: Any,
    ) -> Self:  # fmt: skip
        """Suspend until `engine.send_event(name, payload)`; the payload is the output."""
        limit = limit_of(timeout)
        made = self._entry("event", entry)
        name, match = text("The name of an event", name), mapped("match", match)
        return self.add(
            n.WaitForEvent(name=name, match=match, timeout=limit, schema=schema_of("schema", schema), **made)
        )

    def tool(self, tool: Any, **options: Any) -> Self:
        """Run a tool, by object or by the id it is registered under.

        Takes what `create_step` takes: id, retries, timeout and so on.
        """
        return self.then(create_step(named(tool, "tool"), **options))

    def agent(self, agent: Any, **options: Any) -> Self:
        """Ask an agent, by object or by the id it is registered under.

        Takes what `create_step` takes: id, output_schema, retries, options for the agent and so on.
        """
        return self.then(create_step(named(agent, "agent"), **options))

    def _add_timed(self, node: n.Node, entry: dict[str, Any]) -> Self:
        limit = limit_of(entry.get("timeout"))
        return self.add(node if limit is None else n.Deadline(id=node.id, node=node, seconds=limit))

    def add(self, node: n.Node) -> Self:
        """Append a node of any kind. Raises: DefinitionError after commit()."""
        if self.committed:
            raise DefinitionError(f"The workflow {self.id!r} is committed. Build a new one, or clone it.")
        self.entries.append(node)
        return self

    def _entry(self, kind: str, entry: dict[str, Any]) -> dict[str, Any]:
        known = {"id", "description", "metadata"} | ({"timeout"} if kind in TIMED else set())
        check_options(kind, entry, known)
        count = sum(1 for node in self.entries if node.id.startswith(f"{kind}_{self.id}_"))
        given = entry.get("id")
        node_id = checked_id(f"{kind}_{self.id}_{count}" if given is None else given, "entry")
        return {"id": node_id, **said(entry)}


def as_node(given: Any) -> n.Node:
    """Take a step, workflow, tool, agent or list of these as a node."""
    if isinstance(given, n.Node):
        return given
    if isinstance(given, Builder):
        return given.nested()
    if isinstance(given, list | tuple):
        if not given:
            raise EmptyWorkflow("A list of steps is empty. Give at least one step.")
        members = as_nodes(given)
        return n.Sequence(id=members[-1].output_id, nodes=members)
    return create_step(given)


def as_nodes(given: Sequence[Any]) -> tuple[n.Node, ...]:
    return tuple(as_node(one) for one in given)


def as_body(given: Any) -> n.Node:
    node = as_node(given)
    if not isinstance(node, n.Step | n.Nested):
        raise DefinitionError("The body of a loop or foreach is a step or a workflow. Nest a workflow for more.")
    return node


def described(node: n.Node, entry: dict[str, Any]) -> n.Node:
    """Put what the entry says on a node; a step keeps its own id."""
    check_options("then", entry, {"id", "description", "metadata"})
    says = {key: value for key, value in said(entry).items() if value is not None}
    return replace(node, **says) if says else node


def named(given: Any, kind: Literal["tool", "agent"]) -> Any:
    """Stand in for a tool or agent that is looked up in the registry when the step runs."""
    return Reference(given, kind) if isinstance(given, str) else given
