"""A secret is taken, but no page ever carries it; and it is not lost in silence either."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from pydantic import BaseModel, Field, Secret, SecretBytes, SecretStr

from tests.web.form_page import draw, send
from workflows_app.engine.schema import Schema
from workflows_app.web.forms import SchemaForm, form_from_schema
from workflows_app.web.values.schemas import checked_by, json_schema_of


def form_of(shape: Any) -> SchemaForm:
    schema = Schema(shape)
    return form_from_schema(json_schema_of(schema), validate=checked_by(schema))


class Login(BaseModel):
    token: SecretStr
    count: int
    spare: SecretStr | None = None


AGAIN = "Type it again: a secret is never shown, so the page could not keep it."


def test_a_secret_is_taken_but_never_shown() -> None:
    bound = send(form_of(Login), {"token": "hunter2", "count": "x"})
    as_json = bound.bind({"token": ["hunter2"], "count": ["1"], "__show": ["json"]})

    assert bound.value == {"token": "hunter2", "count": "x", "spare": None}
    assert "hunter2" not in draw(bound).html
    assert "hunter2" not in draw(as_json).html


class Logins(BaseModel):
    of: list[Login] = []


class Plain(BaseModel):
    count: int


@pytest.mark.parametrize(("shape", "is_marked"), [(Login, True), (Logins, True), (Plain, False)])
def test_a_text_that_may_hold_a_secret_is_marked_so_that_no_draft_of_it_is_kept(shape: Any, is_marked: bool) -> None:
    as_json = form_of(shape).bind({"__show": ["json"]})
    assert as_json.is_json
    assert ("data-unkept" in draw(as_json).find(name="__json")) is is_marked


def test_a_secret_that_a_page_could_not_keep_is_asked_for_again() -> None:
    first = send(form_of(Login), {"token": "hunter2", "count": "x", "spare": "hunter3"})
    again = send(first, {"count": "1"})

    assert again.errors == {"token": AGAIN, "spare": f"{AGAIN} To leave it out, send once more."}
    assert send(again, {"token": "hunter2"}).value == {"token": "hunter2", "count": 1, "spare": None}
    assert send(again, {"token": "a", "spare": "b"}).value == {"token": "a", "count": 1, "spare": "b"}


def test_a_secret_of_an_earlier_run_is_not_shown() -> None:
    form = form_of(Login).initial({"token": "hunter2", "count": 1})

    assert not form.is_json
    assert "hunter2" not in draw(form).html
    assert send(form).errors == {"token": AGAIN}


@pytest.mark.parametrize(
    ("shape", "typed", "value"),
    [
        (SecretStr, "hunter2", "hunter2"),
        (SecretBytes, "hunter2", "hunter2"),
        (Secret[int], "4711", 4711),
        (Secret[datetime.date], "1999-12-31", "1999-12-31"),
        (Secret[datetime.datetime], "1999-12-31T10:00:00Z", "1999-12-31T10:00:00Z"),
        (Secret[list[str]], '["hunter2"]', ["hunter2"]),
    ],
)
def test_whatever_a_secret_is_made_of_it_is_typed_blind(shape: Any, typed: str, value: object) -> None:
    class Holder(BaseModel):
        it: shape

    form = form_of(Holder)
    page = draw(form)
    bound = send(form, {"it": typed})

    assert page.find(name="it")["type"] == "password"
    assert bound.value == {"it": value}
    assert bound.is_valid()
    assert typed not in draw(send(form, {"it": typed}, press={"__add": "x"})).html


def test_secrets_in_rows_are_asked_for_again_one_by_one() -> None:
    class Vault(BaseModel):
        keys: list[SecretStr]
        named: dict[str, SecretStr]

    form = form_of(Vault).initial({"keys": ["hunter2"], "named": {"a": "hunter3"}})

    assert "hunter" not in draw(form).html
    assert send(form).errors == {"keys.0": AGAIN, "named.0.__value": AGAIN}
    assert send(form, {"keys.0": "x", "named.0.__value": "y"}).value == {"keys": ["x"], "named": {"a": "y"}}


def test_the_default_of_a_secret_stays_where_it_is() -> None:
    class Holder(BaseModel):
        token: str = Field("hunter2", json_schema_extra={"x-widget": "password"})

    page = draw(form_of(Holder))

    assert "hunter2" not in page.html
    assert "default" in str(page.find(name="token")["placeholder"])
    assert send(form_of(Holder)).value == {}
