"""Errors as data: whatever was raised can be told, and is JSON."""

from __future__ import annotations

import json

import pytest

from workflows_app.engine.errors import InvalidInput, NotSuspended, RunNotFound, describe


class Slotted(Exception):
    __slots__ = ("code",)

    def __init__(self) -> None:
        super().__init__("slotted")
        self.code = 7


class Cyclic(Exception):
    def __init__(self) -> None:
        super().__init__()
        self.me = self
        self.ok = [1]


@pytest.mark.parametrize(
    ("error", "name", "message"),
    [
        (KeyError("k"), "KeyError", "'k'"),
        (ValueError(), "ValueError", "ValueError"),
        (Slotted(), "Slotted", "slotted"),
        (Cyclic(), "Cyclic", "Cyclic"),
        (ExceptionGroup("many", [ValueError("x")]), "ExceptionGroup", "many (1 sub-exception)"),
        (AssertionError("\0"), "AssertionError", "\\x00"),
        (OSError(2, "No such file"), "FileNotFoundError", "[Errno 2] No such file"),
        (RecursionError("deep"), "RecursionError", "deep"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "UnicodeDecodeError", "'utf-8' codec"),
    ],
)
def test_odd_exceptions_become_data(error: BaseException, name: str, message: str) -> None:
    described = describe(error)
    assert described["name"] == name
    assert described["message"].startswith(message)
    assert json.loads(json.dumps(described)) == described


def test_public_attributes_of_an_exception_are_its_details() -> None:
    error = ValueError("no")
    error.limit, error.handle, error._secret = 3, object(), 4  # type: ignore[attr-defined]
    assert describe(error)["details"] == {"limit": 3}
    assert describe(Cyclic())["details"] == {"ok": [1]}


def test_causes_are_told_but_not_without_end() -> None:
    error: Exception = ValueError("0")
    for number in range(1, 30):
        later = ValueError(str(number))
        later.__cause__ = error
        error = later
    told, depth = describe(error), 0
    while "cause" in told:
        told, depth = told["cause"], depth + 1
    assert depth == 8


def test_a_traceback_is_told_outermost_first() -> None:
    try:
        int("x")
    except ValueError as error:
        [frame] = describe(error)["traceback"]
    assert frame["function"] == "test_a_traceback_is_told_outermost_first"
    assert frame["code"] == 'int("x")'


def test_an_error_says_what_to_do_by_its_docstring() -> None:
    error = RunNotFound()
    assert (error.code, error.message) == ("run_not_found", "No run has this id.")
    assert describe(NotSuspended("not now", details={"k": 1}))["details"] == {"k": 1}


def test_invalid_data_lists_its_problems() -> None:
    error = InvalidInput(errors=[{"path": "a.0", "message": "no"}])
    assert str(error) == "Invalid input data: \n- a.0: no"
    assert error.details == {"errors": [{"path": "a.0", "message": "no"}]}


class Quiet(InvalidInput):
    """An error whose author forgot its parent."""

    def __init__(self) -> None:
        self.odd = Odd()


class Odd:
    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)


def test_an_error_that_is_only_half_made_can_be_told() -> None:
    assert describe(Quiet()) == {"name": "Quiet", "message": "Quiet"}
    plain = ValueError("x")
    vars(plain)["odd"] = Odd()
    assert describe(plain) == {"name": "ValueError", "message": "x"}
