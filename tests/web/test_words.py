from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from workflows_app.engine import events, nodes
from workflows_app.templatetags.workflows import (
    clock,
    duration,
    favicon,
    glyph,
    icon,
    instant,
    kind_icon,
    milliseconds,
    percent,
    query,
    short_id,
    size,
)
from workflows_app.web.figures.counts import Mark
from workflows_app.web.inspector import told
from workflows_app.web.values import labels
from workflows_app.words import KINDS, WORDS

ROOT = Path(__file__).parents[2]
SPRITE = ROOT / "static" / "icons" / "icons.svg"
TEMPLATES = ROOT / "templates"


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (None, "—"),
        (300, "<1 ms"),
        (84_000, "84 ms"),
        (999_600, "1 s"),
        (2_450_000, "2.45 s"),
        (9_999_000, "10 s"),
        (64_000_000, "1 m 04 s"),
        (120_000_000, "2 m"),
        (13_680_000_000, "3 h 48 m"),
        (187_200_000_000, "2 d 4 h"),
    ],
)
def test_a_duration_is_said_in_two_units_at_most(microseconds: int | None, words: str) -> None:
    assert duration(microseconds) == words


def test_every_kind_of_event_and_node_has_words() -> None:
    assert set(told.HAPPENED) == set(events.KINDS)
    found = {of.kind for of in vars(nodes).values() if isinstance(of, type) and issubclass(of, nodes.Node)}
    assert "loop" in found
    assert found - {"node", "deadline"} <= set(KINDS)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("sleep 10 m", "schlafe 10 m"),
        ("wait for paid", "warte auf paid"),
        ("sleep until", "schlafe bis"),
        ("until captured", "bis captured"),
        ("small-orders", "small-orders"),
    ],
)
def test_what_the_engine_calls_a_node_can_be_translated(
    label: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = {
        "sleep %s": "schlafe %s",
        "wait for %s": "warte auf %s",
        "sleep until": "schlafe bis",
        "until %s": "bis %s",
    }
    monkeypatch.setattr("django.utils.translation._trans.gettext", lambda text: german.get(text, text))
    assert labels.spoken(label) == words


def test_what_is_drawn_is_the_same_where_decimals_have_a_comma() -> None:
    record = {"words": "", "marks": [Mark("success", 4.7, 2.5, 17.5)]}
    with translation.override("de"):
        drawn = render_to_string("workflows/_strip.html", {"record": record})
    assert 'x="4.7" y="2.5" width="3.6" height="17.5"' in drawn


def test_the_axis_starts_at_zero_seconds() -> None:
    assert (clock(0), clock(2_000_000)) == ("0 s", "2 s")


def test_an_instant_of_today_is_a_time_of_day_and_another_one_has_its_date() -> None:
    now = timezone.now()
    assert f">{timezone.localtime(now):%H:%M:%S}<" in instant(now)
    assert ">2020-01-02 03:04<" in instant(datetime(2020, 1, 2, 3, 4, tzinfo=UTC))
    assert 'datetime="2020-01-02T03:04:00+00:00"' in instant(1_577_934_240_000_000)


def test_no_instant_is_a_dash() -> None:
    assert ">—<" in instant(None)


def test_browsers_get_milliseconds() -> None:
    assert milliseconds(1_500) == "1"
    assert milliseconds(datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)) == "2000"
    assert milliseconds(None) == ""


@pytest.mark.parametrize(("count", "words"), [(0, "0 B"), (1_134, "1.13 kB"), (4_194_304, "4.19 MB"), (None, "—")])
def test_sizes(count: int | None, words: str) -> None:
    assert size(count) == words


def test_every_status_has_a_glyph_in_the_sprite() -> None:
    sprite = SPRITE.read_text()
    for status in WORDS:
        name = str(glyph(status)).partition("#")[2].partition('"')[0]
        assert f'<symbol id="{name}"' in sprite


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = SPRITE.read_text()
    pages = (page.read_text() for page in TEMPLATES.rglob("*.html"))
    named = {name for page in pages for name in re.findall(r'{% icon "([^"]+)"', page)}
    assert {name for name in named if f'<symbol id="{name}"' not in sprite} == set()


def test_only_what_runs_turns() -> None:
    assert "spin" in glyph("running")
    assert "spin" not in glyph("success")


def test_a_kind_without_an_icon_of_its_own_gets_the_one_of_a_workflow() -> None:
    assert "#k-loop" in kind_icon("loop")
    assert "#workflow" in kind_icon("race")


def test_an_icons_name_cannot_leave_its_attribute() -> None:
    assert "<b>" not in icon('"><b>')


def test_the_favicon_carries_the_status_where_there_is_a_dot_for_it() -> None:
    assert favicon("failed").endswith("icons/favicon-failed.svg")
    assert favicon("tripwire").endswith("icons/favicon-failed.svg")
    assert favicon("canceled").endswith("icons/favicon.svg")


def test_a_page_without_a_selection_still_gets_query_strings() -> None:
    assert query("", step="a b", tab="") == "?step=a+b"


def test_shares_are_written_for_svg_in_every_locale() -> None:
    assert percent(12.5) == "12.500%"


@pytest.mark.parametrize(
    ("zone", "at", "said"),
    [
        ("Asia/Tokyo", "9999-12-31T23:59:59Z", "9999-12-31 23:59:59 UTC"),
        ("America/New_York", "0001-01-01T00:00:00Z", "1-01-01 00:00:00 UTC"),
    ],
)
def test_the_ends_of_time_are_said_where_the_zone_has_none(zone: str, at: str, said: str) -> None:
    with timezone.override(zone):
        assert said in instant(datetime.fromisoformat(at), True)


@pytest.mark.parametrize(
    ("run_id", "short"),
    [
        ("7f3a91c2-5b1e-4c7d-8a4e-2250000d62e4", "7f3a91c2"),
        ("invoice-42", "invoice-42"),
        ("sched_schedule_15d784c9-7862-41fb-b359-04f9f714cdbc_1796121000000", "…21000000"),
    ],
)
def test_a_run_is_told_from_others_by_what_is_left_of_its_id(run_id: str, short: str) -> None:
    assert short_id(run_id) == short
