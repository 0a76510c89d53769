"""The form that answers a question: the fields of its schema, and the one field that decides as buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _

from workflows_app import runtime
from workflows_app.engine.questions import decision_field
from workflows_app.engine.schema import ANY, Json, Schema, Value
from workflows_app.engine.verbs import resume_schema
from workflows_app.models import Approval
from workflows_app.web.forms import Control, SchemaForm, form_from_schema
from workflows_app.web.forms.field import Field
from workflows_app.web.forms.groups import Object
from workflows_app.web.forms.names import escape, join
from workflows_app.web.inspector.look import Look
from workflows_app.web.values.schemas import any_name_schema_of, checked_by, json_schema_of
from workflows_app.web.values.secrecy import without_secrets

ANSWER: Final = "answer"


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision, as a button that sends the form. `data` is what it means in the answer."""

    name: str
    value: str
    title: str
    data: object
    first: bool = False


@dataclass(frozen=True, slots=True)
class Answering:
    """A form without the field that decides, whose values are the buttons below it.

    There are no buttons where nothing in the schema decides, or where the answer is written as JSON.
    """

    form: SchemaForm
    choices: tuple[Choice, ...] = ()
    mark: Control | None = None
    fault: str = ""


def answer_form(look: Look, path: str) -> SchemaForm | None:
    """Make the form that answers a suspended step; none where its code is not there."""
    if look.workflow is None:
        return None
    schema = look.answer_schema(path)
    check = checked_by(schema if look.workflow.validate_inputs else ANY)
    return form_from_schema(json_schema_of(schema), validate=check, prefix=ANSWER, outputs=look.output_of)


def proposed_form(look: Look, path: str) -> SchemaForm | None:
    """Make the form that answers a suspended step, beginning with the answer that it proposes."""
    form, record = answer_form(look, path), look.history.record(path)
    if form is None or record is None or record.proposal is None:
        return form
    schema = look.answer_schema(path)
    return form.initial(schema.spoken(harmless(look.loaded(record.proposal), schema)))


def harmless(proposal: Value, schema: Schema) -> Json:
    """Give a proposed answer without its secrets: it has no schema of its own that would have sealed them."""
    return without_secrets(proposal.data, any_name_schema_of(schema), runtime.secret_names())


def schema_of(approval: Approval, form: Json = None) -> Schema:
    """Find what an answer to a question looks like; of a workflow whose code is gone nothing is known."""
    workflow = runtime.get_engine().registry.by_id.get(approval.workflow_id)
    return resume_schema(workflow, approval.path, form) if workflow is not None else ANY


def answering(form: SchemaForm, schema: Schema) -> Answering:
    """Take the field that decides out of a form."""
    field = decision_field(schema)
    root = form.root
    if field is None or form.is_json or not isinstance(root, Object) or field.name not in root.properties:
        return Answering(form)
    name = join(form.root_name, escape(field.name))
    control = root.properties[field.name].show(name, form.post, form.errors)
    choices = choices_of(control, field.choices)
    if len(choices) != len(field.choices):
        return Answering(form)
    rest = {key: told(inner, field.name, choices) for key, inner in root.properties.items() if key != field.name}
    errors = without(form.errors, name)
    shown = replace(form, root=replace(root, properties=rest), errors=errors)
    fault = _("Choose one of the decisions.") if len(errors) < len(form.errors) else ""
    return Answering(shown, choices, control if control.mark else None, fault)


def told(field: Field, decision: str, choices: tuple[Choice, ...]) -> Field:
    """Say in words which decisions a field goes with: it is on the page before one is made."""
    wanted = field.hints.show_if.get(decision, ())
    titles = [choice.title for choice in choices if choice.data in wanted]
    if not titles:
        return field
    words = _("Only taken with: %s.") % ", ".join(titles)
    return replace(field, help=f"{field.help} {words}".strip())


def without(errors: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: text for key, text in errors.items() if key != name}


def choices_of(control: Control, values: tuple[object, ...]) -> tuple[Choice, ...]:
    """Make the buttons of a decision; what is not said is not offered."""
    if control.kind == "switch":
        titles = (_("Yes"), _("No"))
        return tuple(
            Choice(control.name, "true" if value else "", title, value, bool(value))
            for value, title in zip(values, titles, strict=True)
        )
    options = [option for option in control.options if option.value]
    return tuple(
        Choice(control.name, option.value, option.title, value, index == 0)
        for index, (option, value) in enumerate(zip(options, values, strict=False))
    )
