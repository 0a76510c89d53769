"""Every kind of value has its control, and comes back from it as it was."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

import pytest
from pydantic import AnyUrl, AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, Json, JsonValue, SecretStr
from typing_extensions import TypedDict

from tests.web.form_models import Address, Call, Level, Link, Node, Size
from tests.web.form_page import draw, form_of, send
from workflows_app.web.forms import form_from_schema


class Sparse(TypedDict):
    text: NotRequired[str]
    number: NotRequired[int | None]
    flag: NotRequired[bool]
    rows: NotRequired[list[int]]
    address: NotRequired[Address]
    either: NotRequired[int | str]


class Cat(BaseModel):
    lives: int


class Dog(BaseModel):
    name: str


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int


class OpenCounts(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int
    __pydantic_extra__: dict[str, int]


class Weight(BaseModel):
    kilos: float
    price: Decimal


class Pair(NamedTuple):
    first: int
    last: str = "z"


Evidence = Annotated[Link | Call, Field(discriminator="kind")]
LONG = Annotated[str, Field(max_length=400)]

# A type, the kind of control it gets, and values that must come back.
KINDS: list[tuple[Any, str, list[object]]] = [
    (str, "input", ["plain", " spaces ", "", "two\nlines", "\nfirst", "ümläut ☃", "a&b<c>\"'"]),
    (LONG, "area", ["long\n\ntext", "", "\n"]),
    (str | None, "input", ["text", None, ""]),
    (Annotated[str, Field(json_schema_extra={"format": "email"})], "input", ["a@b.example"]),
    (AnyUrl, "input", ["https://example.org/a?b=c"]),
    (uuid.UUID, "input", ["8b9f5d3e-0d5c-4b6e-9a57-3f0c3a3d7c11"]),
    (datetime.date, "input", ["2026-11-24"]),
    (datetime.date | None, "input", ["2026-11-24", None]),
    (datetime.time, "input", ["10:11:12", "10:11:12.123456", "10:11:12Z"]),
    (
        datetime.datetime,
        "moment",
        ["2026-11-24T10:11:12Z", "2026-11-24T10:11:12.123456+05:30", "2026-11-24T10:11"],
    ),
    (AwareDatetime | None, "moment", ["2026-11-24T10:11:12-08:00", None]),
    (datetime.timedelta, "input", ["PT1H", "P1DT2H3M4S", "-P1D", "PT0.5S", "P2W", "PT90S", 1.5, 60]),
    (int, "input", [0, -5, 10**30]),
    (int | None, "input", [7, None]),
    (float, "input", [1.5, 3, -0.0, 1e-9, 1.7976931348623157e308]),
    (Decimal, "input", ["19.90", "1.5", "0.10000000000000000000001", 5, 1.5]),
    (bool, "switch", [True, False]),
    (bool | None, "choice", [True, False, None]),
    (Size, "choice", ["small", "large"]),
    (Level, "choice", [1, 2]),
    (Literal["a", 1, True, None], "choice", ["a", 1, True, None]),
    (Literal["a", "b", "c", "d", "e"], "select", ["a", "e"]),
    (Literal["", "filled"], "choice", ["", "filled"]),
    (Literal["only"], "const", ["only"]),
    (set[Size], "picks", [[], ["small"], ["small", "large"]]),
    (list[str], "chips", [[], ["a", "b"], [""], ["a,b", " "]]),
    (list[str], "list", [["a\nb"]]),
    (list[int], "chips", [[1, 2, 3]]),
    (list[int] | None, "optional", [None, [], [1]]),
    (list[bool], "list", [[True, False]]),
    (list[Address], "list", [[], [{"street": "A", "city": "B", "country": "DE"}]]),
    (list[list[int]], "list", [[[1], [], [2, 3]]]),
    (list[int | None], "list", [[1, None]]),
    (dict[str, str], "list", [{}, {"a": "b", "c.d~e": ""}]),
    (dict[str, int], "list", [{"a": 1}, {}]),
    (dict[str, list[Address]], "list", [{"x": [{"street": "A", "city": "B", "country": "DE"}], "y": []}]),
    (dict[str, dict[str, bool]], "list", [{"x": {"a": True, "b": False}}]),
    (dict[str, str | None], "list", [{"a": None, "b": "", "c": "x"}]),
    (dict[Size, int], "list", [{"small": 1}]),
    (dict[datetime.date, str], "list", [{"2026-11-24": "x"}]),
    (dict[Annotated[str, Field(pattern="^x")], int], "list", [{"x1": 1}]),
    (dict[str, Any], "area", [{"a": [1, None]}, {}]),
    (list[Any], "area", [[1, "a", None]]),
    (Open, "group", [{"a": 1}, {"a": 1, "x": [1], "y": {"z": None}}]),
    (OpenCounts, "group", [{"a": 1}, {"a": 1, "x": 2}]),
    (Pair, "group", [[1, "a"]]),
    (tuple[()], "const", [[]]),
    (type(None), "const", [None]),
    (bytes, "input", ["abc"]),
    (Base64Bytes, "input", ["aGVsbG8="]),
    (Json[list[int]], "area", ["[1,2]"]),
    (dict[str, str] | None, "optional", [None, {}, {"a": "b"}]),
    (tuple[int, str], "group", [[1, "a"], [2, ""]]),
    (tuple[int, str] | None, "optional", [None, [1, "a"]]),
    (tuple[int, ...], "chips", [[1, 2]]),
    (int | str, "union", [5, "5", "five", ""]),
    (float | str, "union", [1.5, "1.5", 5, "five", ""]),
    (str | float | None, "union", [1.5, "1.5", "five", None]),
    (Decimal | str, "union", [1.5, "1.5", "five"]),
    (int | str | None, "union", [5, "five", None]),
    (Cat | Dog, "union", [{"lives": 9}, {"name": "Rex"}]),
    (
        Evidence,
        "union",
        [{"kind": "link", "url": "x"}, {"kind": "call", "at": "2026-11-24T10:00:00Z", "minutes": 5}],
    ),
    (Evidence | None, "union", [None, {"kind": "link", "url": ""}]),
    (list[Evidence], "list", [[{"kind": "link", "url": "x"}, {"kind": "link", "url": "y"}]]),
    (Address | None, "optional", [None, {"street": "A", "city": "B", "country": "SE"}]),
    (Any, "area", [None, 1, "x", [1, {"a": None}]]),
    (JsonValue, "area", [None, 1, "x", [1, {"a": None}]]),
    (SecretStr, "input", []),
]


def _cases() -> list[Any]:
    return [
        pytest.param(shape, kind, value, id=f"{getattr(shape, '__name__', shape)}-{kind}-{value!r}"[:90])
        for shape, kind, values in KINDS
        for value in values
    ]


@pytest.mark.parametrize(("shape", "kind", "value"), _cases())
def test_a_field_gives_back_what_it_was_given(shape: Any, kind: str, value: object) -> None:
    class Holder(BaseModel):
        it: shape

    form = form_of(Holder).initial({"it": value})
    bound = send(form)

    assert not form.is_json
    assert form.controls[0].kind == (kind if kind != "input" or "\n" not in str(value) else "area")
    assert bound.errors == {}
    assert bound.is_valid()
    assert bound.value == {"it": value}
    assert str(bound.value) == str({"it": value})


@pytest.mark.parametrize(("shape", "kind", "value"), _cases())
def test_a_whole_value_needs_no_object_around_it(shape: Any, kind: str, value: object) -> None:
    bound = send(form_of(shape).initial(value))

    assert bound.errors == {}
    assert bound.value == value


@pytest.mark.parametrize(("shape", "kind"), [(shape, kind) for shape, kind, _values in KINDS])
def test_an_empty_form_can_be_drawn_and_sent(shape: Any, kind: str) -> None:
    class Holder(BaseModel):
        it: shape

    form = form_of(Holder)

    assert 'id="form"' in draw(form).html
    send(form)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"text": ""},
        {"text": "x", "number": None},
        {"number": 5, "flag": False},
        {"rows": []},
        {"rows": [1], "flag": True},
        {"address": {"street": "A", "city": "B", "country": "SE"}},
        {"either": "x"},
    ],
)
def test_left_out_is_not_null_and_not_empty(value: dict[str, object]) -> None:
    bound = send(form_of(Sparse).initial(value))

    assert bound.value == value


def test_defaults_are_shown_and_sent() -> None:
    class Order(BaseModel):
        size: Size = Size.LARGE
        count: int = 3
        note: str = "hello"
        tags: list[str] = ["a"]
        gift: bool = True

    bound = send(form_of(Order))

    assert bound.value == {"size": "large", "count": 3, "note": "hello", "tags": ["a"], "gift": True}


def test_an_emptied_text_is_empty_and_an_emptied_number_takes_its_default() -> None:
    class Order(BaseModel):
        note: str = "hello"
        count: int = 3

    bound = send(form_of(Order), {"note": "", "count": ""})

    assert bound.value == {"note": ""}


@pytest.mark.parametrize(
    ("typed", "taken"),
    [("12,5", 12.5), ("-,5", -0.5), ("0,125", 0.125), ("2480,50", 2480.5), ("12345,678", 12345.678), ("7", 7)],
)
def test_a_decimal_may_have_the_comma_of_the_persons_keyboard(typed: str, taken: float) -> None:
    bound = send(form_of(Weight), {"kilos": typed, "price": typed})
    assert not bound.errors
    weight = Weight.model_validate(bound.value)
    assert (weight.kilos, weight.price) == (taken, Decimal(str(taken)))


@pytest.mark.parametrize("typed", ["1,234", "12,345", "1,234,567", "1,2.3", "1,2,3", ","])
def test_a_comma_that_may_stand_between_thousands_is_not_guessed_at(typed: str) -> None:
    assert "Write a number" in send(form_of(Weight), {"kilos": typed, "price": "1"}).errors["kilos"]


def test_a_switch_that_was_not_on_the_page_is_left_out() -> None:
    class Order(BaseModel):
        gift: bool = True

    form = form_of(Order)

    assert form.bind({}).value == {}
    assert form.bind({"gift.__set": ["1"]}).value == {"gift": False}


def test_labels_are_the_words_of_the_property_not_of_its_type() -> None:
    class Order(BaseModel):
        ship_to_address: Address
        size: Size
        amount: int = Field(title="Amount to Hold", description="In cents")

    page = draw(form_of(Order))

    assert "Ship to address *" not in page.text
    assert "Ship to address" in page.text
    assert "Size *" in page.text
    assert "Amount to Hold *" in page.text
    assert page.find(id="f-amount")["aria-describedby"] == "f-amount-help f-amount-error"
    assert page.find(id="f-amount-help")


def test_examples_units_and_bounds_are_shown() -> None:
    class Order(BaseModel):
        amount: Decimal = Field(ge=0, le=2480, examples=["100"], json_schema_extra={"x-unit": "EUR"})

    page = draw(form_of(Order))

    assert page.find(id="f-amount")["placeholder"] == "100"
    assert "EUR" in page.text
    assert "0 to 2480" in page.text


@pytest.mark.parametrize(
    ("most", "words"),
    [(1_234_567_890_123, "1234567890123"), (2**53 + 1, "9007199254740993"), (10**400, "1E+400"), (0.25, "0.25")],
)
def test_a_bound_is_said_as_it_is_meant(most: float, words: str) -> None:
    schema = {"type": "number", "maximum": most}

    assert f"at most {words}" in draw(form_from_schema(schema, validate=lambda value: [])).text


def test_a_set_comes_back_in_the_order_of_its_answers() -> None:
    form = form_of(set[Size]).initial(["large", "small"])

    assert not form.is_json
    assert send(form).value == ["small", "large"]


def test_a_duration_may_be_written_in_words() -> None:
    bound = send(form_of(datetime.timedelta), {"value": "1 h 30 min"})

    assert bound.is_valid()
    assert bound.value == "PT1H30M"
    assert send(form_of(datetime.timedelta), {"value": "90"}).errors == {
        "value": "Say the unit: 90 s, 90 m, 90 h or 90 d."
    }


def test_a_duration_in_seconds_may_be_written_over() -> None:
    form = form_of(datetime.timedelta).initial(5)

    assert send(form, {"value": "7 s"}).value == 7
    assert send(form, {"value": "05 s"}).value == "PT05S"


def test_a_duration_is_shown_in_words() -> None:
    for value, words in {"PT1H30M": "1 h 30 m", "P2DT0.5S": "2 d 0.5 s", "-P1D": "-P1D", 90: "90 s"}.items():
        assert draw(form_of(datetime.timedelta).initial(value)).sent["value"] == [words]


def test_a_recursive_model_opens_four_times_and_then_takes_json() -> None:
    value = {"name": "1", "children": [{"name": "2", "children": [{"name": "3", "children": []}]}]}
    deep = {"name": "0", "children": [{"name": "0", "children": [value]}]}

    assert send(form_of(Node).initial(value)).value == value
    form = form_of(Node).initial(deep)
    assert send(form).value == deep
    assert '"name": "3"' in "".join(send(form).post.texts.values())


def test_an_unknown_schema_is_json_for_its_part_alone() -> None:
    schema = {
        "type": "object",
        "properties": {
            "known": {"type": "string"},
            "odd": {"type": "object", "patternProperties": {"^x": {"type": "integer"}, "^y": {"type": "string"}}},
            "not": {"not": {"type": "string"}},
            "lost": {"$ref": "#/$defs/Nowhere"},
        },
    }
    form = form_from_schema(schema, validate=lambda value: [])

    assert [control.kind for control in form.controls] == ["input", "area", "area", "area"]
    assert send(form, {"odd": '{"x1": 1}'}).value == {"odd": {"x1": 1}}


def test_an_empty_schema_is_one_json_text() -> None:
    form = form_from_schema({}, validate=lambda value: [])

    assert [control.kind for control in form.controls] == ["area"]
    assert not form.has_modes
    assert send(form, {"value": '{"a": [1]}'}).value == {"a": [1]}
    assert send(form).value is None


@pytest.mark.parametrize("schema", [{}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}}])
def test_a_value_that_is_no_object_has_a_label(schema: dict[str, object]) -> None:
    titles = [form_from_schema(shown, validate=lambda value: []).controls[0].title for shown in named(schema)]

    assert titles == ["Value", "Amount"]


def named(schema: dict[str, object]) -> tuple[dict[str, object], ...]:
    return schema, {**schema, "title": "Amount"}


def test_two_forms_on_a_page_are_kept_apart_by_their_prefix() -> None:
    form = form_of(Address, prefix="resume").initial({"street": "A", "city": "B"})
    page = draw(form)

    assert page.find(id="form-resume")
    assert set(page.sent) >= {"resume.street", "resume.__mode"}
    assert form.bind({**page.sent, "street": ["other"]}).value == {
        "street": "A",
        "city": "B",
        "country": "SE",
    }


def test_a_model_without_fields_asks_for_nothing() -> None:
    class Nothing(BaseModel):
        model_config = {"extra": "forbid"}

    form = form_of(Nothing)

    assert "Nothing needs to be filled in." in draw(form).text
    assert send(form).value == {}
