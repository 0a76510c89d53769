"""What a person can do to a run, in the order of the page, and in words what is in the way of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app.rights import reach_of
from workflows_app.web.http import Asked, not_allowed
from workflows_app.web.inspector.page import RunFacts

CODE_GONE: Final = gettext_lazy("The code of its workflow is not there, so nothing can carry this out.")
ENDING: Final = gettext_lazy("It is being canceled already.")


@dataclass(frozen=True, slots=True)
class Act:
    """One verb: a link that opens its dialog. Without an obstacle it can be done."""

    key: str
    label: object
    icon: str
    right: str
    danger: bool = False
    quiet: bool = False
    address: str = ""
    obstacle: str = ""


ACTS: Final = (
    Act("compare", gettext_lazy("Compare"), "git-compare", "view_run", quiet=True),
    Act("time-travel", gettext_lazy("Time travel"), "history", "timetravel_run"),
    Act("restart", gettext_lazy("Restart"), "rotate-ccw", "restart_run"),
    Act("cancel", gettext_lazy("Cancel"), "circle-stop", "cancel_run", danger=True),
)
MORE: Final = (Act("delete", gettext_lazy("Delete"), "trash-2", "delete_run", danger=True),)
BY_KEY: Final[Mapping[str, Act]] = {act.key: act for act in (*ACTS, *MORE)}


def acts_of(run: RunFacts, request: Asked) -> tuple[Act, ...]:
    """List the verbs at the head of a run's page."""
    return tuple(act_of(act.key, run, request) for act in ACTS)


def more_of(run: RunFacts, request: Asked) -> tuple[Act, ...]:
    """List the verbs that stand behind the others."""
    return tuple(act_of(act.key, run, request) for act in MORE)


def act_of(key: str, run: RunFacts, request: Asked) -> Act:
    """Give one verb as it stands for a run and a person."""
    act = BY_KEY[key]
    is_allowed = reach_of(request.user).allows(act.right, run.workflow_id)
    obstacle = obstacle_of(key, run) if is_allowed else not_allowed(act.right)
    return replace(act, address=reverse(f"runs:{key}", args=[run.id]), obstacle=obstacle)


def obstacle_of(key: str, run: RunFacts) -> str:
    """Say what is in the way of a verb; nothing when it can be done."""
    if key == "compare":
        return ""
    if key == "delete":
        return _("It is being performed. Cancel it first.") if run.is_performed else ""
    if run.code_gone:
        return str(CODE_GONE)
    if run.status == "canceled" and not run.finished:
        return str(ENDING)
    return {"cancel": no_cancel, "restart": no_restart, "time-travel": no_travel}[key](run)


def no_cancel(run: RunFacts) -> str:
    return _("It has finished.") if run.finished else ""


def no_restart(run: RunFacts) -> str:
    if run.is_performed:
        return _("It is being performed right now. A restart is for a run whose process has died.")
    if run.status == "running":
        return ""
    if run.status == "waiting":
        return _("Nothing was interrupted. It goes on by itself when its time has come.")
    if run.status == "suspended":
        return _("It waits for a person: the answer takes it on.")
    if run.status == "paused":
        return _("It is paused: its next step takes it on.")
    if run.status == "pending":
        return _("It has not started.")
    return _("It has finished, so nothing was interrupted.")


def no_travel(run: RunFacts) -> str:
    if run.status == "pending":
        return _("It has not started.")
    return _("It is running. Cancel it, or wait until it rests.") if run.status == "running" else ""
