"""Every text of the studio can be translated: neither pages nor the code behind them hold one that is not looked up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from tests.web.studio import orders
from workflows_app.approvals.gather import catch_up
from workflows_app.words import IN_SCRIPTS, WORDS

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
WEB = ROOT / "workflows_app" / "web"
# What programs and collectors read, what is code itself, and the run that is made up for the gallery.
FOR_PROGRAMS = {
    WEB / "metrics.py",
    WEB / "workflows" / "snippets.py",
    WEB / "inspector" / "gallery.py",
    *(WEB / "api").rglob("*.py"),
}
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
MODULES = sorted({*WEB.rglob("*.py"), ROOT / "workflows_app" / "words.py"} - FOR_PROGRAMS)
PAGES = sorted(TEMPLATES.rglob("*.html"))
MAILS = sorted(TEMPLATES.rglob("*.txt"))
SAID = ("alt", "aria-description", "aria-label", "aria-valuetext", "label", "placeholder", "title")
# What is typed, called or sent stays as it is in every language.
AS_IT_IS = ("code", "kbd", "pre", "script", "style")
VOID = ("br", "hr", "img", "input", "link", "meta", "use", "wbr")

LOOKED_UP = re.compile(r"\{% blocktranslate\b.*?%\}.*?\{% endblocktranslate %\}", re.DOTALL)
REMARK = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# What a filter puts in the place of a value, and a text that is handed to a part.
FILLED_IN = re.compile(r'\|(?:add|default|default_if_none|join|yesno):"([^"]*)"')
HANDED_ON = re.compile(r'\b(?:title|label|name|nothing|words)="([^"]*)"')
COUNTED = re.compile(r"\|pluralize\b")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
WORD = re.compile(r"[^\W\d_]")


class Page(HTMLParser):
    """Collects what a reader meets: texts between the tags, and attributes that are read out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attrs if name in SAID]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attrs if name in SAID]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if set(self.open) & set(AS_IT_IS):
            return
        # A part can hold nothing but attributes, for the element that includes it.
        self.texts += [value for name, value in ATTRIBUTE.findall(data) if name in SAID]
        self.texts.append(ATTRIBUTE.sub("", data))


def spoken(tag: re.Match[str]) -> str:
    """Leave of a template tag the texts that it shows."""
    if COUNTED.search(tag[0]):
        return "pluralize"
    if tag[0].startswith("{% include"):
        return " ".join(HANDED_ON.findall(tag[0]))
    return " ".join(FILLED_IN.findall(tag[0])) if tag[0].startswith("{{") else ""


def untranslated(source: str) -> Iterator[str]:
    page = Page()
    page.feed(TAG.sub(spoken, LOOKED_UP.sub("", REMARK.sub("", source))))
    page.close()
    for text in page.texts:
        if WORD.search(text):
            yield " ".join(text.split())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_page_looks_up_every_text_it_shows(path: Path) -> None:
    assert list(untranslated(path.read_text())) == []


@pytest.mark.parametrize("path", MAILS, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_mail_looks_up_every_text_it_says(path: Path) -> None:
    assert list(untranslated(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        '<p title="Hello">{{ name }}</p>',
        '<p>{{ name|default:"nobody" }}</p>',
        '{% include "a.html" with title="Hello" %}',
        "<p>{% blocktranslate %}One{% endblocktranslate %} step{{ n|pluralize }}</p>",
        '{% if a %} aria-label="Hello"{% endif %}',
    ],
)
def test_what_is_not_looked_up_is_found(source: str) -> None:
    assert list(untranslated(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "<p>{% translate 'Hello' %} {{ name }}, 12</p>",
        "<p>{# Hello #}<code>manage.py</code></p>",
        "<p title=\"{% translate 'Hello' %}\" data-fold=\"{{ folds|yesno:'on,off' }}\"></p>",
        '{% include "a.html" with title=_("Hello") %}',
    ],
)
def test_what_is_looked_up_passes(source: str) -> None:
    assert list(untranslated(source)) == []


LOOKS_UP = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
# They say the same as the engine does, whose words go over the wire; and pydantic's are recognized by patterns.
AS_THE_ENGINE = {"RunNotFound", "WorkflowNotFound", "UnknownStep", "_saying"}
SENTENCE = re.compile(r"[A-Z][a-z']+,? [a-z]{2,}\b(?!=).*|.*[a-z]+ [a-z]{2,}.*\.")
"""How a text for people looks: it begins like a sentence, or ends like one."""


def unspoken(tree: ast.Module) -> Iterator[str]:
    """Yield the sentences in the code that are neither looked up nor remarks."""
    passed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in LOOKS_UP | AS_THE_ENGINE:
            passed |= {part for given in node.args for part in ast.walk(given)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and node not in passed else None
        if isinstance(text, str) and SENTENCE.fullmatch(text):
            yield text


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_looks_up_every_sentence_it_says(path: Path) -> None:
    assert list(unspoken(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""Say it."""\nwords = _("It is kept.")', []),
        ('messages.success(request, "It is kept.")', ["It is kept."]),
        ('messages.success(request, f"The role {name} is made.")', ["The role ", " is made."]),
        ('words = f"{name} is changed."', [" is changed."]),
    ],
)
def test_a_sentence_in_code_is_found(source: str, found: list[str]) -> None:
    assert list(unspoken(ast.parse(source))) == found


def test_scripts_say_what_the_server_can_look_up() -> None:
    said = {text for path in SCRIPTS for text in re.findall(r'inWords\("([^"]+)"', path.read_text())}
    assert said == {*WORDS.values(), *IN_SCRIPTS}


QUOTED = re.compile(r'(?<![:/])//.*|"([^"\n]*)"')


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_looks_up_every_sentence_it_says(path: Path) -> None:
    said = {text for text in QUOTED.findall(path.read_text()) if SENTENCE.fullmatch(text)}
    assert said <= {*WORDS.values(), *IN_SCRIPTS}


CLASS = re.compile(r'\bclass="([^"]*)"')


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("address", ["/", "/approvals/", "/runs/{run}/", "/workflows/order/run/"])
def test_what_styles_and_scripts_go_by_is_the_same_in_every_language(
    client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = address.format(run=orders())
    # Else the badge might come between the two looks.
    catch_up()
    before = CLASS.findall(client.get(address).content.decode())
    monkeypatch.setattr("django.utils.translation._trans.gettext", lambda text: f"«{text}»")
    assert CLASS.findall(client.get(address).content.decode()) == before


@pytest.mark.usefixtures("studio")
def test_a_language_that_is_written_from_the_right_turns_the_page(client: Client) -> None:
    assert " dir=" not in client.get("/settings/").content.decode()
    with translation.override("ar"):
        assert '<html lang="ar" dir="rtl"' in client.get("/settings/").content.decode()


@pytest.mark.usefixtures("studio")
def test_a_page_hands_scripts_the_words_of_its_language(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "data-words" not in client.get("/settings/").content.decode()
    monkeypatch.setattr("workflows_app.words._", lambda text: {"Live": 'En "direct"'}.get(text, text))
    page = client.get("/settings/").content.decode()
    assert 'data-words="{&quot;Live&quot;: &quot;En \\&quot;direct\\&quot;&quot;}"' in page
