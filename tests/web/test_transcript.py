"""What a step wrote is told in its panel while it is written: text, thoughts, calls of tools, figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.template.loader import render_to_string

from tests.web.test_flow import SECOND, done, failed, seq, started, statuses, step
from tests.web.test_inspector_templates import HOSTILE, Page
from tests.web.test_inspector_view_model import look
from workflows_app.engine import events as e
from workflows_app.engine.nodes import ForEach
from workflows_app.engine.schema import Value, trusted
from workflows_app.engine.usage import used
from workflows_app.web.graph.flow import draw
from workflows_app.web.inspector.page import Inspector
from workflows_app.web.inspector.transcript import LONGEST, MOST_EVENTS, MOST_PARTS, Part, transcript_of
from workflows_app.web.live.frames import Picture

TRANSCRIPT = {"step": "a", "tab": "transcript"}


def wrote(*outputs: Any, path: str = "a", attempt: int = 1, at: int = 1) -> e.StepOutput:
    chunks = [{"output": output} for output in outputs]
    return e.StepOutput(at, path, attempt, trusted(chunks), len(chunks), used(chunks))


def text(words: str) -> dict[str, str]:
    return {"type": "text-delta", "text": words}


def told(*events: e.StepOutput) -> list[tuple[str, str, str]]:
    parts = transcript_of(events, lambda value: value).parts
    return [(part.kind, part.name, part.text) for part in parts]


def asked(*recorded: e.Event, asked: Mapping[str, str] | None = None, status: str = "running") -> Inspector:
    return look(seq(step("a")), started("a", 0), *recorded, asked=asked or {"step": "a"}, status=status)


def test_the_pieces_of_a_text_are_joined() -> None:
    thought = {"type": "reasoning-delta", "text": "Hm. "}
    assert told(wrote(thought, thought, text("It is ")), wrote(text("20 degrees."))) == [
        ("thought", "", "Hm. Hm. "), ("text", "", "It is 20 degrees.")
    ]  # fmt: skip


def test_calls_of_tools_and_what_they_gave_stand_between() -> None:
    call = {"type": "tool-call", "toolName": "look", "args": {"city": "Oulu"}}
    result = {"type": "tool-result", "toolName": "look", "result": "20"}
    assert told(wrote(text("Let me see."), call, result, text("20"))) == [
        ("text", "", "Let me see."),
        ("tool-call", "look", '{"city": "Oulu"}'),
        ("tool-result", "look", "20"),
        ("text", "", "20"),
    ]


def test_whatever_else_is_written_is_shown_as_it_is() -> None:
    custom = e.StepOutput(1, "a", 1, trusted([{"type": "data-progress", "data": 7}]), 1)
    assert told(wrote("looked", 3, {"x": 1}, {"type": "step", "n": 1}, {"type": "bell"}), custom) == [
        ("note", "", "looked"),
        ("note", "", "3"),
        ("note", "", '{"x": 1}'),
        ("note", "step", '{"n": 1}'),
        ("note", "bell", ""),
        ("note", "data-progress", "7"),
    ]


def test_a_large_value_is_a_tree() -> None:
    [part] = transcript_of([wrote({"rows": list(range(100))})], lambda value: value).parts
    assert part.value is not None
    assert part.value.children[0].key == "rows"


def test_another_try_begins_anew() -> None:
    again = wrote(text("Hello"), attempt=3)
    assert told(wrote(text("Hel")), wrote(text("lo")), again, again) == [
        ("text", "", "Hello"), ("try", "3", ""), ("text", "", "HelloHello")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "events",
    [
        [wrote(text("a"))] * (MOST_EVENTS + 1),
        [wrote(*["note"] * (MOST_PARTS + 1))],
        [wrote(text("a" * (LONGEST + 1)))],
    ],
    ids=["events", "parts", "characters"],
)
def test_of_much_the_newest_is_shown(events: list[e.StepOutput]) -> None:
    found = transcript_of(events, lambda value: value)
    assert found.is_cut
    assert len(found.parts) <= MOST_PARTS
    assert all(len(part.text) <= LONGEST for part in found.parts)
    assert not transcript_of([wrote("one")], lambda value: value).is_cut


def test_what_is_stored_apart_is_read_when_it_is_shown() -> None:
    apart = e.StepOutput(1, "a", 1, Value(None, ref="abc", size=9_000), 1)
    assert transcript_of([apart], lambda value: value).parts == ()
    assert transcript_of([apart], lambda value: trusted([{"output": "read"}])).parts == (Part("note", "read"),)


# In the panel


def test_the_panel_opens_on_what_a_running_step_writes() -> None:
    panel = asked(wrote(text("It is"))).panel
    assert panel.tab == "transcript"
    assert panel.transcript is not None
    assert panel.transcript.parts == (Part("text", "It is"),)


def test_once_it_has_ended_the_output_comes_first() -> None:
    found = asked(wrote(text("It is")), done("a", 2, output={"text": "It is"}))
    assert (found.panel.tab, found.panel.transcript) == ("output", None)
    assert asked(wrote(text("It is")), done("a", 2), asked=TRANSCRIPT).panel.transcript is not None


def test_a_step_that_writes_nothing_has_no_transcript() -> None:
    assert "transcript" not in [tab.key for tab in asked(done("a", 2)).panel.tabs]


def test_hostile_text_is_only_text() -> None:
    call = {"type": "tool-call", "toolName": HOSTILE, "args": HOSTILE}
    rows = {"type": HOSTILE, "rows": [HOSTILE] * 30}
    thought = {"type": "reasoning-delta", "text": HOSTILE}
    html = render_to_string("runs/_panel.html", {"view": asked(wrote(text(HOSTILE), thought, call, rows))})
    page = Page(html)
    assert page.roots == 1
    assert not {"img", "script"} & {tag for tag, _ in page.elements}
    assert "{{ 7" in html
    assert "Thoughts" in html


# Figures


def finish(inputs: int, outputs: int) -> dict[str, Any]:
    return {"type": "finish", "usage": {"inputTokens": inputs, "outputTokens": outputs}}


def test_the_tokens_are_told_with_the_step_and_summed_for_the_run() -> None:
    tree = seq(step("a"), ForEach(id="fe", body=step("it")))
    found = look(
        tree,
        started("a", 0), wrote(finish(1_200, 5)), done("a", 2),
        started("it", 2, role="foreach", value=[1, 2]),
        started("it[0]", 2), wrote(finish(3, 2), path="it[0]"), done("it[0]", 3),
        started("it[1]", 2), wrote(finish(4, 1), path="it[1]"),
        asked={"step": "it"},
    )  # fmt: skip
    assert found.panel.usage == {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}
    assert found.head.usage is not None
    assert found.head.usage["totalTokens"] == 1_215
    assert "7 in, 3 out tokens" in render_to_string("runs/_panel.html", {"view": found})
    assert "1,207 in, 8 out" in render_to_string("runs/_head.html", {"view": found})


def test_a_run_without_models_tells_of_no_tokens() -> None:
    found = asked(done("a", 1))
    assert (found.panel.usage, found.head.usage) == (None, None)
    assert "Tokens" not in render_to_string("runs/_head.html", {"view": found})


# Guards

STOP = {"name": "Tripwire", "message": "A card number", "tripwire": {"reason": "A card number", "digits": 16}}
STOPPED = e.StepFailed(SECOND, "a", 1, STOP)


def test_what_a_guard_stopped_has_a_status_of_its_own() -> None:
    end = e.RunFinished(2 * SECOND, "tripwire", error=STOP)
    found = asked(STOPPED, end, asked={}, status="tripwire")
    assert (found.panel.path, found.panel.status, found.panel.tab) == ("a", "tripwire", "error")
    assert statuses(draw(seq(step("a")), found.history, 3 * SECOND))["a"] == "tripwire"
    assert [bar.status for row in found.timeline.rows for bar in row.bars] == ["tripwire"]
    assert [share.status for share in found.head.shares] == ["tripwire"]
    panel = render_to_string("runs/_panel.html", {"view": found})
    assert "Stopped by a guard" in panel
    assert "digits" in panel
    assert panel.count("A card number") == 1
    picture = Picture()
    for event in (e.RunStarted(0, trusted({})), started("a", 0), STOPPED, end):
        picture.apply(event)
    [[_, _, status, _, extra]] = picture.since(2)[0]["e"]
    assert (status, extra["bars"]) == ("tripwire", [("c", "tripwire", 1_000)])


def test_a_step_that_failed_at_once_was_not_tried_twice() -> None:
    def tries(*events: e.Event) -> int:
        return draw(seq(step("a")), asked(*events).history, 9).lanes[0].node.tries

    later = {"final": False, "retry_at": 9}
    assert tries(failed("a", 1)) == 1
    assert tries(failed("a", 1, **later)) == 2
    assert tries(failed("a", 1, **later), started("a", 2, attempt=2)) == 2
    assert tries(e.StepSuspended(1, "a", 1), e.StepResumed(2, "a", trusted(1)), started("a", 2, attempt=2)) == 1
