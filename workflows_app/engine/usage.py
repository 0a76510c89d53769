"""What models used: the tokens that the finish chunks of agents tell, summed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from .schema import Json

Usage = dict[str, float]
NO_USAGE: Usage = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
SNAKE = re.compile(r"_([a-z])")


def used(chunks: Iterable[Json]) -> Usage | None:
    """Sum the usage in what a step wrote; None when it tells of none."""
    total: Usage | None = None
    for chunk in chunks:
        if isinstance(chunk, dict) and "type" not in chunk:
            total = added(total, told(chunk.get("output")))
    return total


def told(output: Json) -> Usage | None:
    """Read the usage of one finish chunk. Shape: {"type": "finish", "usage": {"inputTokens": 3, …}}"""
    if not isinstance(output, dict) or output.get("type") != "finish":
        return None
    payload = output.get("payload")
    usage = output.get("usage") or (payload.get("usage") if isinstance(payload, dict) else None)
    if not isinstance(usage, dict):
        return None
    found = {camel(key): number for key, number in usage.items() if counts(number)}
    if found and "totalTokens" not in found:
        found["totalTokens"] = found.get("inputTokens", 0) + found.get("outputTokens", 0)
    return found or None


def counts(number: Json) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)


def camel(key: str) -> str:
    """Spell a key as the wire does: agents written in Python say input_tokens."""
    return SNAKE.sub(lambda found: found[1].upper(), key)


def added(one: Mapping[str, float] | None, other: Mapping[str, float] | None) -> Usage | None:
    """Sum two usages, of which either may be unknown."""
    if one is None or other is None:
        known = one if other is None else other
        return None if known is None else {**NO_USAGE, **known}
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**NO_USAGE, **one, **other}}
