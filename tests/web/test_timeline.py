from __future__ import annotations

import json
from itertools import pairwise

from tests.web.test_flow import Flow, asking, done, failed, history, seq, started, step
from workflows_app.engine import events as e
from workflows_app.engine.history import History
from workflows_app.engine.nodes import ForEach, Loop, Nested, Node, Parallel, Sleep
from workflows_app.engine.schema import trusted
from workflows_app.web.graph.flow import draw
from workflows_app.web.inspector.axis import axis_of, busy_spans
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.inspector.timeline import WHOLE, WINDOW, Bar, Timeline, lay_out

SECOND = 1_000_000
HOUR = 3_600 * SECOND


def timeline(tree: Node, *events: e.Event, now: int, step: str = "", **asked: str) -> Timeline:
    return laid_out(tree, history(*events), now, step, **asked)


def laid_out(tree: Node, recorded: History, now: int, step: str = "", **asked: str) -> Timeline:
    selection = Selection.of(asked)
    axis = axis_of(recorded, busy_spans(recorded, now), now, selection.span)
    return lay_out(draw(tree, recorded, now, step), recorded, axis, selection, step)


def kinds(bars: tuple[Bar, ...]) -> list[str]:
    return [bar.kind for bar in bars]


def test_rows_have_the_order_and_nesting_of_the_graph() -> None:
    tree = seq(step("a"), Parallel(id="p", nodes=(step("b"), step("c"))), step("d"))
    rows = timeline(tree, now=0).rows
    assert [(row.name, row.level) for row in rows] == [
        ("a", 1),
        ("Parallel", 1),
        ("b", 2),
        ("c", 2),
        ("d", 1),
    ]


def test_bars_stand_in_proportion_to_time() -> None:
    events = (started("a", 0), done("a", SECOND), started("b", SECOND), done("b", 4 * SECOND))
    found = timeline(seq(step("a"), step("b")), *events, e.RunFinished(4 * SECOND, "success"), now=9 * SECOND)
    a, b = (row.bars[0] for row in found.rows)
    assert (round(a.x), round(a.width)) == (0, 25)
    assert (round(b.x), round(b.width)) == (25, 75)


def test_an_open_bar_ends_at_now_and_leaves_room_beyond() -> None:
    found = timeline(seq(step("a")), started("a", 0), now=SECOND)
    bar = found.rows[0].bars[0]
    assert bar.end is None
    assert round(bar.to, 3) == found.axis.now == 98.0


def test_a_bar_is_never_too_thin_to_see() -> None:
    events = (started("a", 0), done("a", 1), started("b", 1))
    bar = timeline(seq(step("a"), step("b")), *events, now=HOUR).rows[0].bars[0]
    assert bar.width > 0.3


def test_attempts_and_the_pause_between_them_are_told_apart() -> None:
    events = (
        started("a", 0),
        failed("a", SECOND, final=False, retry_at=2 * SECOND),
        e.TimerFired(2 * SECOND, "a"),
        started("a", 2 * SECOND, attempt=2),
        done("a", 3 * SECOND, attempt=2),
    )
    row = timeline(seq(step("a")), *events, now=3 * SECOND).rows[0]
    assert kinds(row.bars) == ["try", "queued", "success"]
    assert row.retries == 2


def test_a_final_failure_is_no_mere_attempt() -> None:
    row = timeline(seq(step("a")), started("a", 0), failed("a", 1), now=2).rows[0]
    assert kinds(row.bars) == ["failed"]


def test_while_the_next_try_is_due_the_row_waits() -> None:
    events = (started("a", 0), failed("a", SECOND, final=False, retry_at=HOUR))
    assert kinds(timeline(seq(step("a")), *events, now=2 * SECOND).rows[0].bars) == ["try", "waiting"]


def test_waiting_for_a_person_is_a_bar_that_ends_with_the_answer() -> None:
    suspended = (started("a", 0), e.StepSuspended(SECOND, "a", 1))
    answered = (
        *suspended,
        e.StepResumed(5 * SECOND, "a", trusted({})),
        started("a", 5 * SECOND, attempt=2),
        done("a", 6 * SECOND, attempt=2),
    )
    open_bars = timeline(seq(step("a")), *suspended, now=3 * SECOND).rows[0].bars
    assert [(bar.kind, bar.end) for bar in open_bars] == [("success", SECOND), ("suspended", None)]
    closed = timeline(seq(step("a")), *answered, now=6 * SECOND).rows[0].bars
    assert [(bar.kind, bar.end) for bar in closed] == [
        ("success", SECOND),
        ("suspended", 5 * SECOND),
        ("success", 6 * SECOND),
    ]


def test_a_sleep_is_one_waiting_bar() -> None:
    events = (e.TimerStarted(0, "s", HOUR, trusted(None)),)
    bars = timeline(seq(Sleep(id="s", seconds=3600)), *events, now=SECOND).rows[0].bars
    assert [(bar.kind, bar.status, bar.end) for bar in bars] == [("waiting", "waiting", None)]


def test_passes_of_a_loop_share_one_row() -> None:
    tree = seq(Loop(id="l", body=step("poll"), condition=asking("paid"), until=True))
    events = (started("poll#1", 0), done("poll#1", 1), started("poll#2", SECOND))
    rows = timeline(tree, *events, now=2 * SECOND).rows
    assert [(row.name, row.path, row.passes) for row in rows] == [("until paid", "poll", 2)]
    assert kinds(rows[0].bars) == ["success", "running"]


def test_few_items_have_rows_of_their_own_and_of_many_only_the_open_ones() -> None:
    tree = seq(ForEach(id="fe", body=step("item")))

    def rows(total: int) -> list[str]:
        events = [started("item", 0, role="foreach", value=list(range(total)))]
        events += [event for i in range(total) for event in (started(f"item[{i}]", i), done(f"item[{i}]", i + 1))]
        return [row.path for row in timeline(tree, *events[:-1], now=total + 5).rows]

    assert rows(3) == ["item", "item[0]", "item[1]", "item[2]"]
    assert rows(50) == ["item", "item[49]"]


def test_long_idle_stretches_fold_to_a_fixed_width() -> None:
    events = (
        started("a", 0),
        done("a", SECOND),
        e.TimerStarted(SECOND, "s", HOUR, trusted(None)),
        e.TimerFired(HOUR, "s"),
        started("b", HOUR),
        done("b", HOUR + SECOND),
        e.RunFinished(HOUR + SECOND, "success"),
    )
    found = timeline(seq(step("a"), Sleep(id="s", seconds=3600), step("b")), *events, now=2 * HOUR)
    (fold,) = found.axis.folds
    assert fold.width == 10.0
    assert fold.length > HOUR * 0.99
    a, b = found.rows[0].bars[0], found.rows[2].bars[0]
    assert abs(a.width - b.width) < 0.01
    assert a.width > 35


def test_short_pauses_do_not_fold() -> None:
    events = (started("a", 0), done("a", 5 * SECOND), started("b", 7 * SECOND), done("b", 12 * SECOND))
    assert timeline(seq(step("a"), step("b")), *events, now=12 * SECOND).axis.folds == ()


def test_the_axis_has_no_gaps_and_ends_at_its_end() -> None:
    events = (started("a", 0), done("a", SECOND), started("b", HOUR), done("b", HOUR + SECOND))
    segments = timeline(
        seq(step("a"), step("b")), *events, e.RunFinished(HOUR + SECOND, "success"), now=HOUR
    ).axis.segments
    assert all(one.end == other.start and one.to == other.x for one, other in pairwise(segments))
    assert (segments[0].x, round(segments[-1].to, 6)) == (0.0, 100.0)


def test_ticks_are_round_and_far_enough_apart() -> None:
    events = (started("a", 0), done("a", 9 * SECOND), e.RunFinished(9 * SECOND, "success"))
    ticks = timeline(seq(step("a")), *events, now=HOUR).axis.ticks
    assert [tick.since // SECOND for tick in ticks] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert all(later.x - earlier.x >= 11 for earlier, later in pairwise(ticks))


def test_no_two_ticks_say_the_same() -> None:
    long = HOUR + 12 * SECOND
    events = (started("a", 0), done("a", long), started("b", long), done("b", long + 3 * SECOND))
    ticks = timeline(
        seq(step("a"), step("b")), *events, now=HOUR * 2, start=str(long // 1_000), end=str(long // 1_000 + 3_000)
    ).axis.ticks
    assert [tick.words for tick in ticks][:3] == ["1 h", "+500 ms", "+1 s"]
    plain = timeline(seq(step("a")), started("a", 0), done("a", 9 * SECOND), now=9 * SECOND).axis.ticks
    assert [tick.words for tick in plain][:3] == ["0 s", "2 s", "4 s"]


def test_a_script_can_read_the_axis() -> None:
    found = timeline(seq(step("a")), started("a", 0), now=SECOND)
    assert json.loads(found.axis.as_json) == [[0.0, 1000.0, 0.0, 98.0]]


def test_a_run_that_has_not_started_has_rows_and_no_bars() -> None:
    tree = seq(step("a"))
    recorded = History()
    found = laid_out(tree, recorded, 5)
    assert [row.bars for row in found.rows] == [()]
    assert not found.axis.is_open


def test_a_long_timeline_gives_one_window_of_its_rows() -> None:
    tree = seq(*(step(f"s{i}") for i in range(WHOLE + 50)))
    found = timeline(tree, now=0)
    assert (len(found.rows), found.first, found.total) == (WINDOW, 0, WHOLE + 50)
    assert found.jumps == {"later": WINDOW, "last": (WHOLE + 49) // WINDOW * WINDOW}
    last = timeline(tree, now=0, row="9999")
    assert (last.last, last.rows[-1].name, last.below) == (WHOLE + 50, f"s{WHOLE + 49}", 0)
    assert timeline(tree, now=0, step="s100").first == WINDOW


def test_rows_keep_their_numbers_in_a_window() -> None:
    tree = seq(*(step(f"s{i}") for i in range(WHOLE + 50)))
    assert [row.number for row in timeline(tree, now=0, row="100").rows[:2]] == [WINDOW, WINDOW + 1]


def items_of(total: int) -> list[e.Event]:
    made = [started("item", 0, role="foreach", value=list(range(total)))]
    return made + [event for i in range(total) for event in (started(f"item[{i}]", i), done(f"item[{i}]", i + 1))]


def test_a_foreach_opens_and_closes() -> None:
    tree = seq(ForEach(id="fe", body=step("item")))
    assert [row.opened for row in timeline(tree, *items_of(3), now=9).rows[:1]] == [True]
    assert len(timeline(tree, *items_of(3), now=9, shut="item").rows) == 1
    many = timeline(tree, *items_of(50), now=99)
    assert [(row.key, row.opened) for row in many.rows] == [("item", False)]
    assert len(timeline(tree, *items_of(50), now=99, open="item").rows) == 51
    assert len(timeline(tree, *items_of(50), now=99, step="item[7]").rows) == 51


def test_a_box_is_closed_without_its_rows() -> None:
    tree = seq(Parallel(id="p", nodes=(step("b"), step("c"))), step("d"))
    rows = timeline(tree, now=0, shut="p").rows
    assert [(row.name, row.key, row.opened) for row in rows] == [("Parallel", "p", False), ("d", "", False)]


def test_groups_can_be_hidden() -> None:
    tree = seq(Parallel(id="p", nodes=(step("b"), step("c"))), step("d"))
    assert [(row.name, row.level) for row in timeline(tree, now=0, flat="1").rows] == [("b", 1), ("c", 1), ("d", 1)]


def test_an_item_with_steps_in_it_opens_to_them() -> None:
    inner = Nested(id="child", workflow=Flow(seq(step("x"))))
    tree = seq(ForEach(id="fe", body=inner))
    events = (
        started("child", 0, role="foreach", value=[1]),
        started("child[0]", 1, role="nested"),
        started("child[0].x", 2),
    )
    assert [row.path for row in timeline(tree, *events, now=5).rows] == ["child", "child[0]"]
    opened = timeline(tree, *events, now=5, open="child[0]").rows
    assert [(row.path, row.status, row.level) for row in opened[1:]] == [
        ("child[0]", "running", 2),
        ("child[0].x", "running", 3),
    ]


def test_a_filter_finds_items_and_passes_wherever_they_are() -> None:
    tree = seq(ForEach(id="fe", body=step("item")), Loop(id="l", body=step("poll"), condition=asking("x"), until=True))
    bad = (started("item[50]", 51), failed("item[50]", 52), started("poll#1", 60), failed("poll#1", 61))
    events = (started("item", 0, role="foreach", value=list(range(60))), *items_of(50)[1:], *bad, started("poll#2", 70))
    found = timeline(tree, *events, now=99, only="failed")
    assert [row.path for row in found.rows] == ["item[50]", "poll#1"]
    assert found.matched
    assert [row.path for row in timeline(tree, *events, now=99, only="running").rows] == ["poll"]
    assert timeline(tree, *events, now=99, q="ITEM[4").total == 11


def test_a_search_finds_what_has_not_started() -> None:
    tree = seq(step("check"), step("ship"))
    assert [(row.path, row.status) for row in timeline(tree, now=0, q="ship").rows] == [("ship", "pending")]


def test_what_was_tried_again_can_be_picked() -> None:
    again = (started("a", 0), failed("a", 1, final=False, retry_at=2), e.TimerFired(2, "a"), started("a", 2, attempt=2))
    found = timeline(seq(step("a"), step("b")), *again, started("b", 3), now=9, only="again")
    assert [(row.path, row.retries) for row in found.rows] == [("a", 2)]


def test_the_critical_path_takes_the_lane_that_ended_last() -> None:
    tree = seq(step("a"), Parallel(id="p", nodes=(step("fast"), step("slow"))), step("z"))
    events = (started("a", 0), done("a", 1), started("fast", 1), started("slow", 1), done("fast", 2), done("slow", 9))
    rows = timeline(tree, *events, now=9, only="critical").rows
    assert [row.name for row in rows] == ["a", "Parallel", "slow"]
    searched = timeline(tree, *events, now=9, only="critical", q="SL").rows
    assert [row.name for row in searched] == ["slow"]


def test_a_stretch_of_the_axis_is_seen_closely() -> None:
    events = (started("a", 0), done("a", SECOND), started("b", SECOND), done("b", 10 * SECOND))
    over = e.RunFinished(10 * SECOND, "success")
    found = timeline(seq(step("a"), step("b")), *events, over, now=HOUR, start="2000", end="4000")
    assert (found.axis.start, found.axis.end) == (2 * SECOND, 4 * SECOND)
    a, b = found.rows
    assert a.bars == ()
    assert (round(b.bars[0].x), round(b.bars[0].to)) == (0, 100)
    assert found.axis.now is None


def test_between_the_answer_and_its_taking_up_a_step_is_queued() -> None:
    events = (started("a", 0), e.StepSuspended(SECOND, "a", 1), e.StepResumed(5 * SECOND, "a", trusted({})))
    bars = timeline(seq(step("a")), *events, now=6 * SECOND).rows[0].bars
    assert [(bar.kind, bar.end) for bar in bars] == [("success", SECOND), ("suspended", 5 * SECOND), ("queued", None)]


def test_a_row_says_that_the_run_pauses_before_it() -> None:
    tree = seq(step("a"), ForEach(id="each", body=step("b")), step("c"))
    rows = timeline(tree, e.BreakpointsSet(0, breakpoints=("b", "c")), started("a", 1), now=2).rows
    assert [(row.name, row.breaks) for row in rows] == [("a", False), ("b", True), ("c", True)]


def words_on_a_phone(*events: e.Event, now: int) -> list[tuple[float, str]]:
    found = timeline(seq(step("a"), step("b")), *events, now=now).axis.ticks
    return [(round(tick.x), tick.words) for tick in found if not tick.spare]


def test_a_phone_has_the_words_of_as_many_ticks_as_there_is_room_for() -> None:
    events = (started("a", 0), done("a", 9 * SECOND), e.RunFinished(9 * SECOND, "success"))
    assert words_on_a_phone(*events, now=9 * SECOND) == [(0, "0 s"), (22, "2 s"), (44, "4 s"), (67, "6 s")]
    # The words of a fold take most of what is beside them.
    apart = (started("a", 0), done("a", 4 * SECOND), started("b", HOUR), done("b", HOUR + 4 * SECOND))
    found = words_on_a_phone(*apart, e.RunFinished(HOUR + 4 * SECOND, "success"), now=2 * HOUR)
    assert found[0] == (0, "0 s")
    assert all(x < 14 or x > 66 for x, _words in found), found
