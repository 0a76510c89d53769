"""`manage.py checkruns`: sound runs pass, and every kind of damage is found and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pydantic import BaseModel

from workflows_app import StepContext, Workflow, create_step, create_workflow, runtime
from workflows_app.models import Event, Payload, Run, Wait

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "long " * 4000


class Text(BaseModel):
    text: str


def shout(ctx: StepContext) -> Text:
    return Text(text=ctx.input_data.text.upper())


def ask(ctx: StepContext) -> None:
    ctx.suspend({"question": "Really?"})


steps = [create_step(id=name, input_schema=Text, output_schema=Text, execute=shout) for name in ("a", "b")]
shouting = create_workflow(id="shouting", input_schema=Text).then(steps[0]).then(steps[1]).commit()
listing = (
    create_workflow(id="listing", input_schema=Text)
    .map(lambda ctx: [ctx.input_data] * 2, id="texts")
    .foreach(steps[0])
    .commit()
)
asking = create_workflow(id="asking").then(create_step(id="ask", execute=ask)).commit()


@pytest.fixture
def perform() -> Iterator[Callable[[Workflow], str]]:
    """Give a function that performs a run of a workflow to its rest and gives its id."""

    async def performed(workflow: Workflow) -> str:
        runtime.get_engine().add_workflow(workflow)
        run = await workflow.create_run()
        await run.start(input_data={"text": LONG})
        run_id: str = run.id
        return run_id

    runtime.start_background()
    yield lambda workflow: runtime.call(performed(workflow))
    runtime.stop_background()


def refusal(*runs: str) -> str:
    """Check runs that are not sound; give what is printed."""
    printed = StringIO()
    with pytest.raises(CommandError):
        call_command("checkruns", *runs, stdout=printed)
    return printed.getvalue()


def test_a_run_over_a_list_that_is_stored_apart_passes(perform: Callable[[Workflow], str]) -> None:
    run_id = perform(listing)
    assert Run.objects.get(pk=run_id).status == "success"
    call_command("checkruns", run_id)


def test_sound_runs_pass(perform: Callable[[Workflow], str]) -> None:
    perform(shouting)
    perform(asking)
    moment = Run.objects.all()[0].created_at
    Run.objects.create(id="pending", workflow_id="x", created_at=moment, updated_at=moment)
    printed = StringIO()
    call_command("checkruns", stdout=printed)
    assert printed.getvalue() == "3 runs checked, nothing wrong.\n"


def test_it_tells_when_a_run_is_not_there() -> None:
    with pytest.raises(CommandError, match="There is no run 'x'"):
        call_command("checkruns", "x")


def test_it_checks_only_the_runs_that_are_named(perform: Callable[[Workflow], str]) -> None:
    damaged, sound = perform(asking), perform(asking)
    Run.objects.filter(pk=damaged).update(status="success")
    call_command("checkruns", sound, stdout=StringIO())
    assert refusal(damaged) == f"{damaged} I4: the status is success, the events say suspended\n"


def lose_an_event(run_id: str) -> None:
    Event.objects.filter(run_id=run_id, seq=3).delete()


def repeat_an_outcome(run_id: str) -> None:
    event = Event.objects.get(run_id=run_id, kind="StepSucceeded", path="a")
    Event.objects.filter(run_id=run_id, seq=event.seq + 1).update(
        kind=event.kind, path=event.path, version=event.version, data=event.data
    )


def write_an_event_late(run_id: str) -> None:
    event = Event.objects.get(run_id=run_id, seq=2)
    event.delete()
    event.pk = None
    event.save()


def go_on_after_the_end(run_id: str) -> None:
    last = Event.objects.filter(run_id=run_id).order_by("-seq")[0]
    last.pk, last.seq, last.kind, last.path = None, last.seq + 1, "StepSkipped", "b"
    last.data = "{}"
    last.save()
    Run.objects.filter(pk=run_id).update(seq=last.seq)


def write_an_event_that_is_none(run_id: str) -> None:
    Event.objects.filter(run_id=run_id, seq=2).update(data="{]")


def write_an_event_of_the_future(run_id: str) -> None:
    Event.objects.filter(run_id=run_id, seq=2).update(version=99)


def lose_a_payload(run_id: str) -> None:
    Payload.objects.filter(run_id=run_id)[:1].get().delete()


def damage_a_payload(run_id: str) -> None:
    Payload.objects.filter(run_id=run_id).update(bytes=b"none")


def leave_a_call_open(run_id: str) -> None:
    Wait.objects.create(run_id=run_id, path="a", kind="call", attempt=1)


def forget_the_end(run_id: str) -> None:
    Run.objects.filter(pk=run_id).update(finished_at=None)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose_an_event, "I5: the events are numbered 1-2, 4-6, the run is at 6"),
        (write_an_event_late, "I5: the events were not written in the order of their numbers"),
        (repeat_an_outcome, "I1: try 1 of a has one outcome more, StepSucceeded"),
        (go_on_after_the_end, "I8: StepSkipped b follows the end of the run"),
        (write_an_event_that_is_none, "I14: event 2 cannot be read: A stored event of kind 'StepStarted'"),
        (write_an_event_of_the_future, "I14: event 2 cannot be read: An event of kind 'StepStarted', version 99"),
        (lose_a_payload, "is not there"),
        (damage_a_payload, "cannot be read"),
        (leave_a_call_open, "I4: a call of a, try 1, is left over"),
        (forget_the_end, "I4: finished_at is None, the events say "),
    ],
)
def test_it_finds_damage(perform: Callable[[Workflow], str], damage: Callable[[str], None], said: str) -> None:
    run_id = perform(shouting)
    damage(run_id)
    assert said in refusal()


def test_it_finds_a_question_that_nobody_can_answer(perform: Callable[[Workflow], str]) -> None:
    run_id = perform(asking)
    Wait.objects.filter(run_id=run_id).delete()
    assert refusal() == f"{run_id} I4: the suspension of ask, try 1, is not there\n"
