"""Questions to people: who may answer, how many must, and what happens when nobody does in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from tests.engine.short import ForwardClock, chain, go
from workflows_app.engine import Engine, create_step
from workflows_app.engine.events import SECOND, StepEscalated, StepResumed, StepSuspended, StepVoted
from workflows_app.engine.history import History
from workflows_app.engine.questions import DecisionField, decision_field
from workflows_app.engine.schema import Described, Schema
from workflows_app.errors import AnswerRefused, ResumeAlreadyClaimed


class Decision(BaseModel):
    decision: Literal["approve", "reject"]
    note: str = ""
    urgent: bool = False


YES, NO = {"decision": "approve", "note": "fine"}, {"decision": "reject", "note": "no"}


class World:
    """One workflow whose only step asks, on a clock of its own."""

    def __init__(self, **policy: Any) -> None:
        def ask(ctx: Any) -> Any:
            if ctx.resume_data is not None:
                return ctx.resume_data.model_dump()
            return ctx.suspend({"total": 9}, **policy)

        self.clock = ForwardClock()
        self.workflow = chain(create_step(id="ask", execute=ask, resume_schema=Decision))
        self.engine = Engine([self.workflow], clock=self.clock)

    async def asked(self, by: str = "ada") -> Any:
        run = await self.workflow.create_run()
        result = await run.start(by=by)
        return run, result

    async def pass_time(self, seconds: float) -> int:
        self.clock.pass_time(seconds)
        return await self.engine.fire_due_timers()

    async def events(self, run: Any, kind: type[Any]) -> list[Any]:
        stored = await self.engine.read(run.id)
        return [event for event in stored.events if isinstance(event, kind)]


def test_a_question_has_a_body_and_a_priority() -> None:
    async def scenario() -> None:
        world = World(title="Ship?", body="*Now*, or **never**?", priority="urgent")
        run, _ = await world.asked()
        [asked] = await world.events(run, StepSuspended)
        assert (asked.body, asked.priority) == ("*Now*, or **never**?", "urgent")
        plain, _ = await (other := World()).asked()
        [asked] = await other.events(plain, StepSuspended)
        assert (asked.body, asked.priority) == (None, "normal")

    go(scenario())


def test_a_question_proposes_an_answer_be_it_wrong() -> None:
    async def scenario() -> None:
        world = World(proposal={"amount": "much"})
        run, result = await world.asked()
        [asked] = await world.events(run, StepSuspended)
        assert asked.proposal is not None
        assert asked.proposal.data == {"amount": "much"}
        [record] = History((await world.engine.read(run.id)).events).suspended
        assert record.proposal == asked.proposal
        assert "proposal" not in str(result.suspend_payload)
        done = await run.resume(resume_data={"decision": "approve"})
        assert done.status == "success"
        assert not History((await world.engine.read(run.id)).events).records[record.path].proposal

    go(scenario())


def test_two_people_must_decide_alike() -> None:
    async def scenario() -> None:
        world = World(approvals=2)
        run, _ = await world.asked()
        first = await run.resume(resume_data=YES, by="bo")
        assert first.status == "suspended"
        second = await run.resume(resume_data={**YES, "note": "me too"}, by="cy")
        assert second.status == "success"
        assert second.result["note"] == "me too"
        assert [vote.by for vote in await world.events(run, StepVoted)] == ["bo", "cy"]

    go(scenario())


def test_a_different_decision_waits_for_a_third() -> None:
    async def scenario() -> None:
        world = World(approvals=2)
        run, _ = await world.asked()
        assert (await run.resume(resume_data=YES, by="bo")).status == "suspended"
        assert (await run.resume(resume_data=NO, by="cy")).status == "suspended"
        result = await run.resume(resume_data=NO, by="di")
        assert result.status == "success"
        assert result.result["decision"] == "reject"

    go(scenario())


def test_one_of_each_group_must_decide_alike() -> None:
    async def scenario() -> None:
        world = World(approvals=["law", "sales", "risk"])
        run, _ = await world.asked()
        [asked] = await world.events(run, StepSuspended)
        assert (asked.approvals, asked.groups) == (3, ("law", "sales", "risk"))
        assert (await run.resume(resume_data=YES, by="bo", groups=["law", "choir"])).status == "suspended"
        # A second one of a group makes up for no other group.
        assert (await run.resume(resume_data=YES, by="cy", groups=["law"])).status == "suspended"
        result = await run.resume(resume_data=YES, by="di", groups=["risk", "sales"])
        assert result.status == "success"
        told = [(vote.by, vote.groups) for vote in await world.events(run, StepVoted)]
        assert told == [("bo", ("law",)), ("cy", ("law",)), ("di", ("sales", "risk"))]

    go(scenario())


def test_a_group_that_decides_otherwise_is_waited_for_until_it_agrees() -> None:
    async def scenario() -> None:
        world = World(approvals=["law", "sales"])
        run, _ = await world.asked()
        assert (await run.resume(resume_data=YES, by="bo", groups=["law"])).status == "suspended"
        assert (await run.resume(resume_data=NO, by="cy", groups=["sales"])).status == "suspended"
        result = await run.resume(resume_data=YES, by="di", groups=["sales"])
        assert (result.status, result.result["decision"]) == ("success", "approve")

    go(scenario())


def test_who_is_of_none_of_the_groups_is_refused_and_code_answers_for_all() -> None:
    async def scenario() -> None:
        world = World(approvals=["law", "sales"])
        run, _ = await world.asked()
        with pytest.raises(AnswerRefused, match="eve is in none of the groups that must answer: law, sales"):
            await run.resume(resume_data=YES, by="eve", groups=["choir"])
        await run.resume(resume_data=YES, by="bo", groups=["law"])
        with pytest.raises(AnswerRefused, match="Somebody of another group must answer too"):
            await run.resume(resume_data=YES, by="bo", groups=["law"])
        assert len(await world.events(run, StepVoted)) == 1
        assert (await run.resume(resume_data=YES)).status == "success"

    go(scenario())


def test_one_group_alone_may_be_named() -> None:
    async def scenario() -> None:
        world = World(approvals=["law"])
        run, _ = await world.asked()
        assert (await run.resume(resume_data=YES, by="bo", groups=["law"])).status == "success"
        assert [vote.groups for vote in await world.events(run, StepVoted)] == [("law",)]

    go(scenario())


def test_nobody_answers_twice() -> None:
    async def scenario() -> None:
        world = World(approvals=2)
        run, _ = await world.asked()
        await run.resume(resume_data=YES, by="bo")
        with pytest.raises(AnswerRefused, match="1 of 2 people have answered"):
            await run.resume(resume_data=YES, by="bo")
        assert len(await world.events(run, StepVoted)) == 1

    go(scenario())


def test_two_at_the_same_moment_both_count() -> None:
    async def scenario() -> None:
        world = World(approvals=2)
        run, _ = await world.asked()
        await asyncio.gather(*(run.resume_async(resume_data=YES, by=name) for name in ("bo", "cy")))
        while (await world.engine.head(run.id)).status != "success":
            await asyncio.sleep(0.01)

    go(scenario())


def test_code_that_names_nobody_answers_for_everybody() -> None:
    async def scenario() -> None:
        world = World(approvals=3, allow_requester=False)
        run, _ = await world.asked()
        assert (await run.resume(resume_data=YES)).status == "success"

    go(scenario())


def test_whoever_started_the_run_may_be_kept_from_answering() -> None:
    async def scenario() -> None:
        world = World(allow_requester=False)
        run, _ = await world.asked(by="ada")
        with pytest.raises(AnswerRefused, match="ada started this run"):
            await run.resume(resume_data=YES, by="ada")
        assert (await run.resume(resume_data=YES, by="bo")).status == "success"

    go(scenario())


def test_an_answer_to_an_earlier_question_is_refused() -> None:
    async def scenario() -> None:
        world = World()
        run, _ = await world.asked()
        with pytest.raises(ResumeAlreadyClaimed, match="something else by now"):
            await run.resume(resume_data=YES, by="bo", asked=1)

    go(scenario())


def test_a_stream_of_a_first_answer_ends_with_the_run_still_waiting() -> None:
    async def scenario() -> None:
        world = World(approvals=2)
        run, _ = await world.asked()
        kinds = [event["type"] async for event in run.resume_stream(resume_data=YES, by="bo")]
        assert kinds == ["workflow-start", "workflow-finish"]

    go(scenario())


def test_the_rungs_are_taken_one_after_another() -> None:
    async def scenario() -> None:
        world = World(
            due=60,
            assign_to="clerks",
            on_due=["remind", {"assign_to": "managers", "after": 60}, {"answer": NO, "after": 60}],
        )
        run, _ = await world.asked()
        assert await world.pass_time(59) == 0
        assert await world.pass_time(2) == 1
        assert await world.pass_time(0) == 0
        assert await world.pass_time(60) == 1
        told = await world.events(run, StepEscalated)
        assert [(event.action, event.to) for event in told] == [("remind", None), ("assign", "managers")]
        assert (await world.engine.head(run.id)).status == "suspended"
        assert await world.pass_time(60) == 1
        while (await world.engine.head(run.id)).status != "success":
            await asyncio.sleep(0.01)
        [answered] = await world.events(run, StepResumed)
        assert answered.by is None
        assert answered.data.data["decision"] == "reject"

    go(scenario())


def test_a_question_that_nobody_answers_can_fail_the_step() -> None:
    async def scenario() -> None:
        world = World(due=60, on_due="fail")
        run, _ = await world.asked()
        assert await world.pass_time(61) == 1
        head = await world.engine.head(run.id)
        assert (head.status, head.error) == ("failed", "Nobody answered in time.")

    go(scenario())


def test_an_answer_in_time_leaves_no_timer() -> None:
    async def scenario() -> None:
        world = World(due=60, on_due="fail")
        run, _ = await world.asked()
        assert (await run.resume(resume_data=YES, by="bo")).status == "success"
        assert await world.engine.journal.due(world.clock.now() + 3600 * SECOND) == []

    go(scenario())


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ({"approvals": 0}, "approvals: a whole number from 1 to 50"),
        ({"approvals": True}, "approvals: a whole number"),
        ({"approvals": "law"}, "approvals: a whole number"),
        ({"approvals": []}, "approvals: 1 to 50 names of groups, each once and without quotation marks, not []"),
        ({"approvals": ["law", "law"]}, "quotation marks, not ['law', 'law']"),
        ({"approvals": ["law", 2]}, "names of groups"),
        ({"approvals": ['the "law"']}, "without quotation marks"),
        ({"approvals": ["law"], "assign_to": "bo"}, "approvals: it names the groups that are asked"),
        ({"approvals": ["law"], "on_due": {"assign_to": "bo"}, "due": 1.0}, "leave assign_to out, in on_due too"),
        ({"assign_to": ["bo"]}, "assign_to: the name of a person or group"),
        ({"body": "x" * 10_001}, "body: it has at most 10000 characters"),
        ({"priority": "soon"}, "priority: one of urgent, high, normal, low, not 'soon'"),
        ({"on_due": "fail"}, "on_due: it needs a due date"),
        ({"on_due": "shout", "due": 1.0}, 'on_due: on_due takes "remind"'),
        ({"on_due": {"remind": True, "fail": True}, "due": 1.0}, "got {'remind': True"),
        ({"on_due": {"remind": True, "after": -1}, "due": 1.0}, "optional"),
        ({"on_due": ["remind"] * 21, "due": 1.0}, "it has 21 entries"),
        ({"on_due": {"answer": {"decision": "maybe"}}, "due": 1.0}, "on_due.answer.decision: Input should be"),
    ],
)
def test_a_policy_that_cannot_be_kept_fails_the_step(policy: dict[str, Any], complaint: str) -> None:
    async def scenario() -> None:
        world = World(**policy)
        _, result = await world.asked()
        assert result.status == "failed"
        assert complaint in result.error["message"]

    go(scenario())


class Two(BaseModel):
    one: bool
    other: bool


class Optional(BaseModel):
    text: str
    sure: bool = True


class Beside(BaseModel):
    decision: Literal["approve", "reject"] = "approve"
    told: bool = True


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        (Beside, DecisionField("decision", ("approve", "reject"))),
        (Decision, DecisionField("decision", ("approve", "reject"))),
        (Optional, DecisionField("sure", (True, False))),
        (Two, None),
        (int, None),
        (None, None),
    ],
)
def test_the_field_that_decides_is_found(declared: Any, found: DecisionField | None) -> None:
    assert decision_field(Schema(declared)) == found


def test_a_question_may_bring_the_form_of_its_answer() -> None:
    form = Described(Optional.model_json_schema())
    assert decision_field(form) == DecisionField("sure", (True, False))
    assert form.check({"sure": "perhaps"}) == []


def test_a_form_that_cannot_be_described_has_no_field_that_decides() -> None:
    assert decision_field(Schema(Callable[[], int])) is None
