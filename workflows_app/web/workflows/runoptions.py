"""How a run is started, beside what it is given: its tags and owner, and where it shall wait for somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic_core import from_json

from workflows_app.engine.arguments import name_of
from workflows_app.engine.history import History
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import InvalidInput
from workflows_app.models import Event, Run
from workflows_app.rights import seen
from workflows_app.web.inspector.travel import Stop, stops_of
from workflows_app.web.values.facts import summary_of

EARLIER: Final = 8
LINE: Final = 60
LONGEST: Final = 4_000
FACTS: Final = 2


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the form says of the run itself. `faults` are told at their fields."""

    resource: str = ""
    tags: str = ""
    per_step: bool = False
    pauses: tuple[str, ...] = ()
    stops: tuple[Stop, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: QueryDict, workflow: Workflow) -> RunOptions:
        """Read what was sent; a step that the workflow does not have is passed over."""
        stops = tuple(stops_before(workflow))
        chosen = set(asked.getlist("pause"))
        read = cls(
            resource=asked.get("resource", "")[:LONGEST].strip(),
            tags=asked.get("tags", "")[:LONGEST].strip(),
            per_step=bool(asked.get("per_step")),
            pauses=tuple(stop.path for stop in stops if stop.path in chosen),
            stops=stops,
        )
        return replace(read, faults=dict(read.complaints()))

    def complaints(self) -> Iterator[tuple[str, str]]:
        for name, texts in (("resource", [self.resource] if self.resource else []), ("tags", self.tag_list)):
            try:
                for text in texts:
                    name_of(_("This"), text)
            except InvalidInput as error:
                yield name, error.message

    @property
    def tag_list(self) -> list[str]:
        return [tag for tag in (part.strip() for part in self.tags.split(",")) if tag]

    @property
    def is_given(self) -> bool:
        """Tell whether anything is not as it is by itself."""
        return bool(self.resource or self.tags or self.per_step or self.pauses or self.faults)

    @property
    def query(self) -> dict[str, Any]:
        """Give what an address says to have the form as it is."""
        said = {"tags": self.tags, "resource": self.resource, "per_step": "1" * self.per_step, "pause": self.pauses}
        return {name: value for name, value in said.items() if value}

    @property
    def on_creation(self) -> dict[str, Any]:
        return {"resource_id": self.resource or None, "tags": tuple(dict.fromkeys(self.tag_list))}

    @property
    def on_start(self) -> dict[str, Any]:
        return {"per_step": self.per_step, "breakpoints": self.pauses}


def stops_before(workflow: Workflow) -> Iterator[Stop]:
    """Yield the steps that a run can pause before; a nested workflow is no step of its own."""
    for stop in stops_of(workflow, History(), ""):
        if workflow.places[stop.path].kind != "nested":
            yield stop


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run whose values can be taken again, told by what it was given."""

    run: Run
    words: str


def earlier(workflow_id: str) -> list[Earlier]:
    """List the last runs of a workflow with what they were given; what is stored apart is not read for a line."""
    runs = list(seen(Run.objects.filter(workflow_id=workflow_id)).newest()[:EARLIER])
    begun = Event.objects.filter(run__in=runs, seq=1).values_list("run_id", "data")
    given = {run_id: from_json(data).get("input") for run_id, data in begun}
    return [Earlier(run, summary_of(given.get(run.id), FACTS)[:LINE]) for run in runs]
