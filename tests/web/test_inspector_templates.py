from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string

from tests.web.test_flow import asking, done, failed, seq, started, step
from tests.web.test_inspector_view_model import look
from workflows_app.engine import events as e
from workflows_app.engine.nodes import Arm, Branch, ForEach, Loop, Node, Parallel, Sleep
from workflows_app.engine.schema import trusted
from workflows_app.web.inspector.page import Inspector

HOSTILE = "\"><img src=x onerror=alert(1)></script><script>alert(2)</script>{{ 7|add:7 }}' style='x"
FRAGMENTS = ("runs/_flow.html", "runs/_timeline.html", "runs/_panel.html")


class Page(HTMLParser):
    """The elements of a fragment, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.depth = 0
        self.roots = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.roots += self.depth == 0
        self.depth += tag not in ("input", "img", "br", "meta", "link")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1

    def paths(self, tag_class: str) -> list[str | None]:
        return [a.get("data-path") for _, a in self.elements if tag_class in (a.get("class") or "").split()]


def fragments(view: Inspector) -> dict[str, str]:
    return {name: render_to_string(name, {"view": view}) for name in FRAGMENTS}


def every_kind() -> Node:
    arms = (Arm(asking("large"), step("a")), Arm(asking("small"), seq(step("b"), step("b2"))))
    return seq(
        Branch(id="branch", arms=arms),
        Parallel(id="p", nodes=(step("c"), step("d"))),
        ForEach(id="fe", body=step("item")),
        Loop(id="l", body=step("poll"), condition=asking("paid"), until=True),
        Sleep(id="s", seconds=30),
    )


def hostile_run() -> Inspector:
    error = {"name": HOSTILE, "message": HOSTILE, "details": {HOSTILE: HOSTILE}}
    return look(
        seq(step("a", description=HOSTILE), Branch(id="b", arms=(Arm(asking(HOSTILE), step("x")),))),
        started("a", 0, value={HOSTILE: [HOSTILE]}),
        e.StepFailed(1, "a", 1, error),
        asked={"step": "a", "fold": HOSTILE, "tab": "error"},
    )


def test_a_fragment_has_one_root_with_its_name_as_id() -> None:
    for name, html in fragments(look(every_kind())).items():
        page = Page(html)
        assert page.roots == 1
        assert page.elements[0][1]["id"] == name.removeprefix("runs/_").removesuffix(".html")


def test_every_node_and_row_can_be_found_by_its_path() -> None:
    drawn = fragments(look(every_kind()))
    wanted = ["a", "b", "b2", "c", "d", "item", "poll", "s"]
    assert Page(drawn["runs/_flow.html"]).paths("node") == wanted
    rows = Page(drawn["runs/_timeline.html"]).paths("row")
    assert [path for path in rows if path] == wanted


def test_ids_are_unique() -> None:
    ids = [a["id"] for html in fragments(look(every_kind())).values() for _, a in Page(html).elements if "id" in a]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", FRAGMENTS)
def test_nothing_is_styled_or_scripted_inline(name: str) -> None:
    for tag, attributes in Page(fragments(look(every_kind(), started("a", 0)))[name]).elements:
        assert tag not in ("script", "style")
        assert not [key for key in attributes if key == "style" or key.startswith("on")]


@pytest.mark.parametrize("name", FRAGMENTS)
def test_hostile_data_is_only_ever_text(name: str) -> None:
    html = fragments(hostile_run())[name]
    page = Page(html)
    assert not [tag for tag, _ in page.elements if tag in ("img", "script")]
    assert not [a for _, a in page.elements if "style" in a or "onerror" in a]
    assert page.depth == 0


def test_the_selected_step_is_marked_in_both_panes() -> None:
    drawn = fragments(look(every_kind(), asked={"step": "c"}))
    nodes = Page(drawn["runs/_flow.html"]).elements
    assert [a["data-path"] for _, a in nodes if a.get("aria-current") == "true" and "data-path" in a] == ["c"]
    rows = Page(drawn["runs/_timeline.html"]).elements
    assert [a["data-path"] for _, a in rows if a.get("aria-selected") == "true"] == ["c"]


def test_links_select_a_step_and_forget_the_tab() -> None:
    html = fragments(look(every_kind(), asked={"step": "c", "tab": "events", "fold": "none"}))["runs/_flow.html"]
    links = [a["href"] for _, a in Page(html).elements if a.get("data-path") == "d"]
    assert links == ["?step=d&fold=none"]


def test_a_run_without_a_journal_yet_can_be_drawn() -> None:
    assert all(fragments(look(every_kind(), status="pending")).values())


def test_a_tried_again_step_says_how_often() -> None:
    view = look(
        seq(step("a")),
        started("a", 0),
        failed("a", 1, final=False, retry_at=2),
        started("a", 2, attempt=2),
        done("a", 3, attempt=2),
    )
    drawn = fragments(view)
    assert "2 tries" in drawn["runs/_flow.html"]
    assert "2 tries" in drawn["runs/_timeline.html"]


def test_the_question_of_a_waiting_step_is_told() -> None:
    payload = trusted({"order_total": "12.50", "flags": ["new"]})
    view = look(seq(step("a")), started("a", 0), e.StepSuspended(1, "a", 1, payload, title="Ship it?"))
    html = fragments(view)["runs/_panel.html"]
    assert "Ship it?" in html
    assert "Order total" in html
