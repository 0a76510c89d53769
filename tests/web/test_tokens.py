"""Tokens by which programs act for a person."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from tests.web.studio import DIALOG, accounts, orders
from workflows_app.models import Activity, Run, Token
from workflows_app.models.token import digest_of, is_token, new_text

pytestmark = pytest.mark.usefixtures("studio")
LOOK = ("view_run", "view_payload")


@pytest.fixture(autouse=True)
def developer(settings: Any, client: Client, django_user_model: type[User]) -> User:
    user = accounts(settings, client, django_user_model, "manage_tokens")
    user.groups.add(Group.objects.get(name="Developer"))
    return user


def make(client: Client, *scopes: str, name: str = "deploy", ends: str = "") -> str:
    """Make a token and give its text."""
    page = client.get("/settings/tokens/").content.decode()
    names = [found for found in re.findall(r'name="(token\.scopes[^"]*)"', page) if "__" not in found]
    order = re.findall(r"<span>([^<]+)</span></label>", page[page.index("token.scopes") :])
    fields = {"token.name": name, "token.ends": ends, "token.scopes.__set": "1"}
    fields |= {box: "1" for box, words in zip(names, order, strict=False) if WORDS.get(words) in scopes}
    answer = client.post("/settings/tokens/", fields)
    assert answer.status_code == 200, re.findall(r'class="err".*?</', answer.content.decode())
    found = re.search(r'<code class="secret">([^<]+)</code>', answer.content.decode())
    assert found is not None
    return found[1]


WORDS = {
    "Look at runs": "view_run",
    "Read inputs and outputs": "view_payload",
    "Start runs": "start_run",
    "Cancel runs": "cancel_run",
}


def ask(text: str, address: str = "/api/workflows", **more: Any) -> Any:
    return Client().generic(more.pop("method", "GET"), address, headers={"authorization": f"Bearer {text}"}, **more)


def test_it_is_shown_once_and_only_its_hash_is_kept(client: Client) -> None:
    text = make(client, *LOOK)
    token = Token.objects.get()
    assert is_token(text)
    assert token.digest == digest_of(text)
    assert text.startswith(token.begins)
    assert text not in client.get("/settings/tokens/").content.decode()
    assert text not in json.dumps(list(Activity.objects.values_list("reason", "after", "object_id")))


def test_a_program_acts_for_the_person_with_the_rights_it_was_given(client: Client) -> None:
    run_id = orders()
    text = make(client, *LOOK, "cancel_run")
    assert "order" in ask(text).json()
    assert ask(text, f"/api/workflows/order/runs/{run_id}", method="DELETE").status_code == 403
    cancel = ask(text, f"/api/workflows/order/runs/{run_id}/cancel", method="POST")
    assert cancel.status_code == 200
    act = Activity.objects.get(verb="cancel")
    assert (act.actor, act.via) == ("grace", f"token {text[:12]}")
    assert Token.objects.get().used_at is not None


def test_a_token_never_has_more_rights_than_the_person(client: Client, developer: User) -> None:
    text = make(client, *LOOK)
    developer.groups.clear()
    assert ask(text).status_code == 403


def test_a_token_opens_the_api_and_no_page(client: Client) -> None:
    text = make(client, *LOOK)
    assert ask(text, "/runs/").status_code == 302
    assert Client().get(f"/api/workflows?token={text}").status_code == 401


@pytest.mark.parametrize(
    "text", ["", "wfs_", "nonsense", pytest.param(new_text(), id="never given"), "wfs_" + "a" * 46]
)
def test_what_is_no_token_opens_nothing(text: str) -> None:
    assert ask(text).status_code == 401


def test_a_token_that_was_taken_back_opens_nothing(client: Client) -> None:
    text = make(client, *LOOK)
    assert client.post(f"/settings/tokens/{Token.objects.get().pk}/revoke/").status_code == 302
    assert ask(text).status_code == 401
    assert "taken back" in client.get("/settings/tokens/").content.decode()
    assert Activity.objects.filter(verb="token_revoked").count() == 1


def test_a_token_ends_with_its_day(client: Client) -> None:
    text = make(client, *LOOK, ends=timezone.localdate().isoformat())
    assert ask(text).status_code == 200
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ask(text).status_code == 401


def test_a_token_of_somebody_who_may_not_sign_in_opens_nothing(client: Client, developer: User) -> None:
    text = make(client, *LOOK)
    User.objects.update(is_active=False)
    assert ask(text).status_code == 401


@pytest.mark.parametrize(("days", "words"), [(-1, "This day has passed."), (None, "This day is too far away.")])
def test_what_does_not_fit_is_said_and_makes_nothing(client: Client, days: int | None, words: str) -> None:
    ends = date.max if days is None else timezone.localdate() + timedelta(days=days)
    response = client.post("/settings/tokens/", {"token.name": "x", "token.ends": ends.isoformat()})
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert not Token.objects.exists()


def test_a_token_can_not_make_tokens_or_members(client: Client) -> None:
    page = client.get("/settings/tokens/").content.decode()
    assert "Manage members" not in page
    assert "Manage API tokens" not in page


def test_the_list_says_in_words_what_a_token_may_do(client: Client) -> None:
    make(client, *LOOK)
    page = client.get("/settings/tokens/").content.decode()
    assert "look at runs, read inputs and outputs</td>" in page
    assert ">view_run" not in page


def test_others_see_neither_the_token_nor_how_to_take_it_back(client: Client, settings: Any) -> None:
    make(client, *LOOK)
    other = Client()
    somebody = User.objects.create_user("eve")
    somebody.groups.add(Group.objects.get(name="Developer"))
    other.force_login(somebody)
    assert other.get("/settings/tokens/").status_code == 403
    assert other.post(f"/settings/tokens/{Token.objects.get().pk}/revoke/").status_code == 403
    somebody.groups.add(Group.objects.get(name="Admin"))
    assert "deploy" in other.get("/settings/tokens/").content.decode()


def test_looking_makes_and_takes_nothing(client: Client) -> None:
    make(client, *LOOK)
    address = f"/settings/tokens/{Token.objects.get().pk}/revoke/"
    assert f'href="{address}" data-dialog' in client.get("/settings/tokens/").content.decode()
    assert "is refused from now on" in client.get(address, headers=DIALOG).content.decode()
    assert Token.objects.get().revoked_at is None
    assert not Run.objects.exists()
