"""What the client asks, as plain values: requests, and exchanges of them that no transport needs to understand.

An exchange is a generator: it yields what it wants (a request, or a pause), is sent the answer, and returns
what the caller gets. So each verb is written once, and the two transports only carry.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from pydantic.alias_generators import to_camel

from workflows_app.client.faults import TooFast, Unreachable

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
"""How long a studio may be away, as while it starts anew, before who waits for a run gives up."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


Exchange: TypeAlias = Generator[Request | Pause, Any, T]


def path_of(*parts: str) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def given(**named: Any) -> dict[str, Any]:
    """Spell what was given as the wire does, and leave out what was not."""
    return {to_camel(name): value for name, value in named.items() if value is not None}


def pauses() -> Iterator[float]:
    """Give the pauses between tries: each twice as long as the one before, for a minute in all."""
    pause, waited = FIRST_PAUSE, 0.0
    while waited < PATIENCE_SECONDS:
        yield pause
        waited += pause
        pause = min(2 * pause, LONGEST_PAUSE)


def steadily(request: Request) -> Exchange[Any]:
    """Ask what changes nothing, and again while the studio is away. Raises: Unreachable after a minute"""
    for pause in pauses():
        try:
            return (yield request)
        except Unreachable:
            yield Pause(pause)
        except TooFast as error:
            yield Pause(max(pause, error.retry_after))
    return (yield request)
