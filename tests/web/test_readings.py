"""What a process remembers of runs: never more than it may, never what is not so any more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

from tests.web.test_flow import done, started
from workflows_app.engine import events as e
from workflows_app.engine.loading import needed
from workflows_app.engine.ports import RunHead
from workflows_app.engine.schema import Value, trusted
from workflows_app.web.inspector.readings import Reading, Shelf

EVENTS = (e.RunStarted(0, trusted(1)), started("a#1", 1), done("a#1", 2), started("a#2", 3), started("b", 4))


def reading(name: str = "run", *events: e.Event) -> Reading:
    return Reading(RunHead(name, "flow", seq=len(events)), events)


def test_a_moment_shows_the_run_as_it_was() -> None:
    made = reading("run", *EVENTS)
    past = made.moment(2)
    assert (past.is_past, past.at, past.history.records["a#1"].status) == (True, 1, "running")
    assert made.moment(3).history.records["a#1"].status == "success"
    assert made.moment(1).history.records == {}
    now = made.moment()
    assert (now.is_past, now.seq) == (False, 5)
    assert now.history.records["a#1"].status == "success"


def test_events_of_a_step_are_those_of_all_its_passes_up_to_the_moment() -> None:
    made = reading("run", *EVENTS)
    assert [seq for seq, _ in made.moment().events_of("a")] == [2, 3, 4]
    assert [seq for seq, _ in made.moment(3).events_of("a")] == [2, 3]
    assert [seq for seq, _ in made.moment(4).events(after=1, most=2)] == [2, 3]


def test_a_reading_is_lent_to_one_at_a_time() -> None:
    shelf = Shelf()
    shelf.put("run", reading())
    assert shelf.take("run") is not None
    # Who holds it cannot wait for it.
    assert shelf.take("run") is None


def test_who_comes_while_a_reading_is_lent_gets_it_as_soon_as_it_is_back() -> None:
    shelf, made = Shelf(), reading()
    assert shelf.take("run") is None
    with ThreadPoolExecutor(3) as pool:
        others = [pool.submit(borrowed, shelf) for _ in range(3)]
        assert wait(others, 0.1).done == set()
        shelf.put("run", made)
        assert [other.result() for other in others] == [made] * 3


def test_a_run_that_could_not_be_read_keeps_nobody_waiting() -> None:
    shelf = Shelf()
    shelf.take("run")
    shelf.put("run", None)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(borrowed, shelf).result() is None


def test_who_has_waited_too_long_reads_the_run_for_itself() -> None:
    shelf = Shelf(patience=0.01)
    shelf.take("run")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(borrowed, shelf).result() is None
    # That it did so does not hand out what is still lent.
    assert "run" in shelf.lent


def borrowed(shelf: Shelf) -> Reading | None:
    found = shelf.take("run")
    shelf.put("run", found)
    return found


def test_readings_used_last_are_kept() -> None:
    shelf = Shelf(runs=2)
    for name in ("one", "two", "three"):
        shelf.put(name, reading(name))
    assert list(shelf.kept) == ["two", "three"]


def test_readings_that_are_large_together_are_not_kept_but_the_one_used_last() -> None:
    shelf = Shelf(most_bytes=10_000)
    shelf.put("small", reading("small", *EVENTS))
    assert list(shelf.kept) == ["small"]
    # A page asks for its parts again and again: to read the largest run each time would take longest of all.
    shelf.put("large", reading("large", e.RunStarted(0, trusted("x" * 10_000))))
    assert list(shelf.kept) == ["large"]
    shelf.put("small", reading("small", *EVENTS))
    assert list(shelf.kept) == ["small"]


def test_what_a_fold_needs_is_named() -> None:
    apart = Value(None, ref="abc", size=9)
    events = (e.RunStarted(0, apart), started("fe", 1, role="foreach"), e.RunRewound(2, assume=apart))
    assert needed(events) == [apart]
