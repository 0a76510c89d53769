"""What an answer and a missed due date come to: who is refused, whose answer counts, which rung is taken."""

from __future__ import annotations

from . import events as e
from .errors import AnswerRefused, ResumeAlreadyClaimed, StepTimeout, describe
from .events import Event, Instant
from .questions import decision_in
from .records import Record
from .schema import Schema, Value


def check_answer(record: Record, by: str | None, requester: str | None, asked: int | None) -> None:
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
        left = f"{len(record.votes)} of {record.approvals} people have answered"
        raise AnswerRefused(f"{by} has answered already; {left}. Somebody else must answer too.")


def answer(
    record: Record, data: Value, schema: Schema, now: Instant, *, context: Value | None, budget: int | None,
    by: str | None,
) -> list[Event]:  # fmt: skip
    """Take an answer: it resumes the step once as many people as are needed have decided alike."""
    resumed = e.StepResumed(now, record.path, data, context, budget, by)
    if record.approvals < 2 or by is None:
        return [resumed]
    decision = decision_in(data.data, schema)
    agree = sum(decision_in(vote.data.data, schema) == decision for vote in record.votes)
    vote = e.StepVoted(now, record.path, data, by)
    return [vote, resumed] if agree + 1 >= record.approvals else [vote]


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
