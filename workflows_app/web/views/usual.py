"""One run beside what is usual: each step on the band in which half of the last runs lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from workflows_app import runtime
from workflows_app.web.figures.usual import LEAST, Band, usual_steps
from workflows_app.web.graph.flow import draw
from workflows_app.web.http import Asked, page, show
from workflows_app.web.inspector.compare import Side, side_of
from workflows_app.web.inspector.look import Look, looking_at
from workflows_app.words import short_id

SORTS = ("", "delta")
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Row:
    """One step. Widths and places are shares of 100, of the longest time on the page."""

    path: str
    name: str
    side: Side
    band: Band | None
    longest: int

    @property
    def change(self) -> int | None:
        if self.band is None or self.side.took is None:
            return None
        return self.side.took - self.band.middle

    @property
    def change_size(self) -> int:
        return abs(self.change or 0)

    @property
    def sign(self) -> str:
        return "+" if (self.change or 0) > 0 else MINUS

    @property
    def is_out(self) -> bool:
        """Tell whether it took longer or shorter than three of four runs."""
        took = self.side.took
        return self.band is not None and took is not None and not self.band.low <= took <= self.band.high

    @property
    def width(self) -> float:
        return 100 * (self.side.took or 0) / self.longest

    @property
    def low(self) -> float:
        return 100 * self.band.low / self.longest if self.band else 0.0

    @property
    def middle(self) -> float:
        return 100 * self.band.middle / self.longest if self.band else 0.0

    @property
    def span(self) -> float:
        return max(0.4, 100 * (self.band.high - self.band.low) / self.longest) if self.band else 0.0


@require_safe
@page()
def usual(request: Asked, run_id: str) -> HttpResponse:
    """Compare a run with the median of the last hundred that succeeded."""
    sort = request.GET.get("sort", "")
    with looking_at(run_id) as look:
        runs, bands = usual_steps(look.head.workflow_id, run_id)
        rows = list(rows_of(look, bands))
    if sort == "delta":
        rows.sort(key=lambda row: -row.change_size)
    context = {
        "run": look.head,
        "short_id": short_id(run_id),
        "runs": runs,
        "least": LEAST,
        "rows": rows if runs >= LEAST else [],
        "sort": sort if sort in SORTS else "",
    }
    return show(request, "compare/usual.html", context)


def rows_of(look: Look, bands: dict[str, Band]) -> Iterator[Row]:
    """Yield the steps of a run in the order of the graph, and those that it usually takes but did not."""
    now = runtime.get_engine().now()
    leaves = [node for node in draw(look.root, look.history, now).leaves() if node.path]
    sides = {node.path: side_of(look.history, node.path, now) for node in leaves}
    times = [side.took or 0 for side in sides.values()] + [band.high for band in bands.values()]
    longest = max(times, default=1) or 1
    for node in leaves:
        if sides[node.path].ran or node.path in bands:
            yield Row(node.path, node.name, sides[node.path], bands.get(node.path), longest)
