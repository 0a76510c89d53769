"""What a step wrote to its stream, as a person reads it: text as text, calls of tools with what they gave.

Agents write a piece of text at a time; the pieces are joined here, so that a page shows the answer grow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from workflows_app.engine import events as e
from workflows_app.engine.events import Event
from workflows_app.engine.schema import Json, Value
from workflows_app.web.values.jsontree import Branch, branch_of

Load = Callable[[Value], Value]
MOST_EVENTS = 200
MOST_PARTS = 150
LONGEST = 20_000
LINE = 120
JOINED = {"text-delta": "text", "reasoning-delta": "thought"}
CALLS = {"tool-call": "args", "tool-result": "result"}
ELSEWHERE = frozenset({"finish", "tripwire", "error", "suspend"})
"""What other tabs show: the figures, the error, the question."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of what was written: a text, or something with a name and a value."""

    kind: str
    text: str = ""
    name: str = ""
    value: Branch | None = None


def valued(kind: str, name: str, value: Json) -> Part:
    """Show a value in one line where it is short, else as a tree."""
    line = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Part(kind, name=name, text=line) if len(line) <= LINE else Part(kind, name=name, value=branch_of(value))


@dataclass(frozen=True, slots=True)
class Transcript:
    parts: tuple[Part, ...]
    is_cut: bool


def written(path: str, events: Sequence[tuple[int, Event]]) -> list[e.StepOutput]:
    """Pick what a step wrote out of its events; of a loop's body what its latest pass wrote."""
    return [event for _, event in events if isinstance(event, e.StepOutput) and event.path == path]


def transcript_of(output: Sequence[e.StepOutput], load: Load) -> Transcript:
    """Read what a step wrote, the newest part of it when it is much."""
    shown = output[-MOST_EVENTS:]
    parts = list(joined(part for event in shown for part in parts_of(event, load)))
    is_cut = len(output) > len(shown) or len(parts) > MOST_PARTS or any(len(p.text) > LONGEST for p in parts)
    return Transcript(tuple(replace(part, text=part.text[-LONGEST:]) for part in parts[-MOST_PARTS:]), is_cut)


def parts_of(event: e.StepOutput, load: Load) -> Iterator[Part]:
    """Read one event's chunks. A new try begins a new part."""
    yield Part("try", name=str(event.attempt))
    value = load(event.chunks)
    for chunk in value.data if value.loaded else ():
        if "type" in chunk:
            yield valued("note", str(chunk["type"]), chunk.get("data"))
        else:
            yield from part_of(chunk.get("output"))


def part_of(output: Json) -> Iterator[Part]:
    """Read one thing that was written, which may be a chunk of an agent."""
    kind = output.get("type") if isinstance(output, dict) else None
    if not isinstance(kind, str):
        yield valued("note", "", output)
    elif kind in JOINED:
        yield Part(JOINED[kind], text=str(output.get("text") or ""))
    elif kind in CALLS:
        yield valued(kind, str(output.get("toolName", "")), output.get(CALLS[kind]))
    elif kind not in ELSEWHERE:
        rest = {key: value for key, value in output.items() if key != "type"}
        yield valued("note", kind, rest) if rest else Part("note", name=kind)


def joined(parts: Iterator[Part]) -> Iterator[Part]:
    """Join the pieces of a text; tell of a try only where another one begins."""
    last: Part | None = None
    attempt = ""
    for part in parts:
        if part.kind == "try":
            if attempt in ("", part.name):
                attempt = part.name
                continue
            attempt = part.name
        if last is not None and last.kind == part.kind and part.kind in JOINED.values():
            last = replace(last, text=last.text + part.text)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last
