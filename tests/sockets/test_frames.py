"""From events to frames."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from tests.web.test_flow import done, failed, started
from workflows_app.engine import events as e
from workflows_app.engine.schema import NULL, trusted
from workflows_app.web.live.frames import BEHIND, Picture


def picture(*events: e.Event) -> Picture:
    made = Picture()
    for event in (e.RunStarted(0, NULL), *events):
        made.apply(event)
    return made


def deltas(made: Picture, after: int = 0) -> dict[str, list[Any]]:
    frames = made.since(after)
    return {delta[1]: delta for frame in frames for delta in (*frame.get("part", ()), *frame.get("e", ()))}


def shapes(made: Picture, after: int = 0) -> list[str]:
    return [frame["shape"] for frame in made.since(after) if "shape" in frame]


def test_a_path_has_one_delta_however_much_happened() -> None:
    made = picture(started("a", 1_000_000), done("a", 3_000_000))
    assert deltas(made) == {
        "a": [
            3,
            "a",
            "success",
            3_000,
            {"took": 2_000, "bars": [("c", "", 1_000), ("o", "running", 1_000), ("c", "success", 3_000)]},
        ]
    }


def test_nothing_is_said_twice() -> None:
    made = picture(started("a", 1), done("a", 2), started("b", 3))
    assert set(deltas(made, after=3)) == {"b"}
    assert made.since(4) == []
    assert made.since(9) == []


def test_a_try_that_is_repeated_waits() -> None:
    made = picture(started("a", 0), failed("a", 1, final=False, retry_at=9_000_000))
    assert deltas(made)["a"][2] == "waiting"
    assert [op[1] for op in deltas(made)["a"][4]["bars"]] == ["", "running", "try", "queued"]


def test_a_question_changes_the_panel() -> None:
    made = picture(started("a", 0), e.StepSuspended(1, "a", 1, title="Well?"))
    assert deltas(made)["a"][2] == "suspended"
    assert "panel" in shapes(made, after=2)


def test_a_step_that_waits_for_an_event_says_so() -> None:
    made = picture(started("paid", 0, role="event"), e.StepSuspended(1_000_000, "paid", 1))
    assert deltas(made)["paid"][2:] == [
        "waiting",
        1_000,
        {
            "since": 1_000,
            "word": "event",
            "bars": [("c", "", 0), ("o", "running", 0), ("c", "success", 1_000), ("o", "waiting", 1_000)],
        },
    ]
    made.apply(e.RunFinished(2_000_000, "canceled"))
    assert "word" not in deltas(made)["paid"][4]


def test_an_open_step_says_since_when() -> None:
    made = picture(started("a", 5_000_000))
    assert deltas(made)["a"][4]["since"] == 5_000


def test_passes_and_tries_are_left_out_of_paths() -> None:
    made = picture(started("poll#1", 0), done("poll#1", 1), started("poll#2", 2))
    assert set(deltas(made)) == {"poll"}
    assert deltas(made)["poll"][2] == "running"
    assert "flow" in shapes(made, after=3)


def test_helpers_are_not_shown_but_change_the_graph() -> None:
    made = picture(started("arm/condition", 0), done("arm/condition", 1))
    assert deltas(made) == {}
    assert "flow" in shapes(made, after=1)


def test_an_item_moves_its_foreach_on() -> None:
    items = e.StepStarted(0, "fe", 1, "foreach", trusted([1, 2, 3]))
    made = picture(items, started("fe[0]", 1), done("fe[0]", 2))
    found = deltas(made, after=2)
    assert found["fe[0]"][2] == "success"
    assert found["fe"][4]["text"] == "1 / 3"


def test_output_of_a_step_changes_no_shape() -> None:
    made = picture(started("a", 0), e.StepOutput(1, "a", 1))
    assert shapes(made, after=2) == []


def test_what_a_finished_run_left_open_is_canceled() -> None:
    made = picture(started("a", 0), e.RunFinished(1, "canceled"))
    assert made.status("a") == "canceled"
    assert shapes(made, after=2) == ["head", "flow", "timeline", "panel"]


def test_a_page_too_far_behind_fetches_itself_again() -> None:
    made = picture(*(started(f"s{i}", i) for i in range(BEHIND + 10)))
    assert made.since(5) == [{"seq": made.seq, "catchup": True}]
    assert len(deltas(made, after=made.seq - BEHIND)) == BEHIND


def test_no_message_is_longer_than_a_socket_takes() -> None:
    names = [f"{'deep.' * 20}s{i}" for i in range(2_000)]
    made = picture(*(event for i, name in enumerate(names) for event in (started(name, i), done(name, i + 1))))
    frames = made.since(0)
    assert max(len(to_json(frame)) for frame in frames) < 65_536
    assert len(deltas(made)) == 2_000
    assert [frame["seq"] for frame in frames if "e" in frame] == [made.seq]


def test_of_very_many_passes_the_last_are_told() -> None:
    passes = range(1, 2_000)
    made = picture(*(event for i in passes for event in (started(f"poll#{i}", i), done(f"poll#{i}", i))))
    assert max(len(to_json(frame)) for frame in made.since(0)) < 65_536
    assert deltas(made)["poll"][2] == "success"
