from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.web.test_flow import asking, done, failed, seq, started, step
from workflows_app import create_step, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine.errors import UnknownStep
from workflows_app.engine.nodes import Arm, Branch, ForEach, Loop, Node, Parallel
from workflows_app.engine.ports import RunHead
from workflows_app.engine.schema import Value, trusted
from workflows_app.web.inspector.errors import error_view
from workflows_app.web.inspector.items import Listed
from workflows_app.web.inspector.page import Inspector, RunFacts, inspect, shares_of
from workflows_app.web.inspector.readings import Reading
from workflows_app.web.inspector.selection import Selection

SECOND = 1_000_000


def look(tree: Node, *recorded: e.Event, status: str = "running", asked: Mapping[str, str] | None = None) -> Inspector:
    events = [e.RunStarted(0, trusted({"n": 1}), by="ada"), *recorded]
    run = RunFacts(id="7f3a91c2-5b1e", workflow_id="orders", status=status, seq=len(events), created_at=0)
    selection = Selection.of(asked or {})
    head = RunHead(id=run.id, workflow_id=run.workflow_id, status=status)
    return inspect(run, tree, Reading(head, events).moment(), selection, 10 * SECOND)


def test_the_panel_opens_on_the_step_that_waits_for_a_person() -> None:
    found = look(
        seq(step("a"), step("b")),
        started("a", 0),
        failed("a", 1),
        started("b", 1),
        e.StepSuspended(
            2, "b", 1, trusted({"order_total": 12, "flags": ["new", "odd"], "lines": [{}]}), title="Ship it?"
        ),
    )
    assert (found.panel.path, found.panel.tab) == ("b", "resume")
    assert found.panel.ask is not None
    assert found.panel.ask.title == "Ship it?"
    assert [(fact.label, fact.text) for fact in found.panel.ask.told.facts] == [
        ("Order total", "12"),
        ("Flags", "new, odd"),
    ]
    assert found.panel.ask.payload is not None
    assert found.panel.ask.payload.root is not None
    assert [branch.key for branch in found.panel.ask.payload.root.children] == ["lines"]


def test_else_it_opens_on_the_failure_and_then_on_what_runs() -> None:
    tree = seq(step("a"), step("b"))
    assert look(tree, started("b", 0), started("a", 0), failed("a", 1)).panel.path == "a"
    assert look(tree, started("a", 0), done("a", 1), started("b", 1)).panel.path == "b"


def test_of_what_runs_in_a_foreach_it_shows_the_whole_so_that_it_does_not_jump_from_item_to_item() -> None:
    tree = seq(ForEach(id="fe", body=step("item")))
    begun = (started("item", 0, role="foreach", value=[1, 2, 3]), started("item[0]", 1), started("item[1]", 1))
    assert look(tree, *begun).panel.path == "item"
    again = failed("item[0]", 2, final=False, retry_at=99)
    assert look(tree, *begun, again, done("item[1]", 2)).panel.path == "item"
    # What needs a person is shown itself.
    assert look(tree, *begun, failed("item[1]", 2)).panel.path == "item[1]"
    assert look(tree, *begun, e.StepSuspended(2, "item[0]", 1)).panel.path == "item[0]"


def test_else_it_shows_the_run_as_a_whole() -> None:
    found = look(seq(step("a")), started("a", 0), done("a", 1), e.RunFinished(1, "success", trusted({"ok": 1})))
    assert (found.panel.path, found.panel.tab) == ("", "result")
    assert [tab.label for tab in found.panel.tabs] == ["Result", "Input", "State", "Events"]


def test_a_step_asked_for_is_shown_with_the_tab_asked_for() -> None:
    found = look(seq(step("a")), started("a", 0, value={"x": 1}), done("a", 1), asked={"step": "a", "tab": "input"})
    assert (found.panel.path, found.panel.tab) == ("a", "input")
    assert found.panel.value is not None
    assert found.panel.value.tree is not None
    assert found.panel.value.tree.children[0].key == "x"


def test_a_step_that_has_not_started_can_be_looked_at() -> None:
    panel = look(seq(step("a", description="Adds one.")), asked={"step": "a"}).panel
    assert (panel.status, panel.description, panel.tab) == ("pending", "Adds one.", "about")


def test_a_step_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownStep, match="nowhere"):
        look(seq(step("a")), asked={"step": "nowhere"})


def test_a_tab_that_the_step_does_not_have_falls_back() -> None:
    assert look(seq(step("a")), started("a", 0), done("a", 1), asked={"step": "a", "tab": "resume"}).panel.tab == (
        "output"
    )


def test_a_value_stored_apart_is_not_read_for_the_panel() -> None:
    large = Value(None, ref="abc", size=3_000_000)
    found = look(seq(step("a")), started("a", 0), e.StepSucceeded(1, "a", 1, large), asked={"step": "a"})
    assert found.panel.value is not None
    assert (found.panel.value.tree, found.panel.value.size) == (None, 3_000_000)


def test_attempts_tell_what_went_wrong() -> None:
    found = look(
        seq(step("a")),
        started("a", 0),
        failed("a", SECOND, final=False, retry_at=2 * SECOND),
        started("a", 2 * SECOND, attempt=2),
        asked={"step": "a", "tab": "attempts"},
    )
    assert [(t.attempt, t.status, t.message, t.took) for t in found.panel.tries] == [
        (1, "failed", "no", SECOND),
        (2, "running", "", 8 * SECOND),
    ]


def test_events_of_a_step_are_its_own_and_those_of_the_run_are_all() -> None:
    events = (started("a", 0), done("a", 1), started("b", 1))
    tree = seq(step("a"), step("b"))
    own = look(tree, *events, asked={"step": "a", "tab": "events"}).panel.events
    assert [(event.seq, event.words) for event in own] == [(2, "Step started"), (3, "Step succeeded")]
    every = look(tree, *events, asked={"step": "/", "tab": "events"}).panel.events
    assert [(event.words, event.note) for event in every][:2] == [
        ("Run started", "by ada"),
        ("Step started", ""),
    ]
    assert len(every) == 4


def test_the_panel_says_which_arm_led_to_the_step() -> None:
    tree = seq(Branch(id="b", arms=(Arm(asking("large"), step("a")),)))
    assert look(tree, started("a", 0)).panel.where == "when large"


def test_an_item_of_a_foreach_has_a_panel() -> None:
    tree = seq(ForEach(id="fe", body=step("item")))
    events = (started("item", 0, role="foreach", value=[1, 2]), started("item[0]", 0, value=1))
    panel = look(tree, *events, asked={"step": "item"}).panel
    assert panel.listed is not None
    assert (panel.tab, [(item.path, item.status) for item in panel.listed.items]) == (
        "items",
        [("item[0]", "running"), ("item[1]", "pending")],
    )
    assert look(tree, *events, asked={"step": "item[0]"}).panel.status == "running"


def test_the_head_counts_every_step_and_says_how_many_were_skipped() -> None:
    tree = seq(step("a"), Branch(id="b", arms=(Arm(asking("x"), step("b")), Arm(asking("y"), step("c")))))
    head = look(
        tree,
        started("a", 0),
        done("a", 1),
        started("b/condition", 1, role="condition"),
        done("b/condition", 2, output=True),
        started("c/condition", 1, role="condition"),
        done("c/condition", 2, output=False),
        started("b", 2),
    ).head
    assert (head.done, head.steps, head.skipped) == (1, 3, 1)


def test_the_head_says_that_a_run_under_way_waits_for_a_person_too() -> None:
    tree = Parallel(id="both", nodes=(step("a"), step("b")))
    recorded = (started("a", 0), started("b", 0), e.StepSuspended(1, "b", 1, trusted(None)))
    head = look(tree, *recorded).head
    assert (head.running, head.asking) == (0, 1)
    rests = look(tree, *recorded, done("a", 2), status="suspended").head
    assert (rests.running, rests.asking) == (0, 0)


def test_the_progress_bar_is_divided_among_the_statuses() -> None:
    shares = shares_of(["success", "success", "running", "pending"])
    assert [(share.status, share.x, share.width) for share in shares] == [
        ("success", 0.0, 50.0),
        ("running", 50.0, 25.0),
    ]


def test_a_finished_run_took_as_long_as_it_took() -> None:
    found = look(seq(step("a")), started("a", 0), done("a", 1), e.RunFinished(1, "success"), status="success")
    assert (found.head.elapsed, found.head.since) == (1, None)


def test_the_address_keeps_what_was_chosen() -> None:
    selection = Selection.of({"step": "a[3].b", "tab": "input", "fold": "none", "dir": "down"})
    assert Selection.of({}).query() == "?"
    assert selection.query(tab="") == "?step=a%5B3%5D.b&fold=none&dir=down"


@pytest.mark.parametrize(
    "asked", [{"row": "-1"}, {"row": "x"}, {"at": "9" * 40}, {"dir": "up"}, {"fold": "1"}, {"only": "x"}]
)
def test_nonsense_in_the_address_is_ignored(asked: dict[str, str]) -> None:
    assert Selection.of(asked) == Selection()


def test_an_error_tells_the_authors_frames_before_those_of_libraries() -> None:
    view = error_view(
        {
            "name": "KeyError",
            "message": "'total'",
            "traceback": [
                {"file": "/x/lib/python3.12/asyncio/tasks.py", "line": 1, "function": "step", "code": ""},
                {"file": "/home/ada/shop/orders.py", "line": 7, "function": "pay", "code": "d['total']"},
            ],
            "cause": {"name": "OSError", "message": "gone"},
        }
    )
    assert view is not None
    assert [(frame.short, frame.line) for frame in view.own] == [("shop/orders.py", 7)]
    assert [frame.function for frame in view.library] == ["step"]
    assert view.cause is not None
    assert view.cause.message == "gone"


@pytest.mark.parametrize("error", [None, "text", [], 3])
def test_what_is_no_error_gives_none(error: object) -> None:
    assert error_view(error) is None


def test_items_are_listed_page_by_page_and_can_be_picked() -> None:
    tree = seq(ForEach(id="fe", body=step("item")))
    events = [started("item", 0, role="foreach", value=[{"sku": f"A{i}"} for i in range(450)])]
    events += [event for i in range(449) for event in (started(f"item[{i}]", i), done(f"item[{i}]", i + 1))]
    events += [started("item[449]", 450), failed("item[449]", 451)]

    def listed(**asked: str) -> Listed:
        panel = look(tree, *events, asked={"step": "item", "tab": "items", **asked}).panel
        assert panel.listed is not None
        return panel.listed

    assert (len(listed().items), listed().total, listed().jumps) == (200, 450, {"later": 200, "last": 400})
    assert listed(skip="400").jumps == {"first": 0, "earlier": 200}
    assert [item.index for item in listed(items="failed").items] == [449]
    assert [item.index for item in listed(find="a448").items] == [448]
    assert [item.index for item in listed(find="449").items] == [449]


def test_items_that_were_tried_again_can_be_picked_whatever_became_of_them() -> None:
    tree = seq(ForEach(id="fe", body=step("item")))
    events = (
        started("item", 0, role="foreach", value=list(range(5))),
        *(started(f"item[{i}]", 1) for i in range(5)),
        done("item[0]", 2),
        failed("item[1]", 2, final=False), started("item[1]", 3, attempt=2), done("item[1]", 4, attempt=2),
        failed("item[2]", 2, final=False, retry_at=99),
        failed("item[3]", 2),
    )  # fmt: skip

    def listed(**asked: str) -> Listed:
        found = look(tree, *events, asked={"step": "item", "tab": "items", **asked}).panel.listed
        assert found is not None
        return found

    assert [(item.index, item.status) for item in listed(items="again").items] == [(1, "success"), (2, "waiting")]
    # A failure that is tried again has not failed, neither in the grid nor in its figures.
    assert [item.index for item in listed(items="failed").items] == [3]
    assert (listed().again, listed().failed) == (2, 1)


def test_what_is_inside_an_item_counts_as_its_own_tries() -> None:
    inner = create_workflow(id="each").then(create_step(id="a", execute=lambda ctx: None)).commit()
    events = (
        started("each", 0, role="foreach", value=[1, 2]),
        *(started(f"each[{i}]", 1, role="nested") for i in range(2)),
        *(started(f"each[{i}].a", 1) for i in range(2)),
        failed("each[1].a", 2, final=False), started("each[1].a", 3, attempt=2),
    )  # fmt: skip
    panel = look(seq(ForEach(id="fe", body=inner.nested())), *events, asked={"step": "each", "items": "again"}).panel
    assert panel.listed is not None
    assert [item.index for item in panel.listed.items] == [1]


def test_the_passes_of_a_loop_are_listed_with_their_moments() -> None:
    tree = seq(Loop(id="l", body=step("poll"), condition=asking("paid"), until=True))
    events = (started("poll#1", 0), done("poll#1", 5), started("poll#2", 6))
    panel = look(tree, *events, asked={"step": "poll", "tab": "passes"}).panel
    assert panel.listed is not None
    assert [(one.number, one.status, one.last) for one in panel.listed.passes] == [(2, "running", 4), (1, "success", 3)]
    first = look(tree, *events, asked={"step": "poll#1", "tab": "attempts"}).panel
    assert [(one.attempt, one.status) for one in first.tries] == [(1, "success")]
    assert look(tree, *events, asked={"step": "poll#1", "tab": "events"}).panel.events[-1].seq == 3


def test_a_step_tells_what_it_did_to_the_state() -> None:
    events = (
        started("a", 0),
        e.StepSucceeded(1, "a", 1, state=trusted({"n": 1, "who": "ada"})),
        started("b", 2),
        e.StepSucceeded(3, "b", 1, state=trusted({"n": 2})),
        started("c", 4),
    )
    tree = seq(step("a"), step("b"), step("c"))
    around = look(tree, *events, asked={"step": "b", "tab": "state"}).panel.state
    assert around is not None
    assert [(one.key, one.before, one.after) for one in around.changes] == [("n", "1", "2")]
    assert (around.after.data, around.is_over) == ({"n": 2, "who": "ada"}, True)
    later = look(tree, *events, asked={"step": "c", "tab": "state"}).panel.state
    assert later is not None
    assert (later.changes, later.is_over) == ((), False)


def test_what_was_answered_is_kept_with_who_and_when() -> None:
    events = (
        started("a", 0),
        e.StepSuspended(1, "a", 1),
        e.StepResumed(2, "a", trusted({"ok": True}), by="grace"),
        started("a", 2, attempt=2),
    )
    panel = look(seq(step("a")), *events, asked={"step": "a", "tab": "answer"}).panel
    assert panel.answer is not None
    assert (panel.answer.by, panel.answer.at) == ("grace", 2)
    assert panel.value is not None


def test_tries_say_how_long_each_had_to_wait() -> None:
    events = (
        started("a", 0),
        failed("a", SECOND, final=False, retry_at=3 * SECOND),
        e.TimerFired(3 * SECOND, "a"),
        started("a", 3 * SECOND, attempt=2),
    )
    tries = look(seq(step("a")), *events, asked={"step": "a", "tab": "attempts"}).panel.tries
    assert [one.waited for one in tries] == [None, 2 * SECOND]
