"""How a workflow is started from code: in Python, by curl and as a test, as a run was or with an example."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from pprint import pformat
from typing import Final
from urllib.parse import quote

from workflows_app.engine.schema import Json
from workflows_app.engine.workflow import Workflow
from workflows_app.trials.expectations import Answer, Outcome
from workflows_app.web.forms.schema import Part, as_schema, read_part
from workflows_app.web.values.schemas import json_schema_of
from workflows_app.web.workflows.starting import Given

DEEPEST: Final = 6
WIDE: Final = 80
FORMATS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00",
    "duration": "PT1H",
    "email": "ada@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
}

PYTHON: Final = """\
# python manage.py shell < this_file.py
import asyncio

from workflows_app.runtime import get_engine


async def main():
    engine = get_engine()
    run = await engine.create_run(engine.get_workflow({name}))
    result = await run.start({arguments})
    print(result.status, result.error or result.result)
    await engine.close()


asyncio.run(main())
"""
PYTEST: Final = """\
import asyncio

from {module} import {variable}


def test_{function}():
    async def scenario():
        run = await {workflow}.create_run()
        {calls}
        return result

    result = asyncio.run(scenario())
    assert result.status == {status!r}
"""
COPIES: Final = (("python", "Python"), ("curl", "curl"), ("pytest", "pytest"))
"""The forms in which a run can be copied, and their names."""
VERBS: Final = {"input": "input_data", "state": "initial_state", "context": "request_context"}
FIELDS: Final = {"input": "inputData", "state": "initialState", "context": "requestContext"}


def as_python(workflow: Workflow, given: Given) -> str:
    """Write a program that starts the workflow in the studio's own environment."""
    return PYTHON.format(name=json.dumps(workflow.id), arguments=arguments(given, 4))


def as_pytest(module: str, workflow: Workflow, given: Given, answers: Iterable[Answer], outcome: Outcome) -> str:
    """Write a test that runs the workflow in memory, as a run went."""
    start = f"result = await run.start({arguments(given, 8)})"
    resumes = [
        f"result = await run.resume(step={answer.step!r}, resume_data={written(answer.data, 8)})" for answer in answers
    ]
    variable = variable_of(module, workflow)
    test = PYTEST.format(
        module=module,
        variable=variable or "workflows",
        workflow=variable or f"next(one for one in workflows if one.id == {workflow.id!r})",
        function=re.sub(r"\W+", "_", workflow.id),
        calls="\n        ".join((start, *resumes)),
        status=outcome.status,
    )
    if outcome.status == "success":
        test += f"    assert result.result == {written(outcome.result, 4)}\n"
    return test


def as_curl(workflow: Workflow, given: Given, origin: str, *, has_accounts: bool) -> str:
    """Write the call of the HTTP API; where people have accounts, with a token from the environment."""
    address = f"{origin}/api/workflows/{quote(workflow.id, safe='')}/start-async"
    body = json.dumps({FIELDS[name]: value for name, value in given.items()}, ensure_ascii=False)
    lines = [f"curl {shlex.quote(address)}", "-H content-type:application/json", f"-d {shlex.quote(body)}"]
    if has_accounts:
        lines.insert(1, '-H "authorization: Bearer $STUDIO_TOKEN"')
    return " \\\n  ".join(lines)


def arguments(given: Given, indent: int) -> str:
    return ", ".join(f"{VERBS[name]}={written(value, indent)}" for name, value in given.items())


def written(value: Json, indent: int) -> str:
    """Write a value as Python does, its further lines indented as the first."""
    return pformat(value, width=WIDE, sort_dicts=False).replace("\n", "\n" + " " * (indent + 4))


def variable_of(module: str, workflow: Workflow) -> str:
    """Find the name that a workflow has in its module; nothing if only a list there has it."""
    names = vars(sys.modules.get(module, sys)).items()
    return next((name for name, value in names if value is workflow), "")


def example(workflow: Workflow) -> Given:
    """Make up an input: defaults and examples where the schema gives some, and no more than it demands."""
    schema = json_schema_of(workflow.input_schema)
    return {"input": example_of(read_part(schema, schema), schema, 0)}


def example_of(part: Part, root: dict[str, object], depth: int) -> Json:
    schema = part.schema
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        return examples[0]
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return values[0]
    if part.nullable or depth > DEEPEST:
        return None
    arms = part.parts("anyOf") or part.parts("oneOf")
    if arms:
        return example_of(read_part(arms[0], root), root, depth + 1)
    return plain(part, root, depth)


def plain(part: Part, root: dict[str, object], depth: int) -> Json:
    """Make up a value of a kind."""
    match part.kind:
        case "object":
            required = part.schema.get("required")
            fields = part.part("properties")
            names = [name for name in required if name in fields] if isinstance(required, list) else []
            return {name: example_of(read_part(as_schema(fields[name]), root), root, depth + 1) for name in names}
        case "array":
            least = part.schema.get("minItems")
            item = read_part(part.part("items"), root)
            return [example_of(item, root, depth + 1)] * (least if isinstance(least, int) and least > 0 else 0)
        case "integer" | "number":
            return number(part.schema)
        case "boolean":
            return False
        case "string":
            return FORMATS.get(part.text("format"), "text")
    return {} if part.kind == "" else None


def number(schema: Mapping[str, object]) -> Json:
    """Choose the least number that is allowed, or 1."""
    for name, more in (("minimum", 0), ("exclusiveMinimum", 1)):
        least = schema.get(name)
        if isinstance(least, int | float):
            return least + more
    return 1
