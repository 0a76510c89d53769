"""Many people who decide one question at once, each by another door: one answer is taken, and each is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.asking import YES, asked, at_once, closed, person, signed_in
from tests.web.studio import order, wait_for
from workflows_app.approvals.links import token_for
from workflows_app.engine.events import StepResumed, StepVoted
from workflows_app.models import Activity, Approval

pytestmark = pytest.mark.usefixtures("studio")

PEOPLE = 8
BULK = ("view_run", "decide", "decide_bulk", "resume_run")


def doors(approval: Approval, user: User, client: Client) -> dict[str, Callable[[], Any]]:
    """Give every way in which a person may answer."""
    address = f"/a/{token_for(approval, user.pk, timezone.now())}/"
    return {
        "page": lambda: client.post(f"/approvals/{approval.pk}/decide/", YES),
        "link": lambda: Client().post(address, YES),
        "bulk": lambda: client.post("/approvals/bulk/", {**YES, "id": str(approval.pk)}),
        "api": lambda: client.post(
            f"/api/approvals/{approval.pk}/decide",
            {"resumeData": {"decision": "approve"}},
            content_type="application/json",
        ),
    }


@pytest.mark.parametrize("needed", [1, 3])
def test_exactly_as_many_answers_are_taken_as_are_needed(settings: Any, needed: int) -> None:
    approval = asked(approvals=needed)
    people = [person(f"p{number}", rights=BULK) for number in range(PEOPLE)]
    ways = [doors(approval, user, signed_in(settings, user)) for user in people]
    names = [("page", "link", "bulk", "api")[place % 4] for place in range(PEOPLE)]
    came = at_once([way[name] for way, name in zip(ways, names, strict=True)])
    wait_for(approval.run_id, "success")
    events = order(approval.run_id).moment.reading.events
    voted = [event.by for event in events if isinstance(event, StepVoted)]
    [answer] = [event for event in events if isinstance(event, StepResumed)]
    takers = [*voted, answer.by] if answer.by not in voted else voted
    assert len(set(takers)) == len(takers) == needed
    done = closed(approval)
    assert done.decided_by == answer.by
    assert done.via == names[[user.username for user in people].index(str(answer.by))]
    told = Activity.objects.filter(verb="decide").values_list("actor", flat=True)
    assert sorted(told) == sorted(str(name) for name in takers)
    for user, name, response in zip(people, names, came, strict=True):
        taken = user.username in takers
        assert response.status_code in (
            {"page": {302}, "link": {302}}.get(name, {200}) if taken else {409, 200, 403}
        ), name
        assert ("was faster" in response.content.decode() or response.status_code in (409, 403)) is not taken, name
