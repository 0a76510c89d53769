"""Nothing that a schema, a value or a POST holds is more than text, and nothing of it raises."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from tests.web.form_models import Everything
from tests.web.form_page import draw, form_of, send
from workflows_app.web.forms import form_from_schema

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><script>alert(1)</script>",
    "</template><b onclick=x>",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "javascript:alert(1)",
    "' onfocus='alert(1)",
    "&lt;b&gt;&amp;",
    "\u202egnp.exe",
    "a.b~c__d%2E[0]",
    "__proto__",
    "__set",
    "~1",
    "",
    " ",
]
SAFE_TAGS = {
    *(
        "div",
        "button",
        "input",
        "span",
        "label",
        "fieldset",
        "legend",
        "small",
        "ol",
        "ul",
        "li",
        "svg",
        "use",
    ),
    *("textarea", "select", "option", "a", "b", "p", "template"),
}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_of_a_schema_are_only_text(text: str) -> None:
    part = {"title": text, "description": text, "default": text, "examples": [text], "x-unit": text}
    schema = {
        "type": "object",
        "title": text,
        "properties": {
            text: {"type": "string", **part},
            "number": {"type": "number", "title": text, "x-unit": text, "description": text},
            "choice": {"enum": [text, "other"], **part},
            "many": {"type": "array", "items": {"enum": [text, "b", "c", "d", "e"]}, "title": text},
            "chips": {"type": "array", "items": {"type": "string"}, "title": text},
            "odd": {"type": text, "title": text},
            "one": {"anyOf": [{"type": "integer", "title": text}, {"type": "boolean", "title": text}]},
            "group": {"type": "object", "properties": {text: {"type": "string"}}, **part},
        },
    }
    bound = send(form_from_schema(schema, validate=lambda value: [{"path": "choice", "message": text}]))
    page = draw(bound)

    assert {tag for tag, _given in page.elements} <= SAFE_TAGS
    assert not [key for _tag, given in page.elements for key in given if key.startswith("on") or key == "style"]
    assert all((given.get("href") or "#").startswith(("#", "/")) for _tag, given in page.elements)
    assert bound.value == {**_as_dict(bound.value), text: text}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_come_back_as_they_were(text: str) -> None:
    class Holder(BaseModel):
        word: str
        long: str = Field(max_length=500)
        words: list[str]
        pairs: dict[str, str]
        data: dict[str, object]

    value = {"word": text, "long": text, "words": [text], "pairs": {text: text}, "data": {text: [text]}}
    form = form_of(Holder).initial(value)

    assert send(form).value == value
    assert {tag for tag, _given in draw(form).elements} <= SAFE_TAGS


def test_ids_have_no_spaces_whatever_the_property_is_called() -> None:
    schema = {"type": "object", "properties": {"a b\tc.d ~e": {"type": "string", "description": "x"}}}
    page = draw(form_from_schema(schema, validate=lambda value: []))

    assert all(" " not in (given.get("id") or "") for _tag, given in page.elements)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
        {"$ref": "#"},
        {"$ref": "https://example.org/x.json"},
        {"type": "array", "items": {"$ref": "#"}},
        {"type": "object", "properties": {f"p{n}": {"$ref": "#"} for n in range(9)}},
        {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(900)}},
        {"type": "object", "properties": {"a": True, "b": None, "c": 5, "d": []}},
        {"type": "object", "properties": []},
        {
            "type": "object",
            "properties": {"a": {"type": "string", "title": 5, "maxLength": "x"}},
            "required": 1,
        },
        {"type": ["string", "integer", "null"]},
        {"type": "array", "prefixItems": [1, None], "minItems": -1, "maxItems": 2},
        {"anyOf": []},
        {"anyOf": [{}]},
        {"oneOf": [{"type": "integer"}] * 40},
        {"enum": []},
        {"enum": [{"a": 1}, [2], 1.5, True, None]},
        {"const": {"a": ["\ud800"]}, "title": "\ud800"},
        {"type": "string", "title": "\ud800", "examples": ["\ud800"], "default": "\ud800"},
        {"type": "integer", "minimum": "x", "maximum": True, "default": "not a number"},
        {"type": "integer", "minimum": -(10**400), "maximum": 10**400, "multipleOf": 10**400},
        {"type": "object", "properties": {"a": {"type": "string", "x-order": 10**400}}},
        {"allOf": [{"$ref": "#"}]},
        {"type": "object", "additionalProperties": {"$ref": "#"}},
    ],
)
def test_any_schema_makes_a_form_that_can_be_drawn_and_sent(schema: dict[str, Any]) -> None:
    form = form_from_schema(schema, validate=lambda value: [])

    draw(send(form)).html.encode()


def test_too_many_fields_are_refused() -> None:
    posted = {f"lines.{n}.sku": ["ABC-1"] for n in range(501)}
    bound = form_of(Everything).bind(posted)

    assert not bound.is_valid()
    assert "more than 500 fields" in bound.summary[0].message
    assert "more than 500 fields" in draw(bound).text


def test_too_deep_names_are_refused() -> None:
    bound = form_of(Everything).bind({"tree" + ".children.0" * 5 + ".name": ["x"]})

    assert not bound.is_valid()
    assert "more than 8 levels" in bound.summary[0].message


def test_a_number_that_no_machine_holds_is_an_error_at_its_field() -> None:
    class Holder(BaseModel):
        whole: int
        real: float

    bound = form_of(Holder).bind({"whole": ["9" * 10_000], "real": ["1e999"]})

    assert set(bound.errors) == {"whole", "real"}


def test_a_text_that_cannot_be_kept_is_an_error_at_its_field() -> None:
    bound = form_of(str).bind({"value": ["a\0b"]})

    assert "cannot be kept" in bound.errors["value"]


def test_a_querydict_is_taken_and_the_last_of_several_texts_counts() -> None:
    bound = form_of(str).bind(QueryDict("value=a&value=b&csrfmiddlewaretoken=x"))

    assert bound.value == "b"


NAMES = st.sampled_from(
    [
        *("decision", "amount", "tags", "tags.0", "tags.__new", "tags.__set", "lines", "lines.0", "lines.x"),
        *("lines.999999.sku", "lines.00.sku", "evidence", "evidence.__alt", "evidence.~1", "evidence.~9.x"),
        *("evidence.~1.at", "evidence.~1.at.__zone", "address.__on", "address", "labels.0.__key", "labels.0"),
        *("labels.0.__value", "meta", "pair", "pair.0", "pair.7", "tree.__on", "tree.children.0", "__mode"),
        *("__json", "__add", "__remove", "__show", "anything.__alt", "anything.~0", "notify", "", ".", "..a"),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["json", "form", "lines", "tags", "labels", "lines.0", "0", "1", "{}", "[]", "null", "ABC-1"]),
)


@settings(max_examples=150)
@given(posted=st.dictionaries(NAMES, st.lists(TEXTS, max_size=2), max_size=12))
def test_any_post_is_answered_by_a_form(posted: dict[str, list[str]]) -> None:
    bound = form_of(Everything).bind(posted)

    draw(bound).html.encode("utf-8", "surrogatepass")
    assert bound.is_valid() == (not bound.errors and not bound.is_edit)


def _as_dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
