"""The form of a test: its name, what is expected, and what its run is told when it asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import BaseModel, ConfigDict, Field

from workflows_app import runtime
from workflows_app.engine.ports import Stored
from workflows_app.engine.schema import Json, Schema
from workflows_app.engine.verbs import resume_schema
from workflows_app.engine.workflow import Workflow
from workflows_app.models import SavedInput
from workflows_app.trials.expectations import ANSWERS, EXPECTATIONS, Answer, Expectation, Result, Status
from workflows_app.trials.judging import answers_in, outcome_of
from workflows_app.web.forms import SchemaForm, form_from_schema
from workflows_app.web.values.schemas import any_name_schema_of, checked_by, translated
from workflows_app.web.values.secrecy import without_secrets
from workflows_app.web.workflows.savedinputs import TITLE
from workflows_app.words import short_id, status_word


class CaseIn(BaseModel):
    """What a person says of a test."""

    model_config = ConfigDict(str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=TITLE, title=gettext_noop("Name"))
    shared: bool = Field(True, title=gettext_noop("Everybody who may look at this workflow sees it"))
    expectations: list[Expectation] = Field(
        default=[],
        title=gettext_noop("Expectation"),
        description=gettext_noop("The test passes when all of them are met."),
    )
    answers: list[Answer] = Field(
        default=[],
        title=gettext_noop("Answer"),
        description=gettext_noop("What the run is told when it waits for a person. You must be allowed to answer."),
    )


def case_form(workflow: Workflow, known: Iterable[str] = ()) -> SchemaForm:
    """Make the form; it offers the steps of the workflow, and those that a test names already."""
    schema: dict[str, Any] = CaseIn.model_json_schema()
    steps = list(dict.fromkeys([*workflow.places, *known]))
    for model in schema["$defs"].values():
        if "step" in model["properties"]:
            # Their ids are no words to be written with a capital.
            model["properties"]["step"] |= {"enum": steps, "x-choices": {step: step for step in steps}}
        if (status := model["properties"].get("status")) is not None:
            status["x-choices"] = {word: status_word(word).capitalize() for word in status["enum"]}
    return form_from_schema(translated(schema), validate=checked_by(Schema(CaseIn)), prefix="test")


def of_test(workflow: Workflow, test: SavedInput) -> SchemaForm:
    """Fill the form in with a test as it is kept."""
    expectations = EXPECTATIONS.validate_json(test.expectations)
    answers = ANSWERS.validate_json(test.answers)
    return _filled(workflow, test.title, test.is_shared, expectations, answers)


def of_run(workflow: Workflow, stored: Stored) -> SchemaForm:
    """Fill the form in with what a run did, as what is expected of the next."""
    outcome = outcome_of(stored, workflow.places)
    expectations: list[Expectation] = []
    if outcome.status in ("success", "failed", "tripwire", "canceled", "suspended"):
        expectations.append(Status.model_validate({"status": outcome.status}))
    if outcome.status == "success":
        expectations.append(Result.model_validate({"value": outcome.result}))
    title = _("As run %s") % short_id(stored.head.id)
    answers = [harmless_answer(workflow, one) for one in answers_in(stored.events)]
    return _filled(workflow, title, True, expectations, answers)


def harmless_answer(workflow: Workflow, answer: Answer) -> Answer:
    """Leave the secrets out of an answer."""
    schema = any_name_schema_of(resume_schema(workflow, answer.step))
    return Answer(step=answer.step, data=without_secrets(answer.data, schema, runtime.secret_names()))


def _filled(
    workflow: Workflow, title: str, is_shared: bool, expectations: list[Expectation], answers: list[Answer]
) -> SchemaForm:
    value: Json = {
        "title": title,
        "shared": is_shared,
        "expectations": [one.model_dump(mode="json") for one in expectations],
        "answers": [one.model_dump(mode="json") for one in answers],
    }
    named = [one["step"] for one in (*value["expectations"], *value["answers"]) if "step" in one]
    return case_form(workflow, named).initial(value)
