"""A conversation that waits: its messages, the calls that are still open, and what the others came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import BaseModel, Field
from pydantic_ai import DeferredToolRequests, DeferredToolResults, ToolApproved, ToolDenied
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ToolCallPart

from workflows_app.engine import InvalidResumeData
from workflows_app.engine.context import Exchange
from workflows_app.engine.questions import Question
from workflows_app.engine.schema import ANY, Json, Schema, Value

from .chunks import Chunk, plain
from .toolbox import Toolbox, read, spelled


class Approval(BaseModel):
    """The answer to an agent that asks whether it may call a tool."""

    approved: bool
    message: str = Field(default="", description="What the agent is told when it may not.")

    def given(self) -> ToolApproved | ToolDenied:
        return ToolApproved() if self.approved else ToolDenied(self.message or "A person did not allow this call.")


class OpenCall(BaseModel):
    """A call that waits for a person: of one of our tools, of one that needs an approval, or of another."""

    id: str
    kind: Literal["tool", "approval", "other"]
    tool: str
    args: Json = None
    question: dict[str, Json]
    kept: Json = None

    def answer_schema(self, toolbox: Toolbox) -> Schema:
        if self.kind == "approval":
            return Schema(Approval)
        return toolbox.tools[self.tool].resume_schema if self.kind == "tool" else ANY

    def ask(self, toolbox: Toolbox) -> Question:
        """Put the question, with the form of its answer."""
        question = read(self.question)
        return replace(question, form=self.answer_schema(toolbox).json_schema() or question.form)

    def asked_again(self, question: Question, kept: Json) -> Self:
        return self.model_copy(update={"question": spelled(question), "kept": kept})

    def refused(self, problem: InvalidResumeData) -> Self:
        """Ask for an answer that fits."""
        payload = self.question["payload"]
        told = payload if isinstance(payload, dict) else {"question": payload}
        return self.model_copy(update={"question": {**self.question, "payload": {**told, "problem": problem.message}}})


class Talk(BaseModel):
    """What an agent must remember while somebody is asked."""

    messages: list[Json]
    open: list[OpenCall]
    results: dict[str, Json] = {}
    approvals: dict[str, Approval] = {}

    @classmethod
    def of(cls, messages: Sequence[ModelMessage], asked: DeferredToolRequests, toolbox: Toolbox) -> Self:
        """Take a run that ended with open calls."""
        calls = [_open_call(part, "other", asked.metadata, toolbox) for part in asked.calls]
        approvals = [_open_call(part, "approval", asked.metadata, toolbox) for part in asked.approvals]
        return cls(messages=ModelMessagesTypeAdapter.dump_python(list(messages), mode="json"), open=calls + approvals)

    async def answered(self, data: Json, toolbox: Toolbox) -> Self:
        """Give the first open call its answer. Raises: what its tool raises"""
        call, *rest = self.open
        try:
            answer = call.answer_schema(toolbox).normalise(data, InvalidResumeData)
        except InvalidResumeData as problem:
            return self.model_copy(update={"open": [call.refused(problem), *rest]})
        if call.kind == "approval":
            approvals = {**self.approvals, call.id: Approval(**answer.data)}
            return self.model_copy(update={"open": rest, "approvals": approvals})
        result = answer.data
        if call.kind == "tool":
            earlier = Exchange(read(call.question).payload, Value.of(call.kept), answer)
            result, question = await toolbox.call(call.tool, call.args, call.id, earlier)
            if question is not None:
                return self.model_copy(update={"open": [call.asked_again(question, result), *rest]})
        return self.model_copy(update={"open": rest, "results": {**self.results, call.id: result}})

    def suspension(self, toolbox: Toolbox) -> Chunk:
        """Ask what the first open call asks."""
        question = self.open[0].ask(toolbox)
        if toolbox.step is not None:
            toolbox.step.asked = question
        payload = None if question.payload is None else question.payload.data
        return {"type": "suspend", "payload": payload, "title": question.title, "memory": self.model_dump(mode="json")}

    def going_on(self) -> dict[str, Any]:
        """Say how the run goes on once every call has its answer."""
        given = {call_id: approval.given() for call_id, approval in self.approvals.items()}
        return {
            "message_history": ModelMessagesTypeAdapter.validate_python(self.messages),
            "deferred_tool_results": DeferredToolResults(calls=dict(self.results), approvals=dict(given)),
        }


def _open_call(
    part: ToolCallPart, kind: Literal["approval", "other"], metadata: Mapping[str, Any], toolbox: Toolbox
) -> OpenCall:
    told = metadata.get(part.tool_call_id, {})
    call: dict[str, Any] = {"id": part.tool_call_id, "tool": part.tool_name, "args": part.args_as_dict()}
    if part.tool_name in toolbox.tools:
        return OpenCall(**call, kind="tool", question=told["question"], kept=told["kept"])
    title = f"Allow {part.tool_name}?" if kind == "approval" else f"What does {part.tool_name} give?"
    payload = Value.of(
        {"tool": part.tool_name, "args": plain(call["args"]), **({"about": plain(told)} if told else {})}
    )
    return OpenCall(**call, kind=kind, question=spelled(Question(payload, title=title)))
