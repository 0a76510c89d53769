"""W11: the page of a run in the inspector, as the server makes it: how long, how large, how many elements."""

from __future__ import annotations

import time
from functools import partial
from html.parser import HTMLParser
from statistics import quantiles

from django.test import Client

from workflows_app.models import Run

from .bench import Bench, Case, Figures, check, seconds_of

FIRST_LOOKS = 3
LOOKS = 40
RUNS = {200: ("chain-200", {"n": 0}, {"n": 200}), 10_000: ("fan-out", [{"n": 0}] * 10_000, [{"n": 1}] * 10_000)}
"""A workflow by the number of its steps, with what goes in and what must come out."""


class Elements(HTMLParser):
    """Counts the elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.count = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += 1


def perform(steps: int, bench: Bench) -> None:
    name, given, wanted = RUNS[steps]
    seconds_of(bench, name, given, wanted)


def measure(bench: Bench) -> Figures:
    address = f"/runs/{Run.objects.get().id}/"
    # Templates are read once in the life of a process.
    looks(address, FIRST_LOOKS)
    took, page = looks(address, LOOKS)
    return {"ms_p95": quantiles(took, n=20)[-1], "kb": len(page) / 1000, "elements": Elements(page.decode()).count}


def looks(address: str, count: int) -> tuple[list[float], bytes]:
    """Ask for a page again and again; give the milliseconds of each time, and the page."""
    client = Client(headers={"host": "localhost"})
    took = []
    for _ in range(count):
        began = time.perf_counter()
        response = client.get(address)
        took.append((time.perf_counter() - began) * 1000)
        check(response.status_code, 200)
    return took, response.content


CASES = [Case(measure, {"steps": steps}, partial(perform, steps)) for steps in RUNS]
