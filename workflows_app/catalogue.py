"""What there is to run: the workflows, agents and tools that modules offer.

Every installed app's `workflows.py` is read, or the modules that the settings name. A module that cannot be
imported or offers what it may not, or a workflow that does not commit, is kept as an offer with its traceback:
the others still work.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps

from .conf import get_conf
from .engine import Workflow, WorkflowsError, codec
from .engine.registry import keyed, offered

MODULE = "workflows"


@dataclass(frozen=True, slots=True)
class Offer:
    """A workflow under its key, or what kept it from being one."""

    key: str
    module: str
    workflow: Workflow | None = None
    error: str | None = None


@dataclass(slots=True)
class Catalogue:
    """Everything that was offered."""

    offers: list[Offer] = field(default_factory=list)
    agents: dict[str, Any] = field(default_factory=dict)
    tools: dict[str, Any] = field(default_factory=dict)

    @property
    def workflows(self) -> dict[str, Workflow]:
        return {offer.key: offer.workflow for offer in self.offers if offer.workflow is not None}


def read_catalogue() -> Catalogue:
    """Import every module that offers workflows."""
    catalogue = Catalogue()
    for name in module_names():
        try:
            module = import_module(name)
            offers = offers_of(name, getattr(module, "workflows", ()), catalogue.workflows)
            agents, tools = keyed(getattr(module, "agents", ())), keyed(getattr(module, "tools", ()))
        except Exception:
            catalogue.offers.append(Offer(name, name, error=traceback.format_exc()))
            continue
        catalogue.offers += offers
        catalogue.agents |= agents
        catalogue.tools |= tools
    return catalogue


def module_names() -> Iterator[str]:
    """Name the modules to read: those of the settings, else `workflows.py` of every installed app."""
    if get_conf().modules:
        yield from get_conf().modules
        return
    for app in apps.get_app_configs():
        if find_spec(f"{app.name}.{MODULE}") is not None:
            yield f"{app.name}.{MODULE}"


def offers_of(module: str, workflows: Any, known: dict[str, Workflow]) -> list[Offer]:
    """Commit what a module offers; a workflow whose id another one has is an offer with an error.

    Raises: DefinitionError when it is no list or dict
    """
    offers: list[Offer] = []
    taken = {workflow.id for workflow in known.values()}
    for name, workflow in offered(workflows):
        key = getattr(workflow, "id", repr(workflow)) if name is None else name
        try:
            if workflow.id in taken:
                raise WorkflowsError(f"Two workflows have the id {workflow.id!r}. Give one of them another id.")
            workflow.commit()
            # What pages and the API show of it can be written.
            codec.schemas(workflow)
            codec.parts(workflow)
            taken.add(workflow.id)
            offers.append(Offer(str(key), module, workflow))
        except Exception:
            offers.append(Offer(str(key), module, error=traceback.format_exc()))
    return offers
