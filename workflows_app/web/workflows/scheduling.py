"""Schedules as people and programs manage them: what is said of one, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import uuid4
from zoneinfo import available_timezones

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from workflows_app import runtime
from workflows_app.engine.cron import Cron
from workflows_app.engine.schedule import CatchUp, Overlap
from workflows_app.engine.schema import Json, encode
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import DefinitionError, InvalidInput
from workflows_app.models import Schedule
from workflows_app.models.seal import seal
from workflows_app.rights import seen
from workflows_app.schedules.starter import Fired, Starter, arguments_of
from workflows_app.schedules.timing import next_time
from workflows_app.web.activity import Thing, note
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import Asked
from workflows_app.web.people.forms import form
from workflows_app.web.workflows.starting import Given, context_of, harmless

TITLE: Final = 80
MOST: Final = 1000
"""Every tick looks for those that are due."""
OVERLAP_WORDS: Final = {
    "allow": gettext_lazy("starts beside it"),
    "skip": gettext_lazy("is left out"),
    "queue": gettext_lazy("waits until it has ended"),
}
CATCH_UP_WORDS: Final = {
    "once": gettext_lazy("one run for all of them"),
    "none": gettext_lazy("no run for them"),
    "all": gettext_lazy("a run for each of them"),
}


def comes(text: str) -> str:
    """Read a cron expression whose time comes. Raises: ValueError"""
    try:
        cron = Cron.parse(text)
    except DefinitionError as error:
        raise ValueError(str(error)) from None
    if cron.after(timezone.now(), UTC) is None:
        raise ValueError(_("This time never comes."))
    return cron.text


def is_zone(name: str) -> str:
    """Read the name of a time zone. Raises: ValueError"""
    if name not in available_timezones():
        raise ValueError(_("There is no such time zone. Name one as Europe/Berlin."))
    return name


CronText = Annotated[str, AfterValidator(comes)]
ZoneName = Annotated[str, AfterValidator(is_zone), Field(max_length=64)]
Jitter = Annotated[int, Field(ge=0, le=3600)]


class ScheduleIn(BaseModel):
    """What is said of a schedule."""

    model_config = ConfigDict(str_strip_whitespace=True)

    title: str = Field("", max_length=TITLE, title=gettext_noop("Name"))
    cron: CronText = Field(
        title=gettext_noop("When"),
        description=gettext_noop("Minute, hour, day of the month, month, day of the week."),
        examples=["0 9 * * mon-fri"],
    )
    zone: ZoneName = Field("UTC", title=gettext_noop("On the clocks of"))
    overlap: Overlap = Field("allow", title=gettext_noop("While the run before is open, the next"))
    catch_up: CatchUp = Field("once", title=gettext_noop("For times at which the studio did not run there is"))
    jitter: Jitter = Field(0, title=gettext_noop("Put off by up to so many seconds"))

    @classmethod
    def of(cls, row: Schedule) -> ScheduleIn:
        """Say what a schedule is, whether or not it could be made so today."""
        policies: dict[str, Any] = {"overlap": row.overlap, "catch_up": row.catch_up}
        return cls.model_construct(
            title=row.title, cron=row.cron, zone=row.timezone, jitter=int(row.jitter), **policies
        )


def schedule_form() -> SchemaForm:
    choices = {
        "zone": [(name, name) for name in sorted(available_timezones())],
        "overlap": [(name, str(words)) for name, words in OVERLAP_WORDS.items()],
        "catch_up": [(name, str(words)) for name, words in CATCH_UP_WORDS.items()],
    }
    return form(ScheduleIn, "schedule", choices).initial({"cron": "", "zone": settings.TIME_ZONE})


def form_of(row: Schedule) -> SchemaForm:
    """Fill the form in with a schedule as it is."""
    value: Json = ScheduleIn.of(row).model_dump()
    return schedule_form().initial(value)


def visible() -> Any:
    """Find the schedules of the workflows that the person who asks may look at."""
    return seen(Schedule.objects.all())


def thing(row: Schedule) -> Thing:
    return Thing("schedule", row.id, row.workflow_id)


def facts_of(row: Schedule) -> dict[str, Any]:
    return {"name": row.title, "when": row.cron, "zone": row.timezone, "paused": row.is_paused}


def save(
    request: Asked, workflow: Workflow, said: ScheduleIn, given: Given, *, into: Schedule | None = None
) -> Schedule:
    """Keep a schedule, new or `into` one that is there; its next time counts from now. Raises: InvalidInput"""
    now = timezone.now()
    row = into or Schedule(id=f"schedule_{uuid4()}", workflow_id=workflow.id, created_at=now)
    before = facts_of(row) if into else None
    row.title, row.cron, row.timezone, row.jitter = said.title, said.cron, said.zone, float(said.jitter)
    row.overlap, row.catch_up, row.changed_at = said.overlap, said.catch_up, now
    # Its runs are started in nobody's presence, for whoever said last what they are.
    row.made_by = request.user.get_username()
    context = context_of(workflow, given.get("context"), row.made_by)
    row.sealed_given = seal(encode({**given, "context": context}))
    row.next_at = next_after_now(row)
    row.save()
    note(request, "schedule_changed" if into else "schedule", thing(row), before=before, after=facts_of(row))
    return row


def next_after_now(row: Schedule) -> datetime | None:
    """Give its next time. Raises: InvalidInput where what it says cannot be read any more"""
    try:
        return next_time(row.spec, runtime.get_engine().now())
    except DefinitionError as error:
        raise InvalidInput(str(error)) from error


def pause(request: Asked, row: Schedule) -> None:
    """Let it start nothing until somebody lets it go on."""
    if Schedule.objects.filter(pk=row.pk, state=Schedule.State.ACTIVE).update(state=Schedule.State.PAUSED):
        note(request, "schedule_paused", thing(row))
    row.state = Schedule.State.PAUSED


def go_on(request: Asked, row: Schedule) -> None:
    """Let it start runs again, from now on. Raises: InvalidInput"""
    row.next_at = next_after_now(row)
    paused = Schedule.objects.filter(pk=row.pk, state=Schedule.State.PAUSED)
    if paused.update(state=Schedule.State.ACTIVE, next_at=row.next_at):
        note(request, "schedule_resumed", thing(row))
    row.state = Schedule.State.ACTIVE


def is_gone(row: Schedule) -> bool:
    """Tell whether the code of its workflow is not here, so that it starts nothing."""
    return row.workflow_id not in runtime.get_engine().registry.by_id


def is_removable(row: Schedule) -> bool:
    """Tell whether people may delete it: what the code declares goes with the code, or after it."""
    return not row.is_declared or is_gone(row)


def lost_with(row: Schedule) -> str:
    """Say what goes with a schedule."""
    fired = row.firings.count()
    went = ngettext(
        "It starts no run any more, and what came of %d time is forgotten. Its runs stay.",
        "It starts no run any more, and what came of %d times is forgotten. Its runs stay.",
        fired,
    )
    back = _("If its code comes back, it is there again.") if row.is_declared else ""
    return f"{went % fired if fired else _('It starts no run any more.')} {back}".strip()


def remove(request: Asked, row: Schedule) -> None:
    note(request, "schedule_deleted", thing(row), before=facts_of(row))
    row.delete()


def fire(request: Asked, row: Schedule) -> Fired:
    """Start a run at once. Raises: WorkflowNotFound, InvalidData"""
    by = request.user.get_username()
    fired = runtime.call(Starter(runtime.get_engine()).fire_now(row, by))
    note(request, "schedule_fired", thing(row), after={"run": fired.run_id})
    return fired


def shown_given(workflow: Workflow, row: Schedule) -> Mapping[str, Json]:
    """Give what its runs are started with, without secrets. Raises: SealedElsewhere"""
    found = arguments_of(workflow, row)
    context = {key: value for key, value in (found["request_context"] or {}).items() if key != "user"}
    given = {"input": found["input_data"], "state": found["initial_state"], "context": context}
    return harmless(workflow, {name: value for name, value in given.items() if value})
