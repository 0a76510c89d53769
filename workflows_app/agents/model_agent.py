"""An agent of pydantic-ai with the face of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_ai import AgentRunResult, AgentRunResultEvent, DeferredToolRequests
from pydantic_ai.agent import AbstractAgent
from pydantic_ai.exceptions import ContentFilterError
from pydantic_ai.usage import RunUsage

from workflows_app.engine import StepContext, Tool
from workflows_app.engine.paths import checked_id
from workflows_app.engine.schema import Json

from .chunks import Chunk, finish, plain, told
from .talk import Talk
from .toolbox import Toolbox, named

Deps = Callable[[StepContext], Any]


def from_pydantic_ai(
    agent: AbstractAgent[Any, Any], *, id: str, description: str | None = None, tools: Sequence[Tool] = (),
    deps: Deps | None = None,
) -> ModelAgent:  # fmt: skip
    """Make an agent for workflows out of one of pydantic-ai.

    `tools` are offered to the model beside the agent's own; one may be a workflow's, from `as_tool()`. `deps`
    makes the agent's dependencies out of the step's context. Raises: DefinitionError, SchemaMismatch
    """
    return ModelAgent(checked_id(id, "agent"), agent, description or agent.name, Toolbox(named(tools)), deps)


@dataclass(frozen=True, slots=True)
class ModelAgent:
    """An agent that a model drives."""

    id: str
    agent: AbstractAgent[Any, Any]
    description: str | None = None
    toolbox: Toolbox = field(default_factory=lambda: Toolbox({}))
    deps: Deps | None = None

    def within(self, ctx: StepContext) -> ModelAgent:
        """Give the agent for one step: its tools and dependencies need the step's context."""
        return replace(self, toolbox=replace(self.toolbox, step=ctx))

    @property
    def kinds(self) -> list[Any]:
        """What the agent itself says it may give."""
        declared: Any = self.agent.output_type
        return list(declared) if isinstance(declared, list | tuple) else [declared]

    @property
    def output_schema(self) -> Any:
        """The one type that the agent gives; None when that is text, or not one type."""
        kinds = [kind for kind in self.kinds if kind is not DeferredToolRequests]
        return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], type) and kinds[0] is not str else None

    async def stream(
        self, prompt: str, *, output_schema: Any = None, abort_signal: Any = None, resume_data: Any = None,
        memory: Json = None, **options: Any,
    ) -> AsyncIterator[Chunk]:  # fmt: skip
        """Ask the model. With a `memory` the conversation in it goes on, now that its question was answered.

        Options are those of pydantic-ai's run: model_settings, usage_limits, instructions and so on.
        """
        begin: dict[str, Any] = {"user_prompt": prompt}
        if memory is not None:
            talk = await Talk.model_validate(memory).answered(resume_data, self.toolbox)
            if talk.open:
                yield talk.suspension(self.toolbox)
                return
            begin = talk.going_on()
        usage = RunUsage()
        asked = {**self._extras(options), **begin, "usage": usage, "output_type": self._output_type(output_schema)}
        try:
            async with self.agent.run_stream_events(**asked) as events:
                async for event in events:
                    for chunk in told(event):
                        yield chunk
                    if isinstance(event, AgentRunResultEvent):
                        for chunk in self._ended(event.result, usage):
                            yield chunk
        except ContentFilterError as error:
            yield finish(usage, "content-filter")
            yield {"type": "tripwire", "reason": error.message, "processorId": "content-filter"}
        except Exception:
            yield finish(usage, "error")
            raise

    def _ended(self, result: AgentRunResult[Any], usage: RunUsage) -> list[Chunk]:
        output = result.output
        if isinstance(output, DeferredToolRequests):
            talk = Talk.of(result.all_messages(), output, self.toolbox)
            return [finish(usage, "suspend"), talk.suspension(self.toolbox)]
        if isinstance(output, str):
            return [{**finish(usage, "stop"), "text": output}]
        return [{"type": "object", "object": plain(output)}, finish(usage, "stop")]

    def _output_type(self, wanted: Any) -> Any:
        """Say what the model is to give; None leaves it to the agent."""
        defers = DeferredToolRequests in self.kinds
        if wanted is not None and wanted is not self.output_schema:
            return [wanted, DeferredToolRequests] if defers or self.toolbox.tools else wanted
        return [*self.kinds, DeferredToolRequests] if self.toolbox.tools and not defers else None

    def _extras(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Add the tools and dependencies of this step to the options."""
        step = self.toolbox.step
        deps = {"deps": self.deps(step)} if self.deps is not None and step is not None else {}
        return {
            **deps,
            **options,
            "toolsets": [*options.get("toolsets", ()), *self.toolbox.offered()],
            "infer_name": False,
        }
