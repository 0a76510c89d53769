"""A run as it is recorded: its head and every event, as one JSON text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic_core import to_json

from workflows_app.engine.events import Event, encode
from workflows_app.engine.schema import trusted
from workflows_app.web.inspector.readings import Load, Moment, held_by

SHOWN = 256 * 1024


@dataclass(frozen=True, slots=True)
class Raw:
    """The beginning of the text, and how many of the events are wholly in it."""

    text: str
    events: int
    total: int

    @property
    def is_cut(self) -> bool:
        return self.events < self.total


def pieces(moment: Moment, load: Load) -> Iterator[str]:
    """Write the text piece by piece: the head, then one event after the other."""
    yield f'{{"run": {to_json(asdict(moment.reading.head)).decode()},\n"events": ['
    for seq, event in moment.events():
        about = to_json({"seq": seq, "at": event.at, "kind": event.kind, "path": event.path, "by": event.by}).decode()
        yield f'{"," if seq > 1 else ""}\n{about[:-1]},"data":{encode(whole(event, load), lambda _: None)}}}'
    yield "\n]}\n"


def whole(event: Event, load: Load) -> Event:
    """Give an event with every value read, as everybody may see it."""
    apart: dict[str, Any] = {name: load(value) for name, value in held_by(event) if not value.loaded}
    event = replace(event, **apart) if apart else event
    sealed: dict[str, Any] = {name: trusted(value.data) for name, value in held_by(event) if value.is_sealed}
    return replace(event, **sealed) if sealed else event


def beginning(moment: Moment, load: Load) -> Raw:
    """Write as much as a page shows."""
    text = ""
    for number, piece in enumerate(pieces(moment, load)):
        if len(text) + len(piece) > SHOWN:
            return Raw((text + piece)[:SHOWN], number - 1, moment.seq)
        text += piece
    return Raw(text, moment.seq, moment.seq)
