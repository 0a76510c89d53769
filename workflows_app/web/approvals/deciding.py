"""Deciding a question: the one way in which an answer of a person reaches a run, whatever door it came by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workflows_app import runtime
from workflows_app.approvals.gather import catch_up
from workflows_app.approvals.policy import Who, refusal
from workflows_app.engine.paths import is_below, public, to_text
from workflows_app.engine.records import Record
from workflows_app.errors import AnswerRefused, InvalidResumeData, NotSuspended, ResumeAlreadyClaimed, RunError
from workflows_app.models import Approval, Desk
from workflows_app.web.approvals.answering import answer_form
from workflows_app.web.broken import insist
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import Asked
from workflows_app.web.inspector.look import looking_at

LATE: Final = (NotSuspended, ResumeAlreadyClaimed)
"""Somebody else was faster."""


def decider(request: Asked) -> Who:
    """Tell who asks. Raises: PermissionDenied unless they may decide anything"""
    who = Who.of(request.user)
    if not who.may_decide:
        raise PermissionDenied(
            _("Your account may not decide approvals. Somebody who manages the members can allow it.")
        )
    return who


def question_of(run_id: str, record: Record) -> Approval | None:
    """Find the approval of a suspended step, if the listener has come to it."""
    return Approval.objects.filter(run=run_id, path=record.path, attempt=record.attempt).first()


def approval_at(run_id: str, record: Record) -> Approval | None:
    """Find the approval of a suspended step, also when the listener has not come to it yet."""
    found = question_of(run_id, record)
    if found is None:
        catch_up(runs=[run_id])
    return found or question_of(run_id, record)


def decide(who: Who, approval: Approval, value: object, via: str) -> Approval:
    """Hand an answer to the run and give the approval as it then is.

    Raises: AnswerRefused, NotSuspended, ResumeAlreadyClaimed, InvalidResumeData and others of `resume`
    """
    if reason := refusal(who, approval):
        raise AnswerRefused(reason)
    hand(approval, value, who)
    return insist(partial(settled, who, approval, via))


def settled(who: Who, approval: Approval, via: str) -> Approval:
    """Give the approval as it is after an answer, and note by which door that came."""
    Desk.objects.filter(approval=approval, person=who.user).delete()
    catch_up(runs=[approval.run_id])
    mine = Approval.objects.filter(pk=approval.pk, state=Approval.State.DECIDED, decided_by=who.name)
    mine.update(via=via)
    return Approval.objects.get(pk=approval.pk)


def hand(approval: Approval, value: object, who: Who) -> None:
    """Give an answer to the run. One that is refused stands against what the journal has. Raises: as `decide`"""
    run = runtime.call(runtime.get_engine().get_run(approval.run_id))
    answer = partial(
        run.resume_async, step=public(approval.path), resume_data=value, by=who.name, asked=approval.seq,
        groups=who.speaks_for(approval.groups),
    )  # fmt: skip
    try:
        runtime.call(answer())
    except LATE:
        try:
            # Who was faster may still be at it; what comes now waits for that, so it is late for good, or is not.
            runtime.call(answer())
        except LATE:
            catch_up(runs=[approval.run_id])
            raise


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer that comes back to its page: with its faults, or because it was not taken."""

    form: SchemaForm
    status: int = 422
    problem: str = ""


def attempt(who: Who, approval: Approval, request: HttpRequest, via: str) -> Approval | Sent:
    """Take what a page sent: give the approval as it then is, or what the page is to show again."""
    with looking_at(approval.run_id) as look:
        form = answer_form(look, approval.path)
    if form is None:
        raise RunError(_("The code of this workflow is not there, so nothing can take the answer."))
    bound = form.bind(request.POST, request.FILES)
    if approval.is_open and not bound.is_valid():
        return Sent(bound, 200 if bound.is_edit else 422)
    try:
        return decide(who, approval, bound.value, via)
    except LATE:
        return Sent(bound, 409, _("Your answer was not taken: this had been answered before."))
    except AnswerRefused as error:
        return Sent(bound, 403, error.message)
    except InvalidResumeData as error:
        return Sent(replace(bound, errors={bound.root_name: error.message}))


def words_of(done: Approval) -> str:
    """Say what came of an answer."""
    if not done.is_open:
        return _("Decided: %s. The run goes on.") % done.title
    left = done.needed - done.given
    counts = ngettext("%d more person must decide.", "%d more people must decide.", left) % left
    if done.is_disputed:
        counts = _("The groups disagree. Somebody else of %s must, or an administrator.") % ", ".join(done.asked_of)
    elif done.groups:
        counts = _("Somebody of %s must decide too.") % ", ".join(done.asked_of)
    return f"{_('Your decision on “%s” counts.') % done.title} {counts}"


def check_resume(who: Who, run_id: str, step: object = None) -> list[str]:
    """Refuse to answer the questions of a run that are not this person's, of a step or of all. Raises: AnswerRefused

    For the doors that name a run and not a question. Gives the groups that the person speaks for.
    """
    speaks_for: set[str] = set()
    catch_up(runs=[run_id])
    address = to_text(step) if step is not None else ""
    for approval in Approval.objects.open().filter(run=run_id):
        meant = not address or is_below(public(approval.path), address)
        if meant and (reason := refusal(who, approval)):
            raise AnswerRefused(reason)
        speaks_for.update(who.speaks_for(approval.groups))
    return sorted(speaks_for)
