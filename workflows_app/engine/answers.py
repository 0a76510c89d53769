"""What an answer and a missed due date come to: who is refused, whose answer counts, which rung is taken."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from . import events as e
from .errors import AnswerRefused, ResumeAlreadyClaimed, StepTimeout, describe
from .events import Event, Instant
from .questions import decision_in
from .records import Record
from .schema import Schema, Value


def check_answer(
    record: Record, by: str | None, groups: Collection[str], requester: str | None, asked: int | None
) -> None:  # fmt: skip
    """Refuse an answer to an earlier question, and one from somebody who may not give it.

    Code that answers without saying in whose name answers for everybody.
    Raises: ResumeAlreadyClaimed, AnswerRefused
    """
    if asked is not None and record.asked != asked:
        raise ResumeAlreadyClaimed("The step asks something else by now. Look at the new question.")
    if by is None:
        return
    if not record.allow_requester and by == requester:
        raise AnswerRefused(f"{by} started this run, so somebody else must answer.")
    if any(vote.by == by for vote in record.votes):
        if record.groups:
            raise AnswerRefused(f"{by} has answered already. Somebody of another group must answer too.")
        left = f"{len(record.votes)} of {record.approvals} people have answered"
        raise AnswerRefused(f"{by} has answered already; {left}. Somebody else must answer too.")
    if record.groups and not speaks_for(record, groups):
        raise AnswerRefused(f"{by} is in none of the groups that must answer: {', '.join(record.groups)}.")


def speaks_for(record: Record, groups: Collection[str]) -> tuple[str, ...]:
    """Name the groups of which one must answer, among those that a person speaks for."""
    return tuple(group for group in record.groups if group in groups)


def answer(
    record: Record, data: Value, schema: Schema, now: Instant, *, context: Value | None, budget: int | None,
    by: str | None, groups: Collection[str] = (),
) -> list[Event]:  # fmt: skip
    """Take an answer: it resumes the step once as many people, or one of each group, have decided alike."""
    resumed = e.StepResumed(now, record.path, data, context, budget, by)
    if by is None or (record.approvals < 2 and not record.groups):
        return [resumed]
    decision = decision_in(data.data, schema)
    alike = [vote for vote in record.votes if decision_in(vote.data.data, schema) == decision]
    vote = e.StepVoted(now, record.path, data, by, speaks_for(record, groups))
    heard = {*vote.groups, *chain.from_iterable(other.groups for other in alike)}
    is_enough = heard.issuperset(record.groups) if record.groups else len(alike) + 1 >= record.approvals
    return [vote, resumed] if is_enough else [vote]


def escalate(record: Record, now: Instant, budget: int | None) -> list[Event]:
    """Take the next rung of what the step declared for a question that nobody answers."""
    rung = record.on_due[record.escalated]
    taken = e.StepEscalated(now, record.path, rung["do"], rung.get("to"))
    match rung["do"]:
        case "answer":
            return [taken, e.StepResumed(now, record.path, Value.of(rung["data"]), budget=budget)]
        case "fail":
            error = describe(StepTimeout("Nobody answered in time."))
            return [taken, e.StepFailed(now, record.path, record.attempt, error)]
    return [taken]
