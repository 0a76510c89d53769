"""What a test may expect of a run, and what is found in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from workflows_app.engine.snapshot import StepResult
from workflows_app.trials.expectations import EXPECTATIONS, Finding, Outcome
from workflows_app.trials.judging import judge
from workflows_app.trials.pointer import NOWHERE, compared, look_up

WENT = Outcome(
    status="success",
    result={"lines": [{"sku": "a/b", "count": 2}], "ok": True},
    steps={"pick": StepResult("success", output=[1, 2]), "late": StepResult("skipped"), "bad": StepResult("failed")},
    asked=frozenset({"review"}),
    took=1_500_000,
)
FAILED = replace(WENT, status="failed", result=None, error="The cupboard is bare")


def finding(outcome: Outcome, what: str, **expected: Any) -> Finding:
    return judge(EXPECTATIONS.validate_python([{"what": what, **expected}]), outcome)[0]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("status", {"status": "success"}),
        ("result", {"at": "/lines/0/count", "value": 2}),
        ("result", {"at": "/lines/0/sku", "compare": "contains", "value": "/"}),
        ("result", {"at": "/lines/1", "compare": "is not there"}),
        ("output", {"step": "pick", "compare": "contains", "value": 2}),
        ("ran", {"step": "pick"}),
        ("did not run", {"step": "late"}),
        ("did not run", {"step": "nowhere"}),
        ("asks", {"step": "review"}),
        ("duration", {"seconds": 1.6}),
    ],
)
def test_an_expectation_is_met(what: str, expected: dict[str, Any]) -> None:
    assert finding(WENT, what, **expected).is_met


@pytest.mark.parametrize(
    ("what", "expected", "found"),
    [
        ("status", {"status": "failed"}, "succeeded"),
        ("result", {"value": None}, '{"lines":[{"sku":"a/b","count":2}],"ok":true}'),
        ("result", {"at": "/lines/7/sku", "value": None}, "nothing is at /lines/7/sku"),
        ("result", {"at": "/ok", "value": 1}, "true"),
        ("output", {"step": "nowhere", "value": None}, "it did not run"),
        ("output", {"step": "bad", "compare": "is not there"}, "failed"),
        ("ran", {"step": "late"}, "it did not run"),
        ("did not run", {"step": "bad"}, "it ran"),
        ("asks", {"step": "pick"}, "review asked"),
        ("error", {"says": "bare"}, "there is no error"),
        ("duration", {"seconds": 1.5}, "1.5 s"),
    ],
)
def test_an_expectation_is_not_met_and_says_what_was_found(what: str, expected: dict[str, Any], found: str) -> None:
    assert finding(WENT, what, **expected) == replace(finding(WENT, what, **expected), found=found, is_met=False)


def test_a_run_that_failed_says_with_what() -> None:
    assert finding(FAILED, "error", says="cupboard").is_met
    assert finding(FAILED, "status").found == "failed: The cupboard is bare"
    assert finding(FAILED, "result", compare="is not there").found == "no result: The cupboard is bare"


@pytest.mark.parametrize("wrong", [{"what": "nothing"}, {"what": "result", "at": "lines"}, {"what": "ran", "step": ""}])
def test_what_is_no_expectation_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EXPECTATIONS.validate_python([wrong])


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", {"a/b": {"": 1}, "~": [0]}),
        ("/a~1b/", 1),
        ("/~0/0", 0),
        ("/~0/1", NOWHERE),
        ("/~0/-1", NOWHERE),
        ("/~0/999999999999", NOWHERE),
        ("/a", NOWHERE),
        ("/~0/0/x", NOWHERE),
    ],
)
def test_a_pointer_finds_its_part(pointer: str, found: Any) -> None:
    result = look_up({"a/b": {"": 1}, "~": [0]}, pointer)
    assert result is found or result == found


@pytest.mark.parametrize(
    ("found", "how", "wanted", "holds"),
    [
        (1, "equals", 1.0, True),
        (True, "equals", 1, False),
        ([True], "equals", [1], False),
        ({"a": 1}, "equals", {"a": 1, "b": 2}, False),
        (None, "equals", None, True),
        (NOWHERE, "equals", None, False),
        (NOWHERE, "differs from", 1, True),
        (None, "is there", None, True),
        ("text", "contains", "ex", True),
        ("text", "contains", 1, False),
        ([[1]], "contains", [1], True),
        ({"a": {"b": 1, "c": 2}, "d": 3}, "contains", {"a": {"b": 1}}, True),
        ({"a": 1}, "contains", {"b": 1}, False),
        (3, "contains", 3, False),
        (3, "is at least", 3, True),
        (3, "is at most", 2.5, False),
        ("3", "is at least", 1, False),
        (True, "is at most", 1, False),
    ],
)
def test_values_are_compared_as_json(found: Any, how: str, wanted: Any, holds: bool) -> None:
    assert compared(found, how, wanted) is holds
