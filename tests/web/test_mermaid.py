"""A workflow's graph as Mermaid text."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from django.test import Client

from workflows_app import create_step, create_workflow
from workflows_app.engine.workflow import Workflow
from workflows_app.web.graph.mermaid import as_mermaid

WORD = r'"[^"<>`]*"'
NODE = re.compile(rf"\s+(\w+)(\[{WORD}\]|\(\[{WORD}\]\)|\[\[{WORD}\]\]|\(\({WORD}\)\))")
ARROW = re.compile(rf"  (\w+) (?:-->|-\.->)(?:\|{WORD}\|)? (\w+)")
BOX = re.compile(rf"\s+subgraph g\d+\[{WORD}\]")


def work(ctx: Any) -> Any:
    return ctx.input_data


def all_workflows() -> list[Workflow]:
    modules = ("studio.workflows", "tests.workflows.wire", "tests.workflows.rich", "tests.workflows.asking")
    found = [import_module(name).workflows for name in modules]
    return [one for some in found for one in (some.values() if isinstance(some, dict) else some)]


@pytest.mark.parametrize("workflow", all_workflows(), ids=lambda workflow: workflow.id)
def test_every_line_is_of_the_language_and_every_node_is_reached(workflow: Workflow) -> None:
    head, *lines = as_mermaid(workflow.commit()).splitlines()
    assert head == "flowchart LR"
    nodes = [found[1] for line in lines if (found := NODE.fullmatch(line))]
    arrows = [found.groups() for line in lines if (found := ARROW.fullmatch(line))]
    boxes = sum(bool(BOX.fullmatch(line)) for line in lines)
    ends = sum(line.strip() == "end" for line in lines)
    assert len(nodes) + len(arrows) + boxes + ends == len(lines)
    assert boxes == ends
    assert {to for _, to in arrows} == set(nodes) - {"start"}
    assert {of for of, _ in arrows} == set(nodes) - {"done"}


def test_what_an_author_writes_cannot_break_the_text() -> None:
    step = create_step(id='a"<script>`end', execute=work)
    text = as_mermaid(create_workflow(id="odd").then(step).commit())
    assert 'n1["a#quot;#lt;script#gt;#96;end"]' in text


@pytest.mark.usefixtures("studio")
def test_the_workflow_page_has_it(client: Client) -> None:
    page = client.get("/workflows/order/").content.decode()
    assert 'data-copy="mermaid"' in page
    assert "n1 --&gt; n2" in page
