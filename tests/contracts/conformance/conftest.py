"""The world of the conformance suite on Django's databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.conftest import store_of
from tests.engine.conformance.fixtures import Steps, World


@pytest.fixture(params=["sqlite-normal", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with store_of(request, request.param) as store:
        yield World(store.open())


@pytest.fixture
def steps() -> Steps:
    return Steps()
