"""One question behind a signed link: looked at and answered without signing in, in the name of who got the mail.

Looking never decides, since mail scanners open every link.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from workflows_app.approvals.links import BadLink, ExpiredLink, read_token
from workflows_app.approvals.policy import Who
from workflows_app.conf import get_conf
from workflows_app.models import Approval
from workflows_app.web.activity import note
from workflows_app.web.approvals.deciding import Sent, attempt
from workflows_app.web.approvals.question import read_question
from workflows_app.web.http import show
from workflows_app.web.live.asksocket import stir
from workflows_app.web.views.approvals import NO_TALK, find, thing
from workflows_app.web.views.talk import REMARK, add

GONE = 410


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question of a link, and take the answer. An expired link asks to sign in."""
    try:
        approval, person_id = read_token(token, timezone.now())
        who = Who.of(User.objects.get(pk=person_id, is_active=True))
    except ExpiredLink as error:
        return show(request, "approvals/expired.html", {"approval_id": error.approval_id}, status=GONE)
    except (BadLink, User.DoesNotExist):
        return show(request, "approvals/expired.html", {}, status=404)
    if get_conf().link_sign_in:
        return redirect("approvals:detail", approval.pk)
    if request.method != "POST":
        return question_page(request, who, approval)
    if REMARK in request.POST:
        fault = add(request, who, approval, "link")
        talk = {"remark": request.POST[REMARK], "fault": fault}
        return question_page(request, who, approval, talk=talk) if fault else redirect("link", token)
    came = attempt(who, approval, request, "link")
    if isinstance(came, Sent):
        return question_page(request, who, find(approval.pk), came)
    note(request, "decide", thing(approval), actor=who.name, via="link")
    stir(approval.pk)
    return redirect("link", token)


def question_page(
    request: HttpRequest, who: Who, approval: Approval, sent: Sent | None = None, talk: Mapping[str, str] = NO_TALK
) -> HttpResponse:  # fmt: skip
    """Show a question with nothing around it: who follows a link may know this one thing."""
    may_see = not approval.is_open and approval.decided_by == who.name
    question = read_question(who, approval, timezone.now(), sent, may_see=may_see)
    context = {"question": question, "sent": sent, "who": who, **talk}
    status = 422 if talk else 200
    return show(request, "approvals/link.html", context, status=sent.status if sent else status)
