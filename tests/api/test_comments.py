"""What people say about a question, read and said by programs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller, acting
from workflows_app.approvals.talk import LONGEST
from workflows_app.models import Activity, Comment


def asked(caller: Caller, **policy: Any) -> str:
    """Start a run that asks, and give the address of what is said about its question."""
    run_id = caller.run("asking", policy)["runId"]
    [question] = caller.get("/approvals", runId=run_id)[1]["approvals"]
    return f"/approvals/{question['id']}/comments"


def test_what_is_said_is_read_by_others_and_noted(caller: Caller, django_user_model: Any, settings: Any) -> None:
    address = asked(caller)
    assert caller.get(address) == (200, {"comments": []})
    status, said = caller.post(address, {"text": "  Why so much?\r\nI wonder. "})
    assert (status, said["author"], said["text"]) == (200, "local", "Why so much?\nI wonder.")
    ann = acting(settings, django_user_model, "ann", "view_run", "decide")
    ann.post(address, {"text": "They ordered twice."})
    _, talk = ann.get(address)
    assert [(one["author"], one["text"]) for one in talk["comments"]] == [
        ("local", "Why so much?\nI wonder."), ("ann", "They ordered twice."),
    ]  # fmt: skip
    assert talk["comments"][0] == said
    assert said["createdAt"].endswith("Z")
    acts = Activity.objects.filter(verb="comment").order_by("pk")
    assert [(act.actor, act.via, act.after) for act in acts] == [
        ("local", "api", '{"comment": "Why so much?\\nI wonder."}'),
        ("ann", "api", '{"comment": "They ordered twice."}'),
    ]  # fmt: skip


def test_it_is_said_about_an_open_question_and_about_a_decided_one(caller: Caller) -> None:
    address = asked(caller)
    caller.post(address, {"text": "Why?"})
    question = address.removesuffix("/comments")
    assert caller.get(question)[1]["state"] == "open"
    assert caller.post(f"{question}/decide", {"resumeData": {"decision": "approve"}})[0] == 200
    assert caller.post(address, {"text": "Paid."})[0] == 200
    assert [one["text"] for one in caller.get(address)[1]["comments"]] == ["Why?", "Paid."]


@pytest.mark.parametrize(
    "body",
    [{}, {"text": ""}, {"text": " \n"}, {"text": "x" * (LONGEST + 1)}, {"text": "a\0b"}, {"text": 5}, []],
)
def test_what_cannot_be_kept_is_refused(caller: Caller, body: Any) -> None:
    status, refused = caller.post(asked(caller), body)
    assert status == 400
    assert refused["issues"]
    assert not Comment.objects.exists()


def test_as_much_as_a_page_takes_is_taken(caller: Caller) -> None:
    address = asked(caller)
    assert caller.post(address, {"text": "x" * LONGEST})[0] == 200


def test_who_may_not_see_the_question_or_only_look_at_it_says_and_reads_nothing(
    caller: Caller, django_user_model: Any, settings: Any
) -> None:
    address = asked(caller, assign_to="ann")
    caller.post(address, {"text": "Between us"})
    for name, rights in (("eve", ("decide",)), ("vera", ("view_run",)), ("sam", ("start_run",))):
        stranger = acting(settings, django_user_model, name, *rights)
        assert stranger.get(address)[0] == 403
        assert stranger.post(address, {"text": "Hello"})[0] == 403
    assert Comment.objects.count() == 1
    ann = acting(settings, django_user_model, "ann", "decide")
    assert len(ann.get(address)[1]["comments"]) == 1
    assert ann.post(address, {"text": "Hm."})[0] == 200


@pytest.mark.parametrize("number", ["0", "999", "1" * 40])
def test_of_a_question_that_is_not_there_nothing_is_said(caller: Caller, number: str) -> None:
    assert caller.get(f"/approvals/{number}/comments")[0] == 404
    assert caller.post(f"/approvals/{number}/comments", {"text": "Hello"})[0] == 404
