"""Looking at a form that is still being filled in: nothing here starts, answers or keeps anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.http import HttpRequest, HttpResponse

from workflows_app.web.forms import BoundForm, Control, SchemaForm
from workflows_app.web.http import show

ASKED: Final = ("field", "at", "restore")


def checked(request: HttpRequest, forms: Sequence[SchemaForm]) -> HttpResponse:
    """Answer with the note of one field, or with the forms drawn from a draft.

    `?field=` names the input that was changed and `?at=` where its note stands; `?restore=1` asks for the forms.
    """
    bound = [form.checked_at(address_of(request)).bind(request.POST, request.FILES) for form in forms]
    if "restore" in request.GET:
        return show(request, "forms/_restored.html", {"forms": [without_errors(form) for form in bound]})
    field, at = request.GET.get("field", ""), request.GET.get("at", "")
    form = next((form for form in bound if form.holds(field)), None)
    note = Control(kind="note", name=at or field, error=form.note_of(field, at) if form else "")
    return show(request, "forms/_checked.html", {"c": note, "form": form})


def address_of(request: HttpRequest) -> str:
    """Give the address that was asked, without what was asked of it."""
    kept = request.GET.copy()
    for name in ASKED:
        kept.pop(name, None)
    return f"{request.path}?{kept.urlencode()}".rstrip("?")


def without_errors(form: SchemaForm) -> SchemaForm:
    """Show a form that is still being filled in, without complaints."""
    return form if isinstance(form, BoundForm) and form.is_edit else replace(form, errors={})
