"""What modules offer: one that offers nonsense is named with its mistake, and keeps no other from being served."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from workflows_app import create_step, create_workflow
from workflows_app.catalogue import Catalogue, read_catalogue

GOOD, ODD = "tests.workflows.additions", "odd_module"


def catalogue_with(monkeypatch: pytest.MonkeyPatch, settings: Any, **offered: Any) -> Catalogue:
    module = ModuleType(ODD)
    vars(module).update(offered)
    monkeypatch.setitem(sys.modules, ODD, module)
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": [ODD, GOOD]}
    return read_catalogue()


@pytest.mark.parametrize(
    ("offered", "mistake"),
    [
        ({"workflows": create_workflow(id="lone")}, "A list, or a dict of keys, is needed"),
        ({"workflows": None}, "A list, or a dict of keys, is needed, got None."),
        ({"agents": [object()]}, "What is registered in a list has an id"),
        ({"tools": 7}, "A list, or a dict of keys, is needed, got 7."),
    ],
)
def test_a_module_that_offers_nonsense_is_an_offer_with_its_mistake(
    monkeypatch: pytest.MonkeyPatch, settings: Any, offered: dict[str, Any], mistake: str
) -> None:
    found = catalogue_with(monkeypatch, settings, **offered)
    [broken] = [offer for offer in found.offers if offer.error]
    assert (broken.key, broken.module) == (ODD, ODD)
    assert mistake in str(broken.error)
    assert len(found.workflows) == len(found.offers) - 1 > 0


def test_what_a_module_offers_beside_a_broken_workflow_is_kept(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    good = create_workflow(id="good").map(lambda ctx: 1)
    found = catalogue_with(monkeypatch, settings, workflows=[create_workflow(id="empty"), good])
    assert [offer.key for offer in found.offers if offer.error] == ["empty"]
    assert found.workflows["good"] is good


def test_a_workflow_whose_schema_cannot_be_written_keeps_no_other_from_being_served(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    # Pydantic takes it, but no document describes it.
    call = Callable[[int], int]
    good, odd = create_workflow(id="good").map(lambda ctx: 1), create_workflow(id="odd", input_schema=call)
    step = create_step(id="a", execute=lambda ctx: 1, resume_schema=call)
    offered = [odd.map(lambda ctx: 1), create_workflow(id="inside").then(step), good]
    found = catalogue_with(monkeypatch, settings, workflows=offered)
    assert [offer.key for offer in found.offers if offer.error] == ["odd", "inside"]
    assert found.workflows["good"] is good
