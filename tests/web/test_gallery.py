"""The gallery: what the inspector can look like, for those who change it."""

from __future__ import annotations

from typing import Any

from django.test import Client

from workflows_app.engine import nodes
from workflows_app.web.inspector.gallery import every_kind, pictures
from workflows_app.words import WORDS

KINDS = {
    "sequence", "step", "parallel", "branch", "when", "loop", "foreach", "nested", "sleep", "event", "deadline",
}  # fmt: skip


def test_it_is_there_for_developers_only(settings: Any, client: Client, db: None) -> None:
    assert client.get("/__gallery__/").status_code == 404
    settings.DEBUG = True
    page = client.get("/__gallery__/")
    assert page.status_code == 200
    assert page.content.count(b"card definition") == len(WORDS) + 1


def test_every_kind_is_in_every_status() -> None:
    shown = dict(pictures())
    assert {node.kind for node in shown["pending"].flow.walk()} == KINDS
    for status in WORDS:
        for node in shown[status].flow.walk():
            # A step that awaits an event suspends, and waits for no person.
            wanted = "waiting" if (status, node.kind) == ("suspended", "event") else status
            assert (node.kind, node.status) == (node.kind, wanted)
    assert {node.status for node in shown["mixed"].flow.walk()} == set(WORDS)


def test_no_kind_that_authors_can_write_is_missing() -> None:
    drawn = {node.kind for _, picture in pictures()[:1] for node in picture.flow.walk()}
    known = {one.kind for one in vars(nodes).values() if isinstance(one, type) and issubclass(one, nodes.Node)}
    assert known - drawn == {"node"}
    assert {"map", "tool"} <= {getattr(node, "role", "") for node in every_kind().places.values()}
