"""Any value of a rich model survives: written into the form, drawn, read from the drawn page."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.web.form_models import Address, Call, Decision, Email, Everything, Line, Link, Node
from tests.web.form_page import form_of, send

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
ZONES = st.sampled_from(
    [
        datetime.UTC,
        datetime.timezone(datetime.timedelta(hours=5, minutes=30)),
        datetime.timezone(datetime.timedelta(hours=-8)),
    ]
)
MOMENTS = st.datetimes(min_value=datetime.datetime(1000, 1, 1), timezones=ZONES)
ADDRESSES = st.builds(Address, street=TEXT.filter(bool), city=TEXT, country=st.sampled_from(["SE", "DE", "FR"]))
LINKS = st.builds(Link, kind=st.just("link"), url=TEXT)
CALLS = st.builds(Call, kind=st.just("call"), at=MOMENTS, minutes=st.integers(1, 90))
LINES = st.builds(Line, sku=st.from_regex(r"\A[A-Z]{3}-[0-9]{1,4}\Z"), qty=st.integers(1))
NODES = st.recursive(
    st.builds(Node, name=TEXT, children=st.just([])),
    lambda inner: st.builds(Node, name=TEXT, children=st.lists(inner, max_size=2)),
    max_leaves=4,
)
VALUES = st.builds(
    Everything,
    decision=st.sampled_from(Decision),
    amount=st.decimals(0, 2480, places=2),
    ship_on=st.none() | st.dates(min_value=datetime.date(1000, 1, 1)),
    note=TEXT,
    tags=st.lists(TEXT, max_size=5),
    notify=st.booleans(),
    address=st.none() | ADDRESSES,
    evidence=LINKS | CALLS,
    lines=st.lists(LINES, min_size=1, max_size=4),
    labels=st.dictionaries(TEXT, TEXT, max_size=3),
    meta=st.dictionaries(TEXT, JSON, max_size=3),
    wait=st.timedeltas(datetime.timedelta(0), datetime.timedelta(days=90)),
    reference=st.none() | st.uuids(),
    anything=st.none() | st.integers() | TEXT,
    pair=st.tuples(st.integers(), TEXT),
    tree=st.none() | NODES,
    mail=st.builds(Email, address=st.from_regex(r"\A[a-z]{1,8}@[a-z]{1,8}\.example\Z")),
)
ADAPTER: TypeAdapter[Any] = TypeAdapter(Everything)
FORM = form_of(Everything)


@settings(max_examples=100)
@given(value=VALUES)
def test_a_rich_value_survives_the_form(value: Everything) -> None:
    given_json = ADAPTER.dump_python(value, mode="json")
    bound = send(FORM.initial(given_json))

    assert bound.errors == {}
    assert ADAPTER.validate_python(bound.value) == value


def test_an_ordinary_value_is_shown_as_fields() -> None:
    value = Everything(
        decision=Decision.HOLD,
        amount=Decimal("19.90"),
        evidence=Call(kind="call", at=datetime.datetime(2026, 11, 24, 10, tzinfo=datetime.UTC), minutes=5),
        lines=[Line(sku="ABC-1"), Line(sku="ABC-2", qty=3)],
        address=Address(street="A", city="B"),
        labels={"a": "b"},
        meta={"x": [1, None]},
        reference=uuid.UUID(int=7),
        anything="text",
        tree=Node(name="a", children=[Node(name="b", children=[Node(name="c")])]),
        mail=Email(address="a@b.example"),
    )
    form = FORM.initial(ADAPTER.dump_python(value, mode="json"))
    bound = send(form)

    assert not form.is_json
    assert bound.errors == {}
    assert bound.value == ADAPTER.dump_python(value, mode="json")
