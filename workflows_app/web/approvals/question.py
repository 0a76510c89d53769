"""One question as its page shows it: what is asked, where it stands in the run, and what follows each answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workflows_app.approvals.policy import Who, may_handle, refusal, takes_on
from workflows_app.approvals.queues import Inbox
from workflows_app.engine.events import StepResumed, StepSuspended
from workflows_app.engine.paths import public
from workflows_app.engine.questions import alarm_of
from workflows_app.engine.records import Record
from workflows_app.engine.schema import Json, Value
from workflows_app.engine.verbs import place_of
from workflows_app.models import Approval, Comment, Desk
from workflows_app.models.instants import to_instant
from workflows_app.web.approvals.answering import Answering, Choice, answering, proposed_form
from workflows_app.web.approvals.deciding import Sent
from workflows_app.web.approvals.following import Follow, follows_of, holds, name_of
from workflows_app.web.approvals.inbox import Due, due_words
from workflows_app.web.approvals.precedents import Precedents, precedents_of
from workflows_app.web.approvals.watching import Standing, standing_of
from workflows_app.web.forms import SchemaForm
from workflows_app.web.graph.drawn import Drawn
from workflows_app.web.graph.flow import draw
from workflows_app.web.inspector.look import Look, looking_at
from workflows_app.web.values.facts import Told, described, facts_in
from workflows_app.web.values.jsontree import Tree, branch_of
from workflows_app.web.values.schemas import any_name_schema_of

AHEAD: Final = 2
STANDS: Final = {"open": "suspended", "decided": "success", "withdrawn": "canceled"}
"""The status that stands for a question in the way of its run."""
RUNGS: Final = {
    "remind": gettext_lazy("a reminder is sent"),
    "assign": gettext_lazy("it goes to %s"),
    "answer": gettext_lazy("the default answer is taken"),
    "fail": gettext_lazy("the step fails"),
}


@dataclass(frozen=True, slots=True)
class Pill:
    """One stop on the way of the run."""

    name: str
    status: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Vote:
    by: str
    at: int
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rung:
    """What happens, or happened, when nobody answers until then."""

    words: str
    at: int | None
    taken: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How a question was answered."""

    by: str
    at: datetime | None
    via: str
    told: Told = field(default_factory=Told)
    rest: Tree | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """What answers a question at the run's own page, and what follows; `goes_on` if one answer takes the run on."""

    answering: Answering
    follows: tuple[Follow, ...]
    goes_on: bool
    drafted_at: datetime | None = None

    @property
    def choices(self) -> Sequence[Choice]:
        return self.answering.choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    approval: Approval
    step: str
    about: str
    body: str
    told: Told
    rest: Tree | None
    due: Due
    pills: tuple[Pill, ...]
    follows: tuple[Follow, ...]
    votes: tuple[Vote, ...]
    rungs: tuple[Rung, ...]
    refusal: str
    may_handle: bool
    holder: str
    is_mine: bool
    goes_on: bool
    ending: Ending | None
    precedents: Precedents
    comments: tuple[Comment, ...]
    standing: Standing
    answering: Answering | None = None
    drafted_at: datetime | None = None

    @property
    def heard(self) -> int:
        """Count the groups for which somebody has decided."""
        return len({group for vote in self.votes for group in vote.groups})

    @property
    def choices(self) -> Sequence[Choice]:
        return self.answering.choices if self.answering is not None else ()


def read_question(
    who: Who, approval: Approval, now: datetime, sent: Sent | None = None, *, may_see: bool, check: str = ""
) -> Question:  # fmt: skip
    """Read a question with the form that answers it: what was sent, else a draft, else an empty one.

    `check` is the address that checks single fields.
    """
    with looking_at(approval.run_id) as look:
        form = sent.form if sent else proposed_form(look, approval.path)
        if form is None or not approval.is_open:
            return question_of(approval, look, who, now, may_see=may_see)
        drafted = None if sent else draft_of(approval, who)
        form = form if drafted is None else with_draft(form, drafted)
        shown = answering(form.checked_at(check), look.answer_schema(approval.path))
        question = question_of(approval, look, who, now, may_see=may_see, choices=shown.choices)
        return replace(question, answering=shown, drafted_at=drafted.drafted_at if drafted else None)


def draft_of(approval: Approval, who: Who) -> Desk | None:
    return Desk.objects.filter(approval=approval, person=who.user).exclude(draft="").first()


def with_draft(form: SchemaForm, drafted: Desk) -> SchemaForm:
    """Fill a form with what was kept; what is wrong with half an answer is not said yet."""
    return replace(form.bind(QueryDict(drafted.draft)), errors={})


def question_of(
    approval: Approval, look: Look, who: Who, now: datetime, *, may_see: bool, choices: Sequence[Choice] = ()
) -> Question:  # fmt: skip
    """Read a question from the journal of its run."""
    path = public(approval.path)
    node = place_of(look.workflow, approval.path) if look.workflow is not None else None
    flow = draw(look.root, look.history, look.history.updated_at or 0, path)
    may_see = may_see or who.is_meant(approval)
    told = told_by(approval, look, node) if may_see else Told()
    said = event_at(look, approval.seq)
    record = look.history.record(approval.path)
    asked = record if record is not None and record.asked == approval.seq else Record(approval.path)
    return Question(
        approval=approval,
        step=path,
        about=getattr(node, "description", None) or "",
        body=said.body or "" if isinstance(said, StepSuspended) and may_see else "",
        told=told,
        rest=tree_or_none(told.rest),
        due=due_words(approval.due, now),
        pills=tuple(pills_of(flow, path, approval.state)),
        follows=tuple(follows_of(flow, path, choices, look.workflow)),
        votes=tuple(Vote(vote.by, vote.at, vote.groups) for vote in asked.votes),
        rungs=tuple(rung for rung in rungs_of(approval, asked) if rung.taken or approval.is_open),
        refusal=refusal(who, approval) or held_up(look) if approval.is_open else "",
        may_handle=may_handle(who, approval),
        holder=approval.holder,
        is_mine=approval.holder == who.name,
        goes_on=takes_on(who, approval),
        ending=ending_of(approval, look, may_see) if not approval.is_open else None,
        precedents=precedents_of(approval, look.answer_schema(approval.path), Inbox(who, now).decided),
        comments=tuple(approval.comments.order_by("pk")),
        standing=standing_of(approval, who.user, now),
    )


def held_up(look: Look) -> str:
    """Say why the run would take no answer from anybody now: its workflow has changed."""
    if not look.head.blocked_reason:
        return ""
    return _("%s The run's page lets it go on without it.") % look.head.blocked_reason


def told_by(approval: Approval, look: Look, node: object) -> Told:
    """Give what the step told when it asked."""
    asked = event_at(look, approval.seq)
    if not isinstance(asked, StepSuspended) or asked.payload is None:
        return Told()
    return facts_in(look.loaded(asked.payload).data, described(node))


def rungs_of(approval: Approval, record: Record) -> Iterator[Rung]:
    """Say what the step declared for a question that nobody answers."""
    due = to_instant(approval.due) if approval.due else None
    for index, rung in enumerate(record.on_due):
        words = RUNGS[rung["do"]]
        yield Rung(
            str(words) % rung["to"] if "to" in rung else str(words),
            alarm_of(due, record.on_due, index),
            index < record.escalated,
        )


def event_at(look: Look, seq: int | None) -> object:
    events = look.moment.reading.events
    return events[seq - 1] if seq and seq <= len(events) else None


def ending_of(approval: Approval, look: Look, may_see: bool) -> Ending:
    """Tell how it was answered, with the answer for those who may see it."""
    ending = Ending(approval.decided_by, approval.decided_at, approval.via)
    answer = event_at(look, approval.answer_seq)
    if not isinstance(answer, StepResumed) or not may_see:
        return ending
    told = facts_in(look.loaded(answer.data).data, any_name_schema_of(look.answer_schema(approval.path)))
    return replace(ending, told=told, rest=tree_or_none(told.rest))


def tree_or_none(data: Json) -> Tree | None:
    return Tree(branch_of(data), 0) if data is not None else None


def pills_of(flow: Drawn, path: str, state: str) -> Iterator[Pill]:
    """Tell the way of the run in five stops: what is done, what came last, this step, what comes next."""
    lanes = [lane.node for lane in flow.lanes]
    here = next((i for i, node in enumerate(lanes) if holds(node, path)), None)
    if here is None:
        return
    done = [node for node in lanes[:here] if node.status in ("success", "bailed")]
    steps = sum(node.steps for node in done[:-1])
    if steps:
        yield Pill(ngettext("%d step", "%d steps", steps) % steps, "success")
    if done:
        yield Pill(name_of(done[-1]), done[-1].status)
    yield Pill(path.rpartition(".")[2], STANDS[state], current=True)
    for node in lanes[here + 1 : here + 1 + AHEAD]:
        yield Pill(name_of(node), node.status)


@dataclass(frozen=True, slots=True)
class Proof:
    """What lets somebody check a printed record against the journal: numbers of events and hashes of values."""

    asked: int
    asked_hash: str
    answered: int | None = None
    answered_hash: str = ""


def proof_of(approval: Approval) -> Proof:
    """Hash what was asked and what was answered, as the journal has it."""
    with looking_at(approval.run_id) as look:
        asked, answer = event_at(look, approval.seq), event_at(look, approval.answer_seq)
        payload = asked.payload if isinstance(asked, StepSuspended) else None
        given = answer.data if isinstance(answer, StepResumed) else None
        return Proof(approval.seq, hash_of(look, payload), approval.answer_seq, hash_of(look, given))


def hash_of(look: Look, value: Value | None) -> str:
    return "" if value is None else sha256(look.loaded(value).text.encode()).hexdigest()
