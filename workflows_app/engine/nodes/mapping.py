"""Mappings: the sources of `.map({...})`, and templates."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows_app.engine.errors import StepError, UnknownReference, glimpse
from workflows_app.engine.paths import to_text
from workflows_app.engine.schema import Json, encode, to_plain
from workflows_app.engine.secrets import Seal, unsealed

PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
NAMESPACES = frozenset({"inputData", "initData", "state", "requestContext", "stepResults"})


@dataclass(frozen=True, slots=True)
class FromStep:
    steps: tuple[str, ...]
    path: str = "."

    def __str__(self) -> str:
        return f"from_step({(self.steps[0] if len(self.steps) == 1 else list(self.steps))!r}, {self.path!r})"

    def read(self, ctx: Any) -> Json:
        for step_id in self.steps:
            record = ctx.find(step_id)
            if record is not None:
                return dig(ctx.get_step_result(step_id), self.path, f"step {step_id}")
        raise StepError(f"None of the steps {', '.join(self.steps)} has a result.")


@dataclass(frozen=True, slots=True)
class FromInit:
    path: str = "."

    def __str__(self) -> str:
        return f"from_init({self.path!r})"

    def read(self, ctx: Any) -> Json:
        return dig(to_plain(ctx.get_init_data()), self.path, "the workflow's input")


@dataclass(frozen=True, slots=True)
class FromContext:
    key: str

    def __str__(self) -> str:
        return f"from_context({self.key!r})"

    def read(self, ctx: Any) -> Json:
        return dig(dict(ctx.request_context), self.key, "the request context")


@dataclass(frozen=True, slots=True)
class Const:
    value: Json

    def __str__(self) -> str:
        return f"const({glimpse(self.value)})"

    def read(self, ctx: Any) -> Json:
        return self.value


@dataclass(frozen=True, slots=True)
class Template:
    text: str

    def __str__(self) -> str:
        return f"template({self.text!r})"

    def read(self, ctx: Any) -> str:
        return PLACEHOLDER.sub(lambda match: _render(lookup(ctx, match[1])), self.text)


Source = FromStep | FromInit | FromContext | Const | Template | Callable[..., Any]


def from_step(step: Any, path: str = ".") -> FromStep:
    """Take a value from a step's output; of several steps, from the first that has one."""
    steps = step if isinstance(step, Sequence) and not isinstance(step, str) else [step]
    return FromStep(tuple(to_text(one) for one in steps), path)


def from_init(path: str = ".") -> FromInit:
    """Take a value from the workflow's input."""
    return FromInit(path)


def from_context(key: str) -> FromContext:
    """Take a value from the request context."""
    return FromContext(key)


def const(value: Json) -> Const:
    """Give a fixed value."""
    return Const(value)


def template(text: str) -> Template:
    """Fill `${inputData.x}`, `${initData.x}`, `${state.x}`, `${requestContext.x}`, `${stepResults.id.x}` in.

    Raises: UnknownReference for another namespace.
    """
    if not isinstance(text, str):
        raise UnknownReference(f"A template is a text, got {text!r}.")
    if "${" in PLACEHOLDER.sub("", text):
        raise UnknownReference(f"The template {text!r} has a ${{ without its }}. Close it, as in ${{inputData.x}}.")
    for match in PLACEHOLDER.finditer(text):
        namespace = match[1].strip().partition(".")[0]
        if namespace not in NAMESPACES:
            raise UnknownReference(
                f"The template names ${{{match[1]}}}; it may begin with {', '.join(sorted(NAMESPACES))}."
            )
    return Template(text)


def lookup(ctx: Any, expression: str) -> Json:
    """Resolve one placeholder. A missing key is None; a missing step raises StepError."""
    namespace, _, path = expression.strip().partition(".")
    match namespace:
        case "inputData":
            return soft_dig(to_plain(ctx.input_data), path)
        case "initData":
            return soft_dig(to_plain(ctx.get_init_data()), path)
        case "state":
            return soft_dig(to_plain(ctx.state), path)
        case "requestContext":
            return soft_dig(dict(ctx.request_context), path)
    step_id, _, rest = path.partition(".")
    if ctx.find(step_id) is None:
        raise StepError(f"The template names the step {step_id!r}, which has no result.")
    return soft_dig(ctx.get_step_result(step_id), rest)


def soft_dig(data: Json, path: str) -> Json:
    """Follow a dotted path; None where it leads nowhere."""
    for key in path.split(".") if path else ():
        data = _child(data, key)
    return data


def dig(data: Json, path: str, where: str) -> Json:
    """Follow a dotted path; only its last key may be missing. Raises: StepError"""
    if path in (".", ""):
        return data
    keys = path.split(".")
    for key in keys[:-1]:
        data = _child(data, key)
        if not isinstance(data, dict | list):
            raise StepError(f"Invalid path {path} in {where}")
    if not isinstance(data, dict | list):
        raise StepError(f"Invalid path {path} in {where}")
    return _child(data, keys[-1])


def _child(data: Json, key: str) -> Json:
    data = unsealed(data) if type(data) is Seal else data
    if isinstance(data, dict):
        return data.get(key)
    if isinstance(data, list) and key.isdigit() and int(key) < len(data):
        return data[int(key)]
    return None


def _render(value: Json) -> str:
    if value is None:
        return ""
    value = unsealed(value)
    if isinstance(value, str):
        return value
    return encode(value)


def mapper(sources: Mapping[str, Source]) -> Callable[[Any], Any]:
    """Make one function of the context out of a dict of sources."""

    async def map_sources(ctx: Any) -> dict[str, Any]:
        mapped: dict[str, Any] = {}
        for key, source in sources.items():
            value = source.read(ctx) if hasattr(source, "read") else source(ctx)
            mapped[key] = await value if inspect.isawaitable(value) else value
        return mapped

    return map_sources


def references(sources: Mapping[str, Source]) -> set[str]:
    """Name the steps that the sources read."""
    return {step for source in sources.values() if isinstance(source, FromStep) for step in source.steps}


def checked_sources(sources: Mapping[str, Any]) -> dict[str, Source]:
    """Refuse what is not a source. Raises: UnknownReference"""
    for key, source in sources.items():
        if not hasattr(source, "read") and not callable(source):
            raise UnknownReference(
                f"The mapping of {key!r} is {source!r}: give from_step, from_init, from_context, const, "
                "template or a function."
            )
    return dict(sources)
