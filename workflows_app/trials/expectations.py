"""What a test expects of its run. Each kind says in words what it wants and what it found.

These models are stored as JSON with the test, and the form in which a test is written is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, TypeAdapter, field_validator

from workflows_app.engine.drift import place
from workflows_app.engine.events import SECOND
from workflows_app.engine.schema import Json, encode
from workflows_app.engine.snapshot import StepResult
from workflows_app.words import duration, status_word

from .pointer import NOWHERE, compared, look_up

LONGEST: Final = 200
SHORT: Final = 120
Comparison = Literal["equals", "differs from", "contains", "is at least", "is at most", "is there", "is not there"]
WITHOUT_VALUE: Final = ("is there", "is not there")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run stands when it is judged. `asked` are the steps that asked a person; `took` is in microseconds."""

    status: str
    result: Json = None
    error: str = ""
    steps: Mapping[str, StepResult] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    took: int = 0

    def ran(self, step: str) -> bool:
        found = self.steps.get(step)
        return found is not None and found.status not in ("skipped", "pending")


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation in words, what was found in its place, and whether it is met."""

    expected: str
    found: str
    is_met: bool


class Status(BaseModel):
    """How the run ends."""

    what: Literal["status"] = "status"
    status: Literal["success", "failed", "tripwire", "canceled", "suspended"] = Field("success", title="Is")

    def finding(self, outcome: Outcome) -> Finding:
        expected = f"The status is “{status_word(self.status)}”"
        problem = f": {outcome.error}" if outcome.error else ""
        return Finding(expected, f"{status_word(outcome.status)}{problem}", outcome.status == self.status)


class Compared(BaseModel):
    """A value, or a part of one, compared with another."""

    at: str = Field("", max_length=SHORT, title="Where in it", description="As /lines/0/sku. Nothing means all of it.")
    compare: Comparison = Field("equals", title="How")
    value: Any = Field(None, title="Value")

    @field_validator("at")
    @classmethod
    def is_pointer(cls, text: str) -> str:
        if text and not text.startswith("/"):
            raise ValueError("Begin with a slash, as in /lines/0/sku.")
        return text

    def compare_in(self, whole: Json, name: str, problem: str = "") -> Finding:
        place = f"{name} at {self.at}" if self.at else name
        wanted = "" if self.compare in WITHOUT_VALUE else f" {shown(self.value)}"
        found = look_up(whole, self.at)
        said = problem or (f"nothing is at {self.at or 'all'}" if found is NOWHERE else shown(found))
        is_met = not problem and compared(found, self.compare, self.value)
        return Finding(f"{place} {self.compare}{wanted}", said, is_met)


class Result(Compared):
    """What the run gives."""

    what: Literal["result"] = "result"

    def finding(self, outcome: Outcome) -> Finding:
        has_none = outcome.status != "success"
        return self.compare_in(outcome.result, "The result", f"no result: {outcome.error}" if has_none else "")


class Output(Compared):
    """What one step gives."""

    what: Literal["output"] = "output"
    step: str = Field(min_length=1, max_length=LONGEST)

    def finding(self, outcome: Outcome) -> Finding:
        step = outcome.steps.get(self.step)
        problem = "it did not run" if step is None else "" if step.status == "success" else status_word(step.status)
        return self.compare_in(step.output if step else None, f"The output of {self.step}", problem)


class Ran(BaseModel):
    """A step that has to run."""

    what: Literal["ran"] = "ran"
    step: str = Field(min_length=1, max_length=LONGEST)

    def finding(self, outcome: Outcome) -> Finding:
        did = outcome.ran(self.step)
        return Finding(f"{self.step} runs", "it ran" if did else "it did not run", did)


class Skipped(BaseModel):
    """A step that must not run."""

    what: Literal["did not run"] = "did not run"
    step: str = Field(min_length=1, max_length=LONGEST)

    def finding(self, outcome: Outcome) -> Finding:
        did = outcome.ran(self.step)
        return Finding(f"{self.step} does not run", "it ran" if did else "it did not run", not did)


class Asks(BaseModel):
    """A step that has to ask a person."""

    what: Literal["asks"] = "asks"
    step: str = Field(min_length=1, max_length=LONGEST)

    def finding(self, outcome: Outcome) -> Finding:
        asked = ", ".join(sorted(outcome.asked)) or "no step"
        does = self.step in outcome.asked or self.step in map(place, outcome.asked)
        return Finding(f"{self.step} asks a person", f"{asked} asked", does)


class Fails(BaseModel):
    """What the run's error says."""

    what: Literal["error"] = "error"
    says: str = Field(min_length=1, max_length=LONGEST)

    def finding(self, outcome: Outcome) -> Finding:
        return Finding(
            f"The error says “{self.says}”", outcome.error or "there is no error", self.says in outcome.error
        )


class Under(BaseModel):
    """How long the run takes at most, waiting included."""

    what: Literal["duration"] = "duration"
    seconds: float = Field(gt=0, le=86_400, title="Seconds at most")

    def finding(self, outcome: Outcome) -> Finding:
        limit = round(self.seconds * SECOND)
        return Finding(f"It takes less than {duration(limit)}", duration(outcome.took), outcome.took < limit)


Expectation = Annotated[
    Status | Result | Output | Ran | Skipped | Asks | Fails | Under, Field(discriminator="what", title="Expectation")
]
EXPECTATIONS: Final[TypeAdapter[list[Expectation]]] = TypeAdapter(list[Expectation])


class Answer(BaseModel):
    """What a step is told when it asks a person; several for one step are given one after another."""

    step: str = Field(min_length=1, max_length=LONGEST)
    data: Any = Field(None, title="Answer")


ANSWERS: Final[TypeAdapter[list[Answer]]] = TypeAdapter(list[Answer])


def shown(value: Json) -> str:
    """Write a value short enough for a line."""
    text = encode(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
