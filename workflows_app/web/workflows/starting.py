"""What a run is started with, as one form of several parts: input, request context, state and options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext as _

from workflows_app import runtime
from workflows_app.engine.events import RunStarted
from workflows_app.engine.ports import Stored
from workflows_app.engine.schema import ANY, Json, Schema
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import InvalidData, InvalidRequestContext, InvalidState
from workflows_app.web.checking import without_errors
from workflows_app.web.forms import BoundForm, SchemaForm, Upload, form_from_schema
from workflows_app.web.values.schemas import any_name_schema_of, checked_by, json_schema_of, plain_errors
from workflows_app.web.values.secrecy import without_secrets

Given = Mapping[str, Json]
"""What a run is started with. Shape: {"input", "context", "state"}, of which any may be left out."""
OPEN_OBJECT: Final = {"type": "object", "x-widget": "json"}


@dataclass(frozen=True, slots=True)
class Forms:
    """The parts of the page's one form. Without a state schema there is no initial state to give."""

    input: SchemaForm
    context: SchemaForm
    state: SchemaForm | None
    is_filled: bool = False

    def parts(self) -> list[SchemaForm]:
        return [part for part in (self.input, self.context, self.state) if part is not None]

    def each(self, change: Callable[[SchemaForm], SchemaForm]) -> Forms:
        """Change every part alike."""
        state = None if self.state is None else change(self.state)
        return replace(self, input=change(self.input), context=change(self.context), state=state)

    def bind(self, posted: Mapping[str, object], files: Mapping[str, Upload]) -> Forms:
        """Take what a browser sent."""
        return self.each(lambda part: part.bind(posted, files))

    def calm(self) -> Forms:
        """Show what is still being filled in, without complaints."""
        return self.each(without_errors)

    def refused(self, error: InvalidData) -> Forms:
        """Tell the engine's complaint at the part that it is about."""
        if isinstance(error, InvalidState) and self.state is not None:
            return replace(self, state=blamed(self.state, error))
        if isinstance(error, InvalidRequestContext):
            return replace(self, context=blamed(self.context, error))
        return replace(self, input=blamed(self.input, error))

    def filled(self, workflow: Workflow, given: Given) -> Forms:
        """Fill in what a run was, or is to be, started with."""
        context, state = given.get("context") or {}, given.get("state")
        return Forms(
            input=self.input.initial(workflow.input_schema.spoken(given.get("input"))),
            context=self.context.initial(workflow.request_context_schema.spoken(context)),
            state=self.state.initial(workflow.state_schema.spoken(state)) if self.state and state else self.state,
            is_filled=bool(context) or bool(state),
        )

    @property
    def given(self) -> Given:
        """Give what was sent."""
        return {"input": value_of(self.input), "context": value_of(self.context), "state": value_of(self.state)}

    @property
    def is_edit(self) -> bool:
        """Tell whether some part only wants to be shown again."""
        return any(isinstance(part, BoundForm) and part.is_edit for part in self.parts())

    @property
    def has_errors(self) -> bool:
        return any(part.errors for part in self.parts())

    @property
    def opens_more(self) -> bool:
        """Tell whether the rarer parts must be seen: something in them is wrong, or given already."""
        return self.is_filled or any(part.errors for part in self.parts()[1:])


def value_of(part: SchemaForm | None) -> Any:
    """Give what was sent in a part."""
    return part.value if isinstance(part, BoundForm) else None


def given_to(stored: Stored) -> Given:
    """Read what a run was started with; who asked is added anew by whoever starts the next one."""
    started = next((event for event in stored.events if isinstance(event, RunStarted)), None)
    if started is None:
        return {}
    context = {key: value for key, value in started.context.data.items() if key != "user"}
    return {"input": started.input.data, "context": context, "state": started.state.data}


def harmless(workflow: Workflow, given: Given) -> dict[str, Json]:
    """Leave the secrets out of what a run is started with."""
    names = runtime.secret_names()
    schemas = {
        "input": workflow.input_schema,
        "context": workflow.request_context_schema,
        "state": workflow.state_schema,
    }
    return {
        name: without_secrets(given[name], any_name_schema_of(schema), names)
        for name, schema in schemas.items()
        if given.get(name) is not None
    }


def blamed(part: SchemaForm, error: InvalidData) -> SchemaForm:
    return replace(part, errors={part.root_name: error.message})


def arguments_of(workflow: Workflow, given: Given, user: str) -> dict[str, Any]:
    """Give what a run is started with as the engine's verbs take it."""
    return {
        "input_data": given.get("input"),
        "request_context": context_of(workflow, given.get("context"), user),
        "initial_state": given.get("state"),
    }


def forms_for(workflow: Workflow, user: str) -> Forms:
    return Forms(
        input=form_of(workflow, workflow.input_schema, "input"),
        context=context_form(workflow, user),
        state=form_of(workflow, workflow.state_schema, "state") if workflow.state_schema else None,
    )


def form_of(workflow: Workflow, schema: Schema, prefix: str) -> SchemaForm:
    check = checked_by(schema if workflow.validate_inputs else ANY)
    return form_from_schema(json_schema_of(schema), validate=check, prefix=prefix)


def context_form(workflow: Workflow, user: str) -> SchemaForm:
    def check(value: object) -> list[dict[str, str]]:
        if value is not None and not isinstance(value, dict):
            return [{"path": "", "message": _("The request context is a JSON object.")}]
        named = context_of(workflow, value, user)
        return plain_errors(workflow.request_context_schema.check(named)) if workflow.validate_inputs else []

    schema = workflow.request_context_schema
    if schema:
        return form_from_schema(json_schema_of(schema), validate=check, prefix="context")
    named = {**OPEN_OBJECT, "title": _("Request context")}
    return form_from_schema(named, validate=check, prefix="context").initial({})


def context_of(workflow: Workflow, given: object, user: str) -> dict[str, Any]:
    """Add who asks to the request context, unless its schema has no place for it."""
    context = dict(given) if isinstance(given, dict) else {}
    named = {**context, "user": user}
    schema = workflow.request_context_schema
    return context if schema and schema.check(named) and not schema.check(context) else named
