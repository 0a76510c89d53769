"""Studios that are killed at random from outside, while people start, answer and cancel runs over HTTP.

What was not answered may have come through: who is refused upon a second try for that reason has what they wanted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from threading import Event
from typing import Any
from uuid import uuid4

from tests.process import StudioProcess
from workflows_app import Result
from workflows_app.client import Run, Studio, Unreachable
from workflows_app.engine.errors import NotSuspended, ResumeAlreadyClaimed, RunAlreadyStarted

from .conftest import END, Site, kill
from .course import STATE, STEPS, answer

STUDIOS = 2
WORKFLOWS = {"STUDIO_WORKFLOWS": "tests.faults.course"}
AT_ONCE = 4
LOOK_SECONDS = 5
AGAIN_SECONDS = 0.1
CANCELED = 4
"""One of so many runs is canceled when it asks."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wants a run, and answers what it asks or thinks better of it."""

    address: str
    run_id: str
    number: int
    cancels: bool

    def get(self) -> Result:
        with Studio(self.address) as studio:
            run = taken(lambda: studio.get_workflow("course").create_run(run_id=self.run_id))
            taken(lambda: run.start_async(input_data={"n": self.number}))
            until(run, "suspended", *END)
            taken(run.cancel if self.cancels else lambda: run.resume_async(step="ask", resume_data={"yes": True}))
            return until(run, *END)

    def wrongs(self, result: Result, site: Site) -> Iterator[str]:
        """Say what is not as it must be whatever was killed."""
        bodies = {name: times for name, times in site.bodies().items() if name.startswith(f"{self.run_id}:")}
        begun = [*site.events(self.run_id, "StepStarted"), *site.events(self.run_id, "StepResumed")]
        paths = [f"{self.run_id}:{event.path}" for event in begun]
        for name, times in bodies.items():
            if times > paths.count(name):
                yield f"{name} ran {times} times and was begun {paths.count(name)} times"
        if self.cancels:
            if result.status != "canceled":
                yield f"{self.run_id} is {result.status}, though it was canceled"
        elif (result.status, result.result, result.state) != ("success", answer(self.number), STATE):
            yield f"{self.run_id} is {result.status} with {result.result} and {result.state}: {result.error}"
        elif len(bodies) != STEPS:
            yield f"{self.run_id} ran {len(bodies)} steps"


def taken(ask: Callable[[], Any]) -> Any:
    """Ask until somebody answers."""
    while True:
        try:
            return ask()
        except Unreachable:
            time.sleep(AGAIN_SECONDS)
        except (RunAlreadyStarted, NotSuspended, ResumeAlreadyClaimed):
            return None


def until(run: Run, *statuses: str) -> Result:
    while (result := run.standing(wait=LOOK_SECONDS, include_state=True)).status not in statuses:
        time.sleep(AGAIN_SECONDS)
    return result


def lose(studio: StudioProcess, site: Site) -> StudioProcess:
    """Kill a studio in the middle of whatever it does, and start it anew where it was."""
    kill(studio)
    return site.start("--port", studio.address.rpartition(":")[2], **WORKFLOWS)


def people(addresses: Sequence[str], numbers: Iterator[int], over: Event) -> list[tuple[Person, Result]]:
    """Be one person after another until the storm is over."""
    found = []
    while not over.is_set():
        number = next(numbers)
        person = Person(addresses[number % STUDIOS], str(uuid4()), number, number % CANCELED == 0)
        found.append((person, person.get()))
    return found


def test_runs_outlive_the_deaths_of_studios(any_site: Site, seed: int, is_long: bool) -> None:
    chance = random.Random(seed)
    studios = [any_site.start(**WORKFLOWS) for _ in range(STUDIOS)]
    addresses, numbers, over = [studio.address for studio in studios], count(), Event()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        crowd = [pool.submit(people, addresses, numbers, over) for _ in range(AT_ONCE)]
        try:
            for _ in range(100 if is_long else 2):
                time.sleep(chance.uniform(0.05, 1.0))
                place = chance.randrange(STUDIOS)
                studios[place] = lose(studios[place], any_site)
        finally:
            over.set()
        got = [each for one in crowd for each in one.result()]
    assert any_site.violations() == []
    assert [wrong for person, result in got for wrong in person.wrongs(result, any_site)] == []
    hit = [person for person, _ in got if any_site.events(person.run_id, "StepLost")]
    assert hit or not is_long, "no death came in the middle of a step"
