"""Agents that do as they are told, for tests of agent steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

Chunk = Any


class Says:
    """An agent that says these chunks; an exception among them is raised, an event is waited for."""

    def __init__(self, *chunks: Any, id: str = "sage") -> None:
        self.id = id
        self.description: str | None = "Says what it was told"
        self.chunks: Iterable[Any] = chunks
        self.asked: list[dict[str, Any]] = []
        self.began = asyncio.Event()
        self.closed: list[bool] = []
        self.output_schema: Any = None

    async def stream(self, prompt: str, **options: Any) -> AsyncIterator[Chunk]:
        self.asked.append({"prompt": prompt, **options})
        try:
            for chunk in self.chunks:
                if isinstance(chunk, Exception):
                    raise chunk
                if isinstance(chunk, asyncio.Event):
                    self.began.set()
                    await chunk.wait()
                else:
                    yield chunk
        finally:
            self.closed.append(options["abort_signal"].aborted)


def delta(text: str) -> Chunk:
    return {"type": "text-delta", "text": text}


def value(value: Any) -> Chunk:
    return {"type": "object", "object": value}


def finish(inputs: int = 1, outputs: int = 1) -> Chunk:
    return {"type": "finish", "usage": {"inputTokens": inputs, "outputTokens": outputs}}
