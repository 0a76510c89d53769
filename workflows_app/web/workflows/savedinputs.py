"""Saved inputs: what a person keeps to start runs of a workflow with, for themselves or for everybody."""

from __future__ import annotations

from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app.engine.schema import encode
from workflows_app.engine.workflow import Workflow
from workflows_app.models import SavedInput
from workflows_app.models.saved_input import SavedInputQuerySet
from workflows_app.rights import reach_of
from workflows_app.web.activity import Thing, note
from workflows_app.web.http import Asked
from workflows_app.web.workflows.starting import Given, harmless

TITLE: Final = 80


def visible(request: Asked, workflow: Workflow) -> SavedInputQuerySet:
    """Find what a person may see of a workflow's saved inputs."""
    found: SavedInputQuerySet = SavedInput.objects.of(workflow.id)
    return found.visible_to(request.user.get_username())


def may_change(request: Asked, saved: SavedInput) -> bool:
    """Tell whether a person may change or delete a saved input: its owner, and who manages the members."""
    return saved.owner == request.user.get_username() or reach_of(request.user).is_all


def named(title: str) -> str:
    return " ".join(title.replace("\0", "").split())


def fault_of(title: str) -> str:
    """Say what is wrong with a name; nothing when it will do."""
    if not named(title):
        return _("Give it a name.")
    return _("Make the name shorter: it may have %d characters.") % TITLE if len(named(title)) > TITLE else ""


def save(
    request: Asked, workflow: Workflow, given: Given, *, title: str, is_shared: bool, into: SavedInput | None = None,
    expectations: str = "[]", answers: str = "[]",
) -> SavedInput:  # fmt: skip
    """Keep what a run is to be started with, without its secrets; `into` is the one that it replaces."""
    saved = into or SavedInput(workflow_id=workflow.id, owner=request.user.get_username())
    saved.title, saved.is_shared, saved.given = named(title), is_shared, encode(harmless(workflow, given))
    saved.expectations, saved.answers, saved.changed_at = expectations, answers, timezone.now()
    saved.save()
    log(request, "save_input", saved)
    return saved


def log(request: Asked, verb: str, saved: SavedInput) -> None:
    after = {"title": saved.title, "shared": saved.is_shared, "test": saved.is_test}
    thing = Thing("input", str(saved.pk), saved.workflow_id)
    note(request, verb, thing, reason=saved.title, after=after if verb == "save_input" else None)
