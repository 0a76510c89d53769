"""Workflow: a tree of nodes with schemas, built by chaining methods and frozen by commit()."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from . import nodes as n
from .builder import Builder
from .definition import check_graph, fingerprint_of
from .errors import EmptyWorkflow, NotCommitted
from .fit import FitWarning, warnings_of
from .nodes.step import Step
from .options import Seconds, callback, limit_of, positive_seconds, said, schema_of, whole
from .retry import NO_RETRY, RetryPolicy, policy_of
from .schedule import check_given, schedules_of
from .snapshot import WorkflowRun, WorkflowRuns
from .tools import Tool
from .workflow_tool import workflow_tool

if TYPE_CHECKING:
    from .engine import Engine
    from .run import Run

logger = logging.getLogger("workflows")
Callback = Callable[[Any], Any]


class Workflow(Builder):
    """What a run follows: entries one after another, each a step or a construct of steps.

    The methods of Builder add them; `commit()` freezes it. Raises: DefinitionError for an option that cannot be
    """

    def __init__(
        self, *, id: str, description: str | None = None, input_schema: Any = None, output_schema: Any = None,
        state_schema: Any = None, request_context_schema: Any = None, retry: RetryPolicy | None = None,
        metadata: Mapping[str, Any] | None = None, validate_inputs: bool = True,
        auto_restart_active_runs: bool = True, max_concurrency: int | None = None,
        on_start: Callback | None = None, on_finish: Callback | None = None, on_error: Callback | None = None,
        schedule: Any = None, timeout: Seconds | None = None, retention: Seconds | None = None,
    ) -> None:  # fmt: skip
        super().__init__(id)
        says = said({"description": description, "metadata": metadata})
        self.description, self.metadata = says["description"], says["metadata"] or {}
        self.input_schema = schema_of("input_schema", input_schema)
        self.output_schema = schema_of("output_schema", output_schema)
        self.state_schema = schema_of("state_schema", state_schema)
        self.request_context_schema = schema_of("request_context_schema", request_context_schema)
        self.retry = policy_of(retry) or NO_RETRY
        self.validate_inputs = validate_inputs
        self.auto_restart_active_runs = auto_restart_active_runs
        self.max_concurrency = None if max_concurrency is None else whole("max_concurrency", max_concurrency, 1)
        self.on_start = callback("on_start", on_start)
        self.on_finish, self.on_error = callback("on_finish", on_finish), callback("on_error", on_error)
        self.schedules = schedules_of(schedule)
        self.retention = None if retention is None else positive_seconds(retention)
        self.timeout = limit_of(timeout)
        self.warnings: tuple[FitWarning, ...] = ()
        self.engine: Any = None

    def commit(self) -> Self:
        """Freeze the workflow and check that it holds together.

        Raises: EmptyWorkflow, DuplicateStepId, UnknownReference
        """
        if not self.committed:
            if not self.entries:
                raise EmptyWorkflow(f"The workflow {self.id!r} has no entries. Add steps with .then(step) first.")
            check_graph(self.id, self.members())
            self.warnings = warnings_of(self)
            for warning in self.warnings:
                logger.warning("workflow %s: %s", self.id, warning.message)
            for schedule in self.schedules:
                check_given(schedule, self)
            self.committed = True
        return self

    def nested(self) -> n.Nested:
        """Make a node of it, committing it if needed."""
        self.commit()
        parse = None
        if not self.input_schema.is_any:
            parse = Step(id="input", role="input", execute=lambda ctx: ctx.input_data, input_schema=self.input_schema)
        return n.Nested(id=self.id, description=self.description, workflow=self, parse=parse)

    def members(self) -> list[n.Node]:
        return [member for entry in self.entries for member in entry.members()]

    # Reading

    @property
    def steps(self) -> dict[str, n.Node]:
        """The steps and nested workflows, by id."""
        return {node.id: node for node in self.members()}

    @cached_property
    def root(self) -> n.Node:
        """The committed tree. Raises: EmptyWorkflow, NotCommitted"""
        self.check_committed()
        body = n.Sequence(id=self.id, nodes=tuple(self.entries))
        return body if self.timeout is None else n.Deadline(id=self.id, node=body, seconds=self.timeout)

    def check_committed(self) -> None:
        """Refuse a workflow that cannot run. Raises: EmptyWorkflow, NotCommitted"""
        if not self.entries:
            raise EmptyWorkflow(f"The workflow {self.id!r} has no entries. Add steps with .then(step) first.")
        if not self.committed:
            raise NotCommitted(f"The workflow {self.id!r} was not committed. Call .commit() after its last entry.")

    @cached_property
    def places(self) -> dict[str, n.Node]:
        """Every step by its public path without item indexes, in the order of the graph."""
        found: dict[str, n.Node] = {}
        for node in self.root.members():
            found[node.id] = node
            inner = getattr(node, "workflow", None)
            if inner is not None:
                found.update({f"{node.id}.{path}": below for path, below in inner.places.items()})
        return found

    @cached_property
    def heard(self) -> dict[str, Workflow]:
        """The nested workflows that have a callback for their end, by place."""
        nested = {path: getattr(node, "workflow", None) for path, node in self.places.items()}
        return {path: inner for path, inner in nested.items() if inner and (inner.on_finish or inner.on_error)}

    @property
    def serialized_step_graph(self) -> Any:
        """The graph as JSON. Shape: the `stepGraph` of the HTTP API."""
        return SERIALIZE[0](self)

    @property
    def max_payload(self) -> int | None:
        """How many bytes a value may have; no number where no engine says so."""
        return None if self.engine is None else self.engine.max_payload

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the graph's shape: ids, kinds and nesting, not the code."""
        return fingerprint_of(self.root)

    # Running

    async def create_run(
        self, run_id: str | None = None, resource_id: str | None = None, idempotency_key: str | None = None,
        tags: Sequence[str] = (),
    ) -> Run:  # fmt: skip
        """Make a run of this workflow, or get the one that has this id or key.

        Raises: EmptyWorkflow, NotCommitted, RunIdTaken, InvalidInput
        """
        self.check_committed()
        return await self.bound().create_run(
            self, run_id=run_id, resource_id=resource_id, idempotency_key=idempotency_key, tags=tags
        )

    async def list_workflow_runs(
        self, *, status: str | Sequence[str] | None = None, from_date: datetime | None = None,
        to_date: datetime | None = None, resource_id: str | None = None, tags: Sequence[str] = (),
        page: int | None = None, per_page: int | None = None,
    ) -> WorkflowRuns:  # fmt: skip
        """List this workflow's runs, newest first; without `per_page` all of them. Raises: InvalidInput"""
        return await self.bound().list_workflow_runs(
            self, status=status, from_date=from_date, to_date=to_date, resource_id=resource_id, tags=tags, page=page,
            per_page=per_page,
        )  # fmt: skip

    async def get_workflow_run_by_id(
        self, run_id: str, *, fields: Sequence[str] | None = None, with_nested_workflows: bool = True
    ) -> WorkflowRun | None:
        """Read a run; None when there is none. Raises: InvalidInput for an unknown field"""
        return await self.bound().get_workflow_run_by_id(
            self, run_id, fields=fields, with_nested_workflows=with_nested_workflows
        )

    async def delete_workflow_run_by_id(self, run_id: str) -> None:
        """Delete a run that is not active, with everything recorded of it. Raises: RunNotFound, StillRunning"""
        await self.bound().delete_workflow_run_by_id(self, run_id)

    async def list_active_workflow_runs(self) -> WorkflowRuns:
        """List the runs that are running or waiting."""
        return await self.bound().list_active_workflow_runs(self)

    async def restart_all_active_workflow_runs(self) -> None:
        """Restart every active run whose worker is gone."""
        await self.bound().restart_all_active_workflow_runs(self)

    def as_tool(self) -> Tool:
        """Give a tool `workflow-<id>` with which an agent calls this workflow."""
        return workflow_tool(self)

    def copy(self) -> Workflow:
        """Give the same committed workflow for another engine."""
        self.commit()
        return copy(self)

    def bound(self) -> Engine:
        """The engine this workflow is registered with, a private one in memory otherwise."""
        if self.engine is None:
            self.engine = BINDER[0](self)
        engine: Engine = self.engine
        return engine


# Filled in by the package: what binds an unregistered workflow and what writes graphs lives in layers above.
BINDER: list[Callable[[Workflow], Engine]] = []
SERIALIZE: list[Callable[[Workflow], Any]] = []


create_workflow = Workflow
"""Begin a workflow."""


def clone_workflow(workflow: Workflow, *, id: str) -> Workflow:
    """Copy a workflow with everything it has under another id."""
    names = inspect.signature(Workflow).parameters.keys() - {"id", "schedule"}
    options: dict[str, Any] = {name: getattr(workflow, name) for name in names}
    clone = Workflow(id=id, schedule=workflow.schedules, **options)
    clone.entries = list(workflow.entries)
    return clone.commit() if workflow.committed else clone
