"""Brings the approvals in line with the journal, off the path of the runs.

A wait for a person that has no approval gets one; an open approval whose wait is gone is closed with what the
journal says of it. Both are looked up by what there is, not by what was heard, so it does not matter who wrote
the events, which of them were missed, or how often two processes do the same at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from workflows_app.engine import events as e
from workflows_app.engine.errors import UnreadableEvent
from workflows_app.engine.events import decode
from workflows_app.engine.paths import ITEM, last_id, public
from workflows_app.models import Approval, Event, Wait
from workflows_app.models.approval import EACH, NEVER, ApprovalQuerySet, numbered
from workflows_app.models.instants import to_datetime, to_instant

AT_ONCE = 500
HEARD = (
    e.StepSuspended, e.StepVoted, e.StepEscalated, e.StepResumed, e.StepCanceled, e.RunCancelled, e.RunRewound,
)  # fmt: skip
"""The events that may open, change or close an approval."""
UNCLAIMED: Final = {"claimed_by": "", "claimed_until": None}
CLOSING = ("state", "answer_seq", "decided_by", "decided_at", "voters", "tell_at")
DUE, CODE = "due", "code"


def catch_up(using: str = DEFAULT_DB_ALIAS, runs: Collection[str] | None = None) -> int:
    """Look at all runs, or at these. Returns how many approvals were made, changed or closed."""
    return sum(step(using, runs) for step in (close_gone, open_new, follow))


def open_new(using: str, runs: Collection[str] | None) -> int:
    made = 0
    while waits := unknown(using, runs):
        approvals = [approval_of(wait, asked) for wait, asked in questions(using, waits)]
        Approval.objects.using(using).bulk_create(approvals, ignore_conflicts=True)
        made += len(approvals)
    return made


def unknown(using: str, runs: Collection[str] | None) -> list[Wait]:
    """List some waits for people that have no approval yet."""
    known = Approval.objects.filter(run=OuterRef("run"), path=OuterRef("path"), attempt=OuterRef("attempt"))
    waits = Wait.objects.using(using).filter(~Exists(known), kind=Wait.Kind.SUSPENSION, event__isnull=True)
    if runs is not None:
        waits = waits.filter(run__in=runs)
    return list(waits.select_related("run").order_by("id")[:AT_ONCE])


def questions(using: str, waits: Collection[Wait]) -> Iterator[tuple[Wait, Event | None]]:
    """Give each wait with the event that asked. One that time travel assumed has none."""
    rows = Event.objects.using(using).filter(run__in={wait.run_id for wait in waits})
    found = {(row.run_id, row.path): row for row in rows.filter(kind="StepSuspended").order_by("seq")}
    starters = dict(rows.filter(kind="RunStarted").order_by("seq").values_list("run_id", "by"))
    for wait in waits:
        wait.run.started_by = wait.run.started_by or starters.get(wait.run_id)
        yield wait, found.get((wait.run_id, wait.path))


def approval_of(wait: Wait, row: Event | None) -> Approval:
    """Make the approval of a wait."""
    made = Approval(
        run_id=wait.run_id,
        path=wait.path,
        attempt=wait.attempt,
        seq=row.seq if row else 0,
        workflow_id=wait.run.workflow_id,
        place=ITEM.sub("", public(wait.path)),
        title=f"{last_id(wait.path)} waits for an answer",
        requester=wait.run.started_by or "",
        asked_at=row.at if row else wait.run.updated_at,
    )
    asked = event_of(row) if row else None
    if isinstance(asked, e.StepSuspended):
        made.title = asked.title or made.title
        made.priority = Approval.Priority.of(asked.priority)
        made.assignee = EACH if asked.groups else asked.assign_to or ""
        made.groups = made.missing = numbered(asked.groups)
        made.due_at = NEVER if asked.due is None else to_datetime(asked.due)
        made.needed, made.allow_requester = asked.approvals, asked.allow_requester
        made.rungs = len(asked.on_due)
        made.tell_at = made.asked_at if made.assignee else NEVER
    return made


def event_of(row: Event) -> e.Event:
    """Read a row of the journal, without its large values; one that cannot be read tells nothing but when it was."""
    at = to_instant(row.at)
    try:
        return decode(row.kind, row.version, at, row.path, row.by, row.data)
    except UnreadableEvent:
        return e.Event(at)


def follow(using: str, runs: Collection[str] | None) -> int:
    """Note the votes and escalations of questions that may have some."""
    moving = of_runs(Approval.objects.using(using).open(), runs).filter(Q(needed__gt=1) | Q(rungs__gt=0))
    changed = 0
    for some in batches(moving):
        moves = since_asked(using, some, "StepVoted", "StepEscalated")
        changed += sum(take(using, approval, moves[approval.id]) for approval in some)
    return changed


def since_asked(using: str, approvals: Collection[Approval], *kinds: str) -> dict[int, list[Event]]:
    """Read what happened to questions since they were asked, by the number of the approval."""
    rows = Event.objects.using(using).filter(run__in={one.run_id for one in approvals}, kind__in=kinds)
    found: dict[tuple[str, str], list[Event]] = {}
    for row in rows.order_by("run_id", "seq"):
        found.setdefault((row.run_id, row.path), []).append(row)
    return {one.id: [row for row in found.get((one.run_id, one.path), ()) if row.seq > one.seq] for one in approvals}


def take(using: str, approval: Approval, rows: Collection[Event]) -> bool:
    """Take over what happened to a question since it was asked. Tells whether that is news."""
    voters, since = voters_in(rows), [event_of(row) for row in rows]
    rungs = [event for event in since if isinstance(event, e.StepEscalated)]
    if voters == approval.voters and len(rungs) == approval.escalated:
        return False
    votes = [event for event in since if isinstance(event, e.StepVoted)]
    # Only what is news is written: somebody may claim it or hand it over in this moment.
    row = Approval.objects.using(using).filter(pk=approval.pk)
    row.update(**(after_votes(approval, voters, votes) | after_rungs(approval, rungs)))
    # Who has decided has nothing in hand any more, and the others are to see it again.
    row.filter(claimed_by__in=voters).update(**UNCLAIMED)
    return True


def after_votes(approval: Approval, voters: dict[str, int], votes: Iterable[e.StepVoted]) -> dict[str, Any]:
    """Give what a question is after some votes. Those who are asked once more are told so."""
    missing = missing_after(approval, votes)
    again = approval.groups and missing == approval.groups and voters != approval.voters
    return {"voters": voters, "missing": missing} | ({"tell_at": timezone.now()} if again else {})


def after_rungs(approval: Approval, rungs: Sequence[e.StepEscalated]) -> dict[str, Any]:
    """Give what a question is after what time did to it."""
    found: dict[str, Any] = {"escalated": len(rungs), "reminded": sum(rung.action == "remind" for rung in rungs)}
    news = rungs[approval.escalated :]
    handed = [rung.to for rung in news if rung.to]
    if handed:
        found |= {"assignee": handed[-1], "handed_by": "", **UNCLAIMED}
    return found | ({"tell_at": timezone.now()} if news else {})


def voters_in(rows: Iterable[Event]) -> dict[str, int]:
    return numbered(row.by or "" for row in rows if row.kind == "StepVoted")


def missing_after(approval: Approval, votes: Iterable[e.StepVoted]) -> dict[str, int]:
    """Give the groups that are asked after some votes; all of them once more where they do not agree."""
    heard = set(chain.from_iterable(vote.groups for vote in votes))
    return {name: place for name, place in approval.groups.items() if name not in heard} or approval.groups


def close_gone(using: str, runs: Collection[str] | None) -> int:
    """Close the approvals that nothing waits for any more."""
    waiting = Wait.objects.filter(
        run=OuterRef("run"), path=OuterRef("path"), attempt=OuterRef("attempt"), kind=Wait.Kind.SUSPENSION
    )
    gone = of_runs(Approval.objects.using(using).open(), runs).filter(~Exists(waiting))
    closed = 0
    for some in batches(gone):
        answers = since_asked(using, some, "StepVoted", "StepResumed", "StepEscalated")
        for approval in some:
            close(approval, answers[approval.id])
        for via in (DUE, CODE):
            # Whoever carried the answer may have noted meanwhile by which door it came. It is noted before the
            # question is closed, so that nobody reads a closed one without it.
            these = [approval.pk for approval in some if approval.via == via]
            Approval.objects.using(using).filter(pk__in=these, via="").update(via=via)
        Approval.objects.using(using).bulk_update(some, CLOSING)
        closed += len(some)
    return closed


def close(approval: Approval, rows: Collection[Event]) -> None:
    """Note how a question ended: by the answer that came first after it, or by none."""
    answer = next((row for row in rows if row.kind == "StepResumed"), None)
    rungs = [row for row in rows if row.kind == "StepEscalated"]
    # The last vote came with the answer, and some before it may have come since anybody looked.
    approval.voters = voters_in(rows)
    if answer is None:
        approval.state, approval.tell_at = Approval.State.WITHDRAWN, NEVER
        approval.via = DUE if any(map(is_failure, rungs)) else ""
        return
    by_time = any(row.seq == answer.seq - 1 for row in rungs)
    approval.state = Approval.State.DECIDED
    approval.answer_seq, approval.decided_at = answer.seq, answer.at
    approval.decided_by = answer.by or ""
    approval.tell_at = timezone.now() if approval.requester not in ("", approval.decided_by) else NEVER
    approval.via = DUE if by_time else CODE


def is_failure(row: Event) -> bool:
    """Tell whether the step failed for want of an answer."""
    event = event_of(row)
    return isinstance(event, e.StepEscalated) and event.action == "fail"


def of_runs(approvals: ApprovalQuerySet, runs: Collection[str] | None) -> ApprovalQuerySet:
    return approvals if runs is None else approvals.filter(run__in=runs)


def batches(approvals: ApprovalQuerySet) -> Iterator[list[Approval]]:
    """Walk approvals some at a time; those that are changed meanwhile do not come again."""
    last = 0
    while some := list(approvals.filter(id__gt=last).order_by("id")[:AT_ONCE]):
        yield some
        last = some[-1].id
