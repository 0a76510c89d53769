"""The address of a node in a run.

A path is text: step ids joined by dots, where `outer.inner` is a step of a nested workflow, `items[3]` an
item of a foreach, `poll#2` the second pass of a loop and `child~2.x` the second try of a nested workflow.
Passes and tries are left out in public keys, which mean the latest. `big/condition` is a helper call that
belongs to the node `big`; helpers never show in results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from .errors import DefinitionError, UnknownStep

MAX_ID = 200
FORBIDDEN = re.compile(r"[./\[\]#~]")
UNCLEAN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
ITEM = re.compile(r"\[\d+\]")
GENERATION = re.compile(r"[#~]\d+")
TRY = re.compile(r"~\d+")
SEGMENT = re.compile(r"(?P<id>[^./\[\]#~]+)(?:\[(?P<item>\d+)\])?(?P<generation>(?:[#~]\d+)*)$")

PublicPath = list[str | int]


def checked_id(node_id: object, what: str = "step") -> str:
    """Refuse an id that could not stand in a path."""
    if not isinstance(node_id, str) or not node_id.strip():
        raise DefinitionError(f"A {what} needs an id: a text that is not empty, got {node_id!r}.")
    if node_id == "input" or FORBIDDEN.search(node_id):
        raise DefinitionError(
            f"The {what} id {node_id!r} is not allowed: an id has none of . / [ ] # ~ and is not 'input'."
        )
    if not is_clean(node_id):
        raise DefinitionError(
            f"The {what} id {node_id!r} is not allowed: it has control characters or half a character."
        )
    if len(node_id) > MAX_ID:
        raise DefinitionError(
            f"The {what} id {node_id[:20]!r}… is not allowed: it has {len(node_id)} characters; {MAX_ID} are the most."
        )
    return node_id


def is_clean(text: str) -> bool:
    """Tell whether a text has no control characters and can be stored."""
    return UNCLEAN.search(text) is None


@lru_cache(maxsize=8192)
def public(path: str) -> str:
    """Drop passes and tries: the key under which results name the node."""
    return GENERATION.sub("", path)


def without_tries(path: str) -> str:
    """Drop tries alone: what every try of a nested workflow has in common."""
    return TRY.sub("", path)


@lru_cache(maxsize=8192)
def is_helper(path: str) -> bool:
    return "/" in path


def owner(path: str) -> str:
    """Name the node that a helper call belongs to."""
    return path.partition("/")[0]


def untried(path: str) -> str:
    """Name the node behind a helper call, without the number of its try."""
    head, dot, tail = owner(path).rpartition(".")
    return f"{head}{dot}{tail.partition('~')[0]}"


def scope_of(path: str) -> str:
    """Name the prefix of the workflow a node stands in: empty for the outermost."""
    return owner(path).rpartition(".")[0]


def last_id(path: str) -> str:
    """Name the bare id of the node at a path."""
    match = SEGMENT.match(owner(path).rpartition(".")[2])
    return match["id"] if match else path


def item_of(path: str) -> tuple[str, int] | None:
    """Split the path of a foreach item into the foreach's path and the index."""
    head, dot, tail = owner(path).rpartition(".")
    match = SEGMENT.match(tail)
    if match is None or match["item"] is None:
        return None
    return f"{head}{dot}{match['id']}", int(match["item"])


def loop_pass(path: str) -> tuple[str, int] | None:
    """Split the path of a loop's pass into the body's path and the number of the pass."""
    head, dot, tail = path.rpartition(".")
    base, sign, number = tail.partition("#")
    if not sign:
        return None
    return f"{head}{dot}{base}", int(number.partition("~")[0])


def is_below(path: str, ancestor: str) -> bool:
    """Tell whether a path is the ancestor or anything inside it."""
    return path == ancestor or (path.startswith(ancestor) and path[len(ancestor)] in ".[#~/")


def ancestors(path: str) -> Iterator[str]:
    """Yield the containers of a node, innermost first: its foreach, then the nested workflows around."""
    head = owner(path)
    while head:
        split = item_of(head)
        if split:
            yield split[0]
        head = head.rpartition(".")[0]
        if head:
            yield head


def to_list(path: str) -> PublicPath:
    """Spell a path as the list that results and the API show."""
    parts: PublicPath = []
    for segment in public(path).split("."):
        match = SEGMENT.match(segment)
        if match is None:
            return [path]
        parts.append(match["id"])
        if match["item"] is not None:
            parts.append(int(match["item"]))
    return parts


def to_text(address: object) -> str:
    """Spell an address that a caller gave (text, step, or list of ids, steps and indexes) as text.

    Raises: UnknownStep when it is none of these.
    """
    if isinstance(address, str):
        return address
    if isinstance(address, Sequence):
        return _join(address)
    node_id = getattr(address, "id", None)
    if isinstance(node_id, str):
        return node_id
    raise UnknownStep(f"{address!r} is not a step. Give a step, its id, or a path such as 'outer[3].inner'.")


def _join(parts: Sequence[object]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, int) and not isinstance(part, bool):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + to_text(part)
    return text
