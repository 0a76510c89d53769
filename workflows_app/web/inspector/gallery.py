"""A workflow with a node of every kind, shown in every status: what the inspector can look like, in one page.

The records are made here; what is drawn from them, and by which templates, is the inspector's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from workflows_app.engine import Workflow, create_step, create_workflow
from workflows_app.engine.events import SECOND
from workflows_app.engine.history import History
from workflows_app.engine.ports import RunHead
from workflows_app.engine.records import Items, Record, Try
from workflows_app.engine.tools import create_tool
from workflows_app.web.graph.drawn import Drawn
from workflows_app.web.graph.flow import draw
from workflows_app.web.inspector.page import Inspector, RunFacts, inspect
from workflows_app.web.inspector.readings import Moment, Reading
from workflows_app.web.inspector.selection import Selection
from workflows_app.words import WORDS

START: Final = 1_767_268_800 * SECOND
NOW: Final = START + 90 * SECOND
ITEMS: Final = 12
MIXED: Final = "mixed"
ERROR: Final = {"name": "ValueError", "message": "The cupboard is bare"}
STOP: Final = {**ERROR, "tripwire": {"reason": "It would tell a secret"}}
FACTS: Final[dict[str, dict[str, Any]]] = {
    "tripwire": {"status": "failed", "error": STOP},
    "failed": {"status": "failed", "error": ERROR},
    "waiting": {"status": "waiting", "due": NOW + 75 * SECOND},
    "suspended": {"status": "suspended", "suspended_at": START + 30 * SECOND, "title": "May it go out?"},
}
OPEN: Final = ("running", "ready", "suspended", "waiting", "paused")


def pictures() -> list[tuple[str, Inspector]]:
    """Give the inspector of the workflow in each status, and of one in which every status occurs."""
    workflow = every_kind()
    return [(status, picture(workflow, status)) for status in (*WORDS, MIXED)]


def picture(workflow: Workflow, status: str) -> Inspector:
    head = RunHead(f"gallery-{status}", workflow.id, status, created_at=START, started_at=START)
    reading = Reading(head)
    reading.history = history_of(workflow, status)
    facts = RunFacts(id=head.id, workflow_id=workflow.id, status=status, seq=0, created_at=START)
    return inspect(facts, workflow.root, Moment(reading, reading.history, 0), Selection(), NOW, workflow=workflow)


def history_of(workflow: Workflow, status: str) -> History:
    """Make a history in which each node has a status; of the mixed one each has the next."""
    history = History()
    history.status, history.started_at, history.updated_at = status, START, NOW
    names = list(WORDS)
    for number, (path, node) in enumerate(places(draw(workflow.root, history, NOW))):
        given = names[number % len(names)] if status == MIXED else status
        if given != "pending":
            record = record_of(path, node, given, number)
            history.records[path], history.latest[node.path] = record, path
        if given != "pending" and node.kind == "foreach":
            history.items[path] = items_of(given)
    return history


def places(drawn: Drawn, mark: str = "") -> Iterator[tuple[str, Drawn]]:
    """Yield the nodes that have a path, with the one of their record: that of a loop's body names its pass."""
    if drawn.path:
        yield f"{drawn.path}{mark}", drawn
    for lane in drawn.lanes:
        yield from places(lane.node, "#4" if drawn.kind == "loop" else "")


def record_of(path: str, node: Drawn, status: str, number: int) -> Record:
    facts = FACTS.get(status, {"status": status})
    started = START + number * 4 * SECOND
    ended = None if status in OPEN else started + (number + 1) * 700_000
    role = node.kind if node.kind in ("nested", "foreach", "sleep", "event", "map") else "step"
    # An event that is awaited, and a box around steps, show what is in them.
    tries = (Try(1, started, started + SECOND, "failed", ERROR), Try(2, started + 2 * SECOND, ended, facts["status"]))
    return Record(path, role, started_at=started, ended_at=ended, tries=tries[number % 3 != 1 :], **facts)


def items_of(status: str) -> Items:
    """Let some items be done, and one have the status."""
    done = ITEMS if status in ("success", "bailed") else ITEMS // 2
    items = Items(list(range(ITEMS)), next=min(done + 1, ITEMS), done=done)
    if done < ITEMS:
        items.open[done] = FACTS.get(status, {"status": status})["status"]
    return items


def every_kind() -> Workflow:
    """Build the workflow: one node of each kind that authors can write."""
    step = iter(create_step(id=name, execute=work) for name in NAMES)
    tool = create_tool(
        id="look-up", description="Looks something up.", input_schema=dict, output_schema=dict, execute=work
    )
    inner = create_workflow(id="nested").then(next(step)).then(next(step)).commit()
    return (
        create_workflow(id="every-kind")
        .then(next(step))
        .map(work, id="mapping")
        .parallel([next(step), next(step)])
        .branch([(is_small, next(step)), (is_large, next(step))])
        .when(is_large, next(step))
        .dountil(next(step), is_small)
        .foreach(next(step))
        .then(inner)
        .tool(tool)
        .sleep(60)
        .wait_for_event("paid")
        .parallel([next(step), next(step)], timeout=5)
        .commit()
    )


NAMES: Final = (
    "first-inside", "then-inside", "step", "left-lane", "right-lane", "small-arm", "large-arm", "only-when-large",
    "again", "each", "in-time", "in-time-too",
)  # fmt: skip


def work(ctx: Any) -> Any:
    """Stand for what nobody performs: the workflow is only drawn."""


def is_small(ctx: Any) -> bool:
    """it is small"""
    return True


def is_large(ctx: Any) -> bool:
    """it is large"""
    return False
