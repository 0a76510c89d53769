"""How a run looks on a terminal: a tree of its steps that grows as they happen, or JSON lines for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic_core import to_json
from rich.console import Console
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from workflows_app.engine.streams import PublicEvent

STYLES = {
    "success": ("✓", "green"), "running": ("●", "blue"), "waiting": ("◷", "magenta"), "suspended": ("?", "yellow"),
    "failed": ("✗", "red"), "canceled": ("⊘", "bright_black"), "bailed": ("✓", "green"), "paused": ("‖", "yellow"),
}  # fmt: skip
PENDING = ("·", "bright_black")


class Out(Protocol):
    """Where lines go: a file, or a command's output."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...

    def isatty(self) -> bool: ...


class Progress(Protocol):
    def show(self, event: PublicEvent) -> None: ...

    def say(self, sentence: str) -> None: ...


def write_line(out: Out, document: Any) -> None:
    """Write a line of JSON, as long as somebody reads."""
    try:
        out.write(to_json(document).decode() + "\n")
        out.flush()
    except BrokenPipeError:
        # Nobody reads on. What is done goes on all the same, and the interpreter must find an open file at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass(slots=True)
class Lines:
    """Write each event as a line of JSON."""

    out: Out

    def show(self, event: PublicEvent) -> None:
        write_line(self.out, event)

    def say(self, sentence: str) -> None:
        """Programs are told by events alone."""


@dataclass(slots=True)
class Seen:
    """What is known of one step."""

    status: str
    started: int | None = None
    ended: int | None = None
    note: str = ""


@dataclass(slots=True)
class Steps:
    """Draw the steps as a tree; those of a nested workflow stand below it."""

    name: str
    live: Live
    status: str = "running"
    note: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)

    def show(self, event: PublicEvent) -> None:
        payload: Mapping[str, Any] = event.get("payload") or {}
        match event["type"]:
            case "workflow-finish":
                self._end(payload["workflowStatus"])
            case "workflow-step-progress":
                self._step(payload["id"]).note = f"{payload['completedCount']} of {payload['totalCount']}"
            case _ if "status" in payload:
                self._take(self._step(payload["id"]), payload)
        self.live.update(self.tree())

    def _end(self, status: str) -> None:
        self.status, self.note = status, ""
        if status == "canceled":
            # What a cancel cuts off has no event of its own.
            for step in self.seen.values():
                step.status = status if step.status in ("running", "waiting", "suspended") else step.status

    def say(self, sentence: str) -> None:
        self.note = sentence
        self.live.update(self.tree())

    def _step(self, name: str) -> Seen:
        return self.seen.setdefault(name, Seen("running"))

    def _take(self, step: Seen, payload: Mapping[str, Any]) -> None:
        step.status = payload["status"]
        step.started = payload.get("startedAt", step.started)
        step.ended = payload.get("endedAt", step.ended)
        error = payload.get("error")
        step.note = str(error["message"]).partition("\n")[0] if error else step.note

    def tree(self) -> Tree:
        root = Tree(labelled(self.name, self.status, self.note))
        branches = {"": root}
        for name, step in self.seen.items():
            above, _, own = name.rpartition(".")
            took = f"{step.ended - step.started} ms" if step.ended and step.started else ""
            branches[name] = branches.get(above, root).add(labelled(own, step.status, took, step.note))
        return root


def labelled(name: str, status: str, *notes: str) -> Text:
    """Write a line: the sign and the name in the colour of the status, then what else there is to say."""
    sign, style = STYLES.get(status, PENDING)
    line = Text(f"{sign} {printable(name)}".rstrip(), style=style)
    words = "  ".join(printable(note) for note in (status, *notes) if note)
    return line.append(f"  {words}", style="bright_black")


def printable(text: str) -> str:
    """Keep what a run says from commanding the terminal."""
    return "".join(mark if mark.isprintable() or mark == "\n" else "\ufffd" for mark in text)


@contextmanager
def progress(name: str, out: Out, *, as_lines: bool) -> Iterator[Progress]:
    """Choose how to show a run: lines where a program reads, a tree where a person does."""
    if as_lines or not out.isatty():
        yield Lines(out)
        return
    with Live(console=Console(stderr=True), refresh_per_second=12) as live:
        yield Steps(name, live)
