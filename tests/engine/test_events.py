"""Events: what is written is what is read, in every version that was ever written."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows_app.engine import events as e
from workflows_app.engine.events import KINDS, VALUES, Event, decode, encode
from workflows_app.engine.memory import stored
from workflows_app.engine.schema import Value
from workflows_app.errors import UnreadableEvent

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUE = st.builds(Value.of, st.none() | st.integers() | st.dictionaries(st.sampled_from("ab"), st.booleans()))
NUMBERS = st.integers(0, 2**53)
KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "at": NUMBERS, "attempt": NUMBERS, "due": NUMBERS, "count": NUMBERS, "budget": st.none() | st.just(1),
    "retry_at": st.none() | NUMBERS, "grace": st.floats(0, 100), "bailed": st.booleans(), "final": st.booleans(),
    "non_retryable": st.booleans(), "lost": st.tuples(TEXT), "forget": st.tuples(TEXT, TEXT),
    "labels": st.tuples(TEXT), "groups": st.tuples(TEXT), "approvals": NUMBERS,
    "error": st.none() | st.fixed_dictionaries({"message": TEXT}),
    "allow_requester": st.booleans(), "on_due": st.tuples(st.fixed_dictionaries({"do": TEXT})),
}  # fmt: skip


def drawn(kind: type[Event]) -> st.SearchStrategy[Event]:
    given_fields = {f.name: KNOWN.get(f.name, VALUE if f.name in VALUES else TEXT) for f in fields(kind)}
    return st.builds(kind, **given_fields)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@given(data=st.data())
def test_every_kind_comes_back_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(drawn(kind))
    again = decode(*stored(event))
    assert again == event
    assert encode(again) == encode(event)


def test_defaults_are_not_written() -> None:
    assert encode(e.RunPaused(1)) == "{}"
    assert json.loads(encode(e.StepSucceeded(1, "a", 1, Value.of(2)))) == {"attempt": 1, "output": 2}


def test_columns_are_not_in_the_text() -> None:
    event = e.StepResumed(5, "a", Value.of(1), by="me")
    assert stored(event)[2:5] == (5, "a", "me")
    assert json.loads(encode(event)) == {"data": 1}


def test_a_large_value_is_written_as_a_reference() -> None:
    event = e.StepSucceeded(1, "a", 1, Value.of("x" * 50), Value.of({"s": 1}))
    text = encode(event, lambda value: "hash" if value.size > 20 else None)
    assert json.loads(text) == {"attempt": 1, "output_ref": ["hash", 52], "state": {"s": 1}}
    again = decode("StepSucceeded", 1, 1, "a", None, text)
    assert isinstance(again, e.StepSucceeded)
    assert (again.output.ref, again.output.size, again.output.loaded) == ("hash", 52, False)
    assert json.loads(encode(again)) == json.loads(text)


@pytest.mark.parametrize(
    ("kind", "version", "text"),
    [
        ("StepExploded", 1, "{}"),
        ("StepSucceeded", 99, "{}"),
        ("StepSucceeded", 1, "{"),
        ("StepSucceeded", 1, "[]"),
        ("StepSucceeded", 1, '{"attempt":1,"odd":2}'),
        ("StepSucceeded", 1, '{"output":1}'),
        ("StepSucceeded", 1, '{"attempt":1,"output_ref":null}'),
    ],
)
def test_what_cannot_be_read_says_so(kind: str, version: int, text: str) -> None:
    with pytest.raises(UnreadableEvent, match=kind):
        decode(kind, version, 1, "a", None, text)


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (e.StepStarted(1, "a", 1), ("step", "first")),
        (e.StepStarted(1, "a", 2, role="agent", cause="retry"), ("agent", "retry")),
    ],
)
def test_role_and_cause_are_read_off_the_beginning_of_a_start(event: Event, found: tuple[str, str]) -> None:
    assert e.start_of(encode(event)) == found
    assert e.start_of("no event") == ("step", "first")
