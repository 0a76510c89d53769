"""The OpenAPI document as people read it: calls under headings, fields as tables, and each as a curl command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy

from workflows_app.web.forms.schema import as_schema
from workflows_app.web.values.schemas import Line, lines_of

Json = dict[str, Any]
HEADINGS: Final = {
    "workflows": gettext_lazy("Workflows and runs"),
    "runs": gettext_lazy("Verbs on a run"),
    "events": gettext_lazy("What happened"),
    "approvals": gettext_lazy("Questions"),
    "tests": gettext_lazy("Tests"),
    "schedules": gettext_lazy("Schedules"),
    "webhooks": gettext_lazy("Webhooks"),
}
NAMES: Final = {
    "workflow_id": "WORKFLOW", "run_id": "RUN", "runId": "RUN", "approval_id": "1", "webhook_id": "1",
    "schedule_id": "SCHEDULE", "name": "EVENT",
}  # fmt: skip
SHOWN: Final = ("200", "204")


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call: where, what it takes, what it answers, and how it is refused."""

    name: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Line, ...]
    body: tuple[Line, ...]
    answer: str
    fields: tuple[Line, ...]
    refusals: tuple[Refusal, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Chapter:
    key: str
    title: str
    calls: tuple[Call, ...]


def chapters_of(document: Json, origin: str) -> list[Chapter]:
    """Sort the calls of a document under headings. `origin` is where the commands are sent."""
    found: dict[str, list[Call]] = {key: [] for key in HEADINGS}
    for path, ways in document["paths"].items():
        for method, operation in ways.items():
            found[operation["tags"][0]].append(call_of(path, method, operation, document, origin))
    return [Chapter(key, str(title), tuple(found[key])) for key, title in HEADINGS.items()]


def call_of(path: str, method: str, operation: Json, document: Json, origin: str) -> Call:
    answers = operation["responses"]
    content = answers["200"]["content"]
    body = schema_in(operation.get("requestBody", {}).get("content", {}), document)
    return Call(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        about=operation.get("description", ""),
        parameters=tuple(parameters_of(operation["parameters"], document)),
        body=tuple(lines_of(body)) if body else (),
        answer=answers["200"]["description"] if "application/json" not in content else "",
        fields=tuple(lines_of(schema_in(content, document))) if "application/json" in content else (),
        refusals=tuple(Refusal(code, said["description"]) for code, said in answers.items() if code not in SHOWN),
        curl=curl_of(path, method, operation, body, origin),
    )


def schema_in(content: Json, document: Json) -> Json:
    """Give the schema of JSON content, with what it refers to beside it; nothing where there is none."""
    schema = content.get("application/json", {}).get("schema")
    return {} if schema is None else whole(schema, document)


def whole(schema: Json, document: Json) -> Json:
    return {**as_schema(schema), "components": document["components"]}


def parameters_of(parameters: Sequence[Json], document: Json) -> Iterator[Line]:
    for one in parameters:
        [line] = lines_of(whole({"properties": {one["name"]: one["schema"]}}, document))
        yield Line(one["name"], line.type, bool(one.get("required")), one.get("description", ""), 0)


def curl_of(path: str, method: str, operation: Json, body: Json, origin: str) -> str:
    """Write a call as a command: everything that is needed, and of a body what has to be in it."""
    for name, sample in NAMES.items():
        path = path.replace(f"{{{name}}}", sample)
    needed = [one["name"] for one in operation["parameters"] if one["in"] == "query" and one.get("required")]
    query = "&".join(f"{name}={NAMES.get(name, '…')}" for name in needed)
    words = ["curl", "-H", "authorization: Bearer $TOKEN"]
    if method != "get":
        words += ["-X", method.upper()] if not body or method != "post" else []
    if body:
        words += ["-H", "content-type: application/json", "-d", json.dumps(sample_of(body))]
    return shell([*words, f"{origin}{path}{'?' if query else ''}{query}"])


def sample_of(schema: Json) -> Json:
    arms = schema.get("oneOf") or schema.get("anyOf") or ()
    shape = resolved(arms[0] if arms else schema, schema)
    properties, needed = shape.get("properties", {}), shape.get("required", ())
    return {name: value_of(resolved(properties[name], schema)) for name in needed} or {
        name: value_of(resolved(given, schema)) for name, given in list(properties.items())[:1]
    }


def resolved(schema: Json, root: Json) -> Json:
    """Follow a reference into the document's schemas."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return root["components"]["schemas"][name] if name else schema


def value_of(schema: Json) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if arms := schema.get("anyOf"):
        return value_of(arms[0])
    if schema.get("type") == "array":
        return [value_of(schema.get("items", {}))]
    samples: Json = {"boolean": True, "integer": 1, "string": "text"}
    return samples.get(schema.get("type", ""), {})


def shell(words: Sequence[str]) -> str:
    """Quote words for a shell; the token stays a variable."""
    return " ".join(f'"{word}"' if "$TOKEN" in word else shlex.quote(word) for word in words)
