"""The workflow engine: pure Python and pydantic. This is what workflow authors import."""

from __future__ import annotations

from . import codec, workflow
from .abort import AbortSignal
from .context import RequestContext, StepContext
from .engine import Engine, private_engine
from .errors import (
    AmbiguousStep,
    AnswerRefused,
    ApprovalNotFound,
    Conflict,
    CrashLimit,
    DefinitionChanged,
    DefinitionError,
    DuplicateStepId,
    EmptyWorkflow,
    EngineStopped,
    InvalidData,
    InvalidInput,
    InvalidOutput,
    InvalidPayload,
    InvalidRequestContext,
    InvalidResumeData,
    InvalidState,
    InvalidSuspendData,
    JournalError,
    MissingResult,
    NonRetryableError,
    NotActive,
    NotCommitted,
    NotSuspended,
    ResumeAlreadyClaimed,
    RunAlreadyStarted,
    RunError,
    RunIdTaken,
    RunNotFound,
    SchemaMismatch,
    StepError,
    StepTimeout,
    StillRunning,
    Tripwire,
    UnknownReference,
    UnknownStep,
    UnreadableEvent,
    WorkflowNotFound,
    WorkflowsError,
)
from .memory import MemoryJournal
from .nodes import Step
from .nodes.mapping import const, from_context, from_init, from_step, template
from .nodes.step import clone_step, create_step, step
from .observe import Stream
from .ports import Agent
from .preview import Preview
from .retry import RetryPolicy
from .run import Run
from .schedule import Schedule
from .sensitive import Sensitive
from .snapshot import Result, StepResult, WorkflowRun, WorkflowRuns
from .tools import Tool, ToolContext, create_tool, tool
from .workflow import Workflow, clone_workflow, create_workflow

workflow.BINDER[:] = [private_engine]
workflow.SERIALIZE[:] = [codec.graph]

__all__ = [
    "AbortSignal",
    "Agent",
    "AmbiguousStep",
    "AnswerRefused",
    "ApprovalNotFound",
    "Conflict",
    "CrashLimit",
    "DefinitionChanged",
    "DefinitionError",
    "DuplicateStepId",
    "EmptyWorkflow",
    "Engine",
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
    "MemoryJournal",
    "MissingResult",
    "NonRetryableError",
    "NotActive",
    "NotCommitted",
    "NotSuspended",
    "Preview",
    "RequestContext",
    "Result",
    "ResumeAlreadyClaimed",
    "RetryPolicy",
    "Run",
    "RunAlreadyStarted",
    "RunError",
    "RunIdTaken",
    "RunNotFound",
    "Schedule",
    "SchemaMismatch",
    "Sensitive",
    "Step",
    "StepContext",
    "StepError",
    "StepResult",
    "StepTimeout",
    "StillRunning",
    "Stream",
    "Tool",
    "ToolContext",
    "Tripwire",
    "UnknownReference",
    "UnknownStep",
    "UnreadableEvent",
    "Workflow",
    "WorkflowNotFound",
    "WorkflowRun",
    "WorkflowRuns",
    "WorkflowsError",
    "clone_step",
    "clone_workflow",
    "const",
    "create_step",
    "create_tool",
    "create_workflow",
    "from_context",
    "from_init",
    "from_step",
    "step",
    "template",
    "tool",
]
