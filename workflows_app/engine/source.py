"""The source text of an author's function, as diagrams and panels show it."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

LAMBDA = "<lambda>"


def source_of(function: Any) -> str:
    """Read a function's source: of a lambda just its own text, its name where there is no file."""
    plain = inspect.unwrap(function) if callable(function) else function
    code = getattr(plain, "__code__", None)
    if code is not None and code.co_name == LAMBDA:
        return lambda_source(code) or LAMBDA
    try:
        return textwrap.dedent(inspect.getsource(plain)).strip()
    except (OSError, TypeError):
        return str(getattr(plain, "__qualname__", type(plain).__qualname__))


def written(sources: Mapping[str, Any]) -> str:
    """Write a mapping as its author did: key by key, where the value comes from."""
    lines = [
        f"    {key!r}: {source if hasattr(source, 'read') else source_of(source)}," for key, source in sources.items()
    ]
    return "\n".join(["{", *lines, "}"])


def lambda_source(code: Any) -> str | None:
    """Find the one lambda of a file whose body stands where the code says it does."""
    text = "".join(linecache.getlines(code.co_filename))
    places = {(line, column) for line, _, column, _ in code.co_positions() if line and column is not None}
    for node in lambdas(text):
        if node.lineno == code.co_firstlineno and (node.body.lineno, node.body.col_offset) in places:
            return ast.get_source_segment(text, node)
    return None


@lru_cache(maxsize=64)
def lambdas(text: str) -> tuple[ast.Lambda, ...]:
    try:
        return tuple(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Lambda))
    except SyntaxError:
        return ()
