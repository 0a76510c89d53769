"""Forms made from a JSON Schema, for starting a run and for answering a suspended step.

    form = form_from_schema(schema, validate=validate)   # a template includes `forms/_form.html` with it
    bound = form.bind(request.POST, request.FILES)       # .is_valid(), .value, .errors, .is_edit

A schema becomes fields (`build`), a value becomes texts by name (`write`), texts become a value again
(`read`), and the validator's errors find their fields (`faults`). What an author may say of a field beyond its
type stands in `hints`. The form around it needs `enctype="{{ form.encoding }}"` if it is to take files.
"""

from __future__ import annotations

from workflows_app.web.forms.control import Control, Fault
from workflows_app.web.forms.files import Upload
from workflows_app.web.forms.form import BoundForm, SchemaForm, form_from_schema

__all__ = ["BoundForm", "Control", "Fault", "SchemaForm", "Upload", "form_from_schema"]
