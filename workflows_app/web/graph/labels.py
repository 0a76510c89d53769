"""The words on a graph: conditions and names, shortened to what fits and made readable."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy

from workflows_app.engine.nodes import Node
from workflows_app.engine.paths import last_id
from workflows_app.words import kind_word

CHIP = 60
AMBIGUOUS = gettext_lazy("a condition in code")
LABELS = {"sleep, computed": gettext_lazy("sleep, computed"), "sleep until": gettext_lazy("sleep until")}
BEGINNINGS = {
    "sleep ": gettext_lazy("sleep %s"),
    "wait for ": gettext_lazy("wait for %s"),
    "until ": gettext_lazy("until %s"),
    "while ": gettext_lazy("while %s"),
}
MADE_UP = re.compile(r"([a-z]+)_.+_\d+$")
FUNCTION = re.compile(r"(?:async )?def (\w+)\(.*")
LAMBDA = re.compile(r"(?P<before>.*?)\b(?P<head>lambda\b[^:]*:\s*)(?P<body>.+)")


def words_of(label: str | None) -> str | None:
    """Shorten the text of a condition to what fits a chip."""
    if label is None:
        return None
    if label.count("lambda") > 1:
        return str(AMBIGUOUS)  # the source of one lambda was read with that of its neighbours
    text = FUNCTION.sub(lambda found: found[1].replace("_", " "), " ".join(label.split()))
    if found := LAMBDA.match(text):
        before = found["before"] if found["before"].strip().isalpha() else ""
        text = before + _balanced(found["body"])
    return text if len(text) <= CHIP else f"{text[: CHIP - 1]}…"


def _balanced(text: str) -> str:
    """Cut an expression where the call around it goes on."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth < 0 or (depth == 0 and char == ","):
            return text[:at]
    return text


def name_of(node: Node, path: str) -> str:
    """Name a node by its id; one that was given none by what it does."""
    work = getattr(node, "role", node.kind)
    made_up = MADE_UP.match(node.id)
    unnamed = made_up is not None and work != "step" and made_up[1].startswith(work)
    if node.drawing == "group" or (node.drawing == "pill" and unnamed):
        return label_of(node)
    return kind_word(work) if unnamed and node.drawing == "node" else last_id(path)


def label_of(node: Node) -> str:
    """Say what a node does."""
    return spoken(words_of(node.label) or node.id)


def spoken(text: str) -> str:
    """Say a label of the engine, which knows one language only, in the reader's."""
    if text in LABELS:
        return str(LABELS[text])
    found = next((begin for begin in BEGINNINGS if text.startswith(begin)), None)
    return text if found is None else BEGINNINGS[found] % text[len(found) :]
