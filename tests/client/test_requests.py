"""Asking again: what an exchange wants while a studio is away, or too busy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from workflows_app.client import TooFast, Unreachable, workflows
from workflows_app.client.requests import PATIENCE_SECONDS, Pause, Request, given, path_of, steadily

REQUEST = Request("GET", "/workflows")


def test_a_studio_that_is_away_is_asked_again_until_it_answers() -> None:
    exchange = steadily(REQUEST)
    assert exchange.send(None) == REQUEST
    first, second = (exchange.throw(Unreachable()), exchange.send(None))
    assert (isinstance(first, Pause), second) == (True, REQUEST)
    with pytest.raises(StopIteration) as end:
        exchange.send({"a": 1})
    assert end.value.value == {"a": 1}


def test_it_is_given_up_after_a_minute() -> None:
    exchange, waited = steadily(REQUEST), 0.0
    exchange.send(None)
    with pytest.raises(Unreachable):
        while True:
            wanted = exchange.throw(Unreachable())
            assert isinstance(wanted, Pause)
            waited += wanted.seconds
            exchange.send(None)
    assert PATIENCE_SECONDS <= waited < PATIENCE_SECONDS + 5


def test_who_asked_too_often_waits_as_long_as_they_are_told() -> None:
    exchange, fault = steadily(REQUEST), TooFast()
    fault.retry_after = 9
    exchange.send(None)
    assert exchange.throw(fault) == Pause(9)


def test_what_was_not_given_is_not_sent() -> None:
    assert given(input_data=0, for_each_index=None, per_step=False) == {"inputData": 0, "perStep": False}
    assert path_of("workflows", "a/b c?") == "/workflows/a%2Fb%20c%3F"


def test_a_run_that_begins_between_two_pages_doubles_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflows, "listed_run_of", lambda document: SimpleNamespace(run_id=document))
    monkeypatch.setattr(workflows, "PAGE", 2)
    exchange = workflows.list_workflow_runs(cast("Any", SimpleNamespace(path=lambda name: name)))
    asked = [exchange.send(None), exchange.send({"runs": ["c", "b"], "total": 3})]
    with pytest.raises(StopIteration) as end:
        exchange.send({"runs": ["b", "a"], "total": 4})
    assert [request.query["page"] for request in asked if isinstance(request, Request)] == [0, 1]
    assert [run.run_id for run in end.value.value.runs] == ["c", "b", "a"]
