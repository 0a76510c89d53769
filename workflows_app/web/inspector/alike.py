"""Other runs that failed in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workflows_app.engine.ports import RunHead
from workflows_app.models import Run
from workflows_app.web.runs.filters import RunFilters

LOOKED_AT: Final = 500


@dataclass(frozen=True, slots=True)
class Alike:
    """How many of a workflow's newest failed runs say the same, and where they are listed."""

    number: int
    most: bool
    address: str

    @property
    def words(self) -> str:
        if self.most:
            return _("The same error ended at least %s other runs of this workflow.") % self.number
        words = ngettext(
            "The same error ended %s other run of this workflow.",
            "The same error ended %s other runs of this workflow.",
            self.number,
        )
        return words % self.number


def alike(head: RunHead) -> Alike | None:
    """Count the failed runs that have the error of this one; none when it is alone."""
    if not head.error:
        return None
    failed = Run.objects.filter(workflow_id=head.workflow_id, status="failed").exclude(id=head.id).newest()
    errors = list(failed.values_list("error", flat=True)[:LOOKED_AT])
    number = errors.count(head.error)
    first_line = head.error.partition("\n")[0]
    listed = RunFilters(workflow=head.workflow_id, status="failed", q=first_line[:200])
    address = reverse("runs:list") + listed.query()
    return Alike(number, number > 0 and len(errors) == LOOKED_AT, address) if number else None
