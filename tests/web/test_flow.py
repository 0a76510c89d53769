from __future__ import annotations

from typing import Any

import pytest

from workflows_app.engine import events as e
from workflows_app.engine.history import History
from workflows_app.engine.nodes import (
    Arm,
    Branch,
    ForEach,
    Loop,
    Nested,
    Node,
    Parallel,
    Sequence,
    Sleep,
    Step,
)
from workflows_app.engine.schema import trusted
from workflows_app.web.graph.drawn import Drawn, find, folded, strip_of, width_of
from workflows_app.web.graph.flow import draw
from workflows_app.web.values.labels import CHIP, words_of

SECOND = 1_000_000


def step(name: str, **more: Any) -> Step:
    return Step(id=name, execute=lambda ctx: None, **more)


def asking(text: str) -> Step:
    return Step(id="condition", execute=lambda ctx: True, description=text, role="condition")


def seq(*nodes: Node) -> Sequence:
    return Sequence(id="root", nodes=nodes)


class Flow:
    """What a nested node needs of a workflow: its root."""

    def __init__(self, root: Node) -> None:
        self.root = root


def started(path: str, at: int, attempt: int = 1, role: str = "step", value: Any = None) -> e.Event:
    return e.StepStarted(at, path, attempt, role, trusted(value))


def done(path: str, at: int, attempt: int = 1, output: Any = None) -> e.Event:
    return e.StepSucceeded(at, path, attempt, trusted(output))


def failed(path: str, at: int, **more: Any) -> e.Event:
    return e.StepFailed(at, path, 1, {"name": "ValueError", "message": "no"}, **more)


def history(*events: e.Event) -> History:
    return History([e.RunStarted(0, trusted({})), *events])


def statuses(root: Drawn) -> dict[str, str]:
    return {node.path: node.status for node in root.walk() if node.path}


def test_a_step_shows_its_record() -> None:
    root = draw(seq(step("a"), step("b")), history(started("a", 0), done("a", SECOND)), now=5 * SECOND)
    a, b = (lane.node for lane in root.lanes)
    assert (a.status, a.took, a.is_open) == ("success", SECOND, False)
    assert (b.status, b.took, b.is_open) == ("pending", None, False)


def test_a_running_step_has_taken_the_time_until_now() -> None:
    root = draw(seq(step("a")), history(started("a", SECOND)), now=4 * SECOND)
    assert root.lanes[0].node.took == 3 * SECOND
    assert root.lanes[0].node.is_open


def test_a_suspended_step_counts_from_its_question() -> None:
    events = history(started("a", 0), e.StepSuspended(2 * SECOND, "a", 1))
    node = draw(seq(step("a")), events, now=5 * SECOND).lanes[0].node
    assert (node.status, node.took) == ("suspended", 3 * SECOND)


def test_a_failure_that_is_tried_again_waits() -> None:
    events = history(started("a", 0), failed("a", SECOND, final=False, retry_at=9 * SECOND))
    node = draw(seq(step("a")), events, now=2 * SECOND).lanes[0].node
    assert (node.status, node.left, node.retries) == ("waiting", 7 * SECOND, 2)


def test_a_sequence_inside_a_lane_is_as_far_as_its_steps() -> None:
    tree = seq(Parallel(id="p", nodes=(seq(step("a"), step("b")), step("c"))))
    events = history(started("a", 0), done("a", SECOND), started("c", 0), done("c", SECOND))
    fork = draw(tree, events, now=SECOND).lanes[0].node
    assert [lane.node.status for lane in fork.lanes] == ["running", "success"]
    assert fork.status == "running"


def test_lanes_keep_the_order_they_were_declared_in() -> None:
    tree = seq(Parallel(id="p", nodes=(step("z"), step("a"), step("m"))))
    fork = draw(tree, history(started("m", 0)), now=0).lanes[0].node
    assert [lane.node.name for lane in fork.lanes] == ["z", "a", "m"]


def branch() -> Sequence:
    arms = (Arm(asking("small"), step("a")), Arm(asking("large"), step("b")))
    return seq(Branch(id="b", arms=arms, otherwise=step("c")))


def test_an_arm_that_was_asked_and_not_taken_is_skipped() -> None:
    answers = [
        started("a/condition", 0, role="condition"),
        done("a/condition", 1, output=False),
        started("b/condition", 0, role="condition"),
        done("b/condition", 1, output=True),
    ]
    root = draw(branch(), history(*answers, started("b", 2)), now=3)
    assert statuses(root) == {"a": "skipped", "b": "running", "c": "skipped"}
    assert [lane.holds for lane in root.lanes[0].node.lanes] == [False, True, None]


def test_before_the_conditions_are_asked_every_arm_is_only_not_started() -> None:
    root = draw(branch(), history(), now=0)
    assert set(statuses(root).values()) == {"pending"}
    assert [lane.words for lane in root.lanes[0].node.lanes] == ["small", "large", "otherwise"]


def test_helper_calls_are_no_nodes() -> None:
    root = draw(branch(), history(started("a/condition", 0, role="condition")), now=0)
    assert not any("/" in node.path for node in root.walk())


def test_a_loop_shows_its_latest_pass() -> None:
    tree = seq(Loop(id="l", body=step("poll"), condition=asking("captured"), until=True))
    events = history(started("poll#1", 0), done("poll#1", SECOND), started("poll#2", 2 * SECOND))
    box = draw(tree, events, now=3 * SECOND).lanes[0].node
    assert (box.name, box.passes, box.status) == ("until captured", 2, "running")
    assert (box.lanes[0].node.path, box.lanes[0].node.took) == ("poll", SECOND)


def test_steps_of_a_nested_workflow_stand_below_its_path() -> None:
    tree = seq(Nested(id="outer", workflow=Flow(seq(step("a"), step("b")))))
    events = history(started("outer", 0, role="nested"), started("outer.a", 0))
    assert statuses(draw(tree, events, now=1)) == {
        "outer": "running",
        "outer.a": "running",
        "outer.b": "pending",
    }


def test_a_nested_workflow_waits_when_all_that_is_open_in_it_waits() -> None:
    tree = seq(Nested(id="outer", workflow=Flow(seq(step("a")))))
    events = history(started("outer", 0, role="nested"), started("outer.a", 0), e.StepSuspended(1, "outer.a", 1))
    assert draw(tree, events, now=2).lanes[0].node.status == "suspended"


def test_the_second_try_of_a_nested_workflow_keeps_its_public_paths() -> None:
    tree = seq(Nested(id="outer", workflow=Flow(seq(step("a")))))
    events = history(
        started("outer", 0, role="nested"),
        started("outer.a", 0),
        failed("outer.a", 1),
        failed("outer", 1, final=False, retry_at=2),
        e.TimerFired(2, "outer"),
        started("outer", 2, attempt=2, role="nested"),
        started("outer~2.a", 2),
    )
    assert statuses(draw(tree, events, now=3)) == {"outer": "running", "outer.a": "running"}


def test_a_foreach_counts_its_items() -> None:
    tree = seq(ForEach(id="fe", body=step("item")))
    events = history(
        started("item", 0, role="foreach", value=[1, 2, 3]),
        started("item[0]", 0),
        done("item[0]", 1),
        started("item[1]", 0),
        failed("item[1]", 1),
    )
    strip = draw(tree, events, now=2).lanes[0].node.strip
    assert strip is not None
    assert (strip.done, strip.failed, strip.total) == (1, 1, 3)
    assert strip.cells == ("success", "failed", "pending")


def test_many_items_share_buckets_that_show_the_worst_in_them() -> None:
    events = history(started("item", 0, role="foreach", value=list(range(1000))), started("item[999]", 0))
    items = events.items["item"]
    strip = strip_of(items, {**items.open, 500: "failed"}, finished=False)
    assert len(strip.cells) <= 60
    assert strip.cells.count("failed") == 1
    assert strip.cells[-1] == "running"


def test_what_a_finished_run_left_open_is_shown_as_canceled() -> None:
    tree = seq(Nested(id="outer", workflow=Flow(seq(step("a"), step("b")))))
    events = history(
        started("outer", 0, role="nested"),
        started("outer.a", 0),
        e.RunCancelled(1),
        e.StepCanceled(1, "outer.a"),
        e.RunFinished(2, "canceled"),
    )
    assert draw(tree, events, now=3).lanes[0].node.status == "canceled"


def test_quiet_stretches_fold_and_neighbours_of_what_runs_do_not() -> None:
    names = "abcdefghijk"
    events = [event for name in names[:5] for event in (started(name, 0), done(name, 1))]
    root = draw(seq(*map(step, names)), history(*events, started("f", 1)), now=2)
    assert [name for name, lane in zip(names, root.lanes, strict=True) if lane.folds] == list("abcd" + "hijk")
    folds = [lane.fold for lane in root.lanes if lane.fold]
    assert [(fold.steps, fold.status) for fold in folds] == [(4, "success"), (4, "pending")]


def test_nothing_folds_when_nothing_asks_for_attention() -> None:
    root = draw(seq(*map(step, "abcdef")), history(), now=0)
    assert not any(lane.folds for lane in root.lanes)


def test_a_selected_step_is_not_folded_away() -> None:
    root = draw(seq(*map(step, "abcdefgh")), history(), now=0, selected="a")
    assert [lane.folds for lane in root.lanes] == [False, False, *[True] * 6]


def test_short_stretches_stay() -> None:
    root = draw(seq(*map(step, "abcd")), history(started("a", 0)), now=0)
    assert folded(root.lanes) == root.lanes


def test_a_nested_workflow_that_has_not_started_is_closed() -> None:
    tree = seq(Nested(id="outer", workflow=Flow(seq(step("a")))))
    assert not draw(tree, history(), now=0).lanes[0].node.open
    assert draw(tree, history(), now=0, selected="outer.a").lanes[0].node.open


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("score < 30", "score < 30"),
        ("async def is_large(ctx):\n    return ctx.input_data > 3", "is large"),
        (".branch([(lambda ctx: ctx.input_data['n'] > 3, a), (other, b)])", "ctx.input_data['n'] > 3"),
        ("until lambda ctx: ctx.input_data > 3)", "until ctx.input_data > 3"),
        ("[(lambda ctx: ctx.n > 1, a), (lambda ctx: ctx.n <= 1, b)]", "a condition in code"),
        (None, None),
    ],
)
def test_conditions_are_said_in_few_words(label: str | None, words: str | None) -> None:
    assert words_of(label) == words


def test_long_conditions_are_cut() -> None:
    words = words_of("x" * 500)
    assert words is not None
    assert len(words) == CHIP
    assert words.endswith("…")


def test_an_entry_without_a_name_is_called_by_what_it_does() -> None:
    tree = seq(Sleep(id="sleep_orders_0", seconds=30), Sleep(id="cool-down", seconds=30))
    unnamed, named = (lane.node for lane in draw(tree, history(), now=0).lanes)
    assert (unnamed.name, unnamed.note) == ("sleep 30 s", "")
    assert (named.name, named.note) == ("cool-down", "sleep 30 s")


def test_a_mapping_without_a_name_is_called_map_and_a_step_keeps_its_id() -> None:
    tree = seq(step("mapping_orders_0", role="map"), step("step_orders_0"))
    assert [lane.node.name for lane in draw(tree, history(), now=0).lanes] == ["map", "step_orders_0"]


def test_an_unknown_kind_of_node_falls_back_to_its_drawing_and_then_to_a_box() -> None:
    node = Drawn(kind="race", drawing="fork", name="race")
    assert node.templates == ("flow/_race.html", "flow/_fork.html", "flow/_group.html")


def test_an_item_of_a_foreach_is_found_at_its_foreach() -> None:
    root = draw(seq(ForEach(id="fe", body=step("item"))), history(), now=0)
    found = find(root, "item[3]")
    assert found is not None
    assert found.path == "item"
    assert find(root, "nothing") is None


def test_lanes_side_by_side_need_the_room_of_the_widest_one() -> None:
    narrow = draw(seq(Parallel(id="p", nodes=(step("a"), step("b")))), history(), now=0)
    wide = draw(seq(step("a"), step("b"), step("c")), history(), now=0)
    assert width_of(narrow) < width_of(wide)


@pytest.mark.parametrize("begun", [(started("outer.a", 0), done("outer.a", SECOND)), ()])
def test_a_box_is_paused_where_only_the_next_step_takes_it_on(begun: tuple[e.Event, ...]) -> None:
    tree = seq(Nested(id="outer", workflow=Flow(seq(step("a"), step("b")))), Parallel(id="p", nodes=(step("c"),)))
    events = (started("outer", 0, role="nested"), *begun)
    assert statuses(draw(tree, history(*events), now=SECOND))["outer"] == "running"
    paused = history(*events, e.RunPaused(SECOND, ("outer.b",)))
    outer, fork = (lane.node for lane in draw(tree, paused, now=9 * SECOND).lanes)
    assert (outer.status, fork.status) == ("paused", "pending")


def test_a_box_of_a_paused_run_runs_while_something_in_it_does() -> None:
    tree = seq(Nested(id="outer", workflow=Flow(seq(step("a")))))
    events = (started("outer", 0, role="nested"), started("outer.a", 0), e.RunPaused(SECOND, ()))
    assert statuses(draw(tree, history(*events), now=SECOND))["outer"] == "running"
