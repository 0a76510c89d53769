"""An agent that says what it was told to say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any


class FakeAgent:
    """Follows the Agent protocol: streams text deltas, an object if it has one, and a finish with usage."""

    def __init__(
        self,
        id: str,
        texts: list[str] | None = None,
        *,
        value: object = None,
        usage: dict[str, int] | None = None,
        error: Exception | None = None,
    ) -> None:
        self.id = id
        self.description: str | None = f"Agent {id}"
        self.texts = texts or []
        self.value = value
        self.usage = usage or {}
        self.error = error
        self.prompts: list[str] = []
        self.options: list[dict[str, Any]] = []

    def chunks(self) -> list[dict[str, Any]]:
        deltas: list[dict[str, Any]] = [{"type": "text-delta", "text": text} for text in self.texts]
        objects = [{"type": "object", "object": self.value}] if self.value is not None else []
        return [*deltas, *objects, {"type": "finish", "usage": self.usage}]

    async def stream(self, prompt: str, **options: Any) -> AsyncIterator[dict[str, Any]]:
        self.prompts.append(prompt)
        self.options.append(options)
        for chunk in self.chunks():
            if self.error is not None:
                raise self.error
            yield chunk
