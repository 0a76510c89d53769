"""What is looked for among secrets, and what is remembered of keys and types."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import TypeAdapter

from workflows_app.engine import secrets
from workflows_app.engine.secrets import MASK
from workflows_app.engine.sensitive import adapter_of, carries_secrets


def test_numbers_and_parts_of_a_secret_are_looked_for_too() -> None:
    secrets.learn("nobody listens")
    with secrets.Knowing() as known:
        secrets.learn({"pin": 123456, "words": ["abcdef", None, True], "short": "abc"})
        assert known == {"123456", "abcdef"}
        assert secrets.hidden("pin 123456 of abcdef") == f"pin {MASK} of {MASK}"


def test_keys_that_were_looked_at_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets.Suspect, "MOST", 2)
    suspect = secrets.Suspect()
    suspect.add(["password"])
    assert not any(suspect.among({f"key{number}": 1}) for number in range(9))
    assert len(suspect._harmless) <= 4
    assert suspect.among({"db_password": 1})


def test_a_type_that_json_schema_cannot_describe_has_no_secrets() -> None:
    class Opaque:
        pass

    assert adapter_of(Opaque) is None
    assert carries_secrets(TypeAdapter(Callable[[int], int])) is False
