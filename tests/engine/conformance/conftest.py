"""Fixtures of the conformance suite: a world with a journal, and counted steps."""

from __future__ import annotations

import pytest

from tests.engine.conformance.fixtures import Steps, World
from workflows_app import MemoryJournal


@pytest.fixture(params=["memory"])
def world(request: pytest.FixtureRequest) -> World:
    journals = {"memory": MemoryJournal}
    return World(journals[request.param]())


@pytest.fixture
def steps() -> Steps:
    return Steps()
