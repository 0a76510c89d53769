"""Every error stands at its field, with what was typed still there."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, AnyUrl, BaseModel, ConfigDict, Field, create_model, model_validator

from tests.web.form_models import Address, Call, Everything, Line, Link
from tests.web.form_page import draw, form_of, send
from workflows_app.web.forms import form_from_schema

EVERYTHING = {
    "decision": "approve",
    "amount": "19.90",
    "evidence": {"kind": "call", "at": "2026-11-24T10:00:00Z", "minutes": 5},
    "lines": [{"sku": "ABC-1", "qty": 2}, {"sku": "ABC-2", "qty": 1}],
    "address": {"street": "A", "city": "B", "country": "SE"},
    "tree": {"name": "root", "children": [{"name": "leaf", "children": []}]},
    "mail": {"address": "a@b.example"},
}


@pytest.mark.parametrize(
    ("name", "typed", "message"),
    [
        ("amount", "2600", "less than or equal to 2480"),
        ("amount", "many", "valid decimal"),
        ("ship_on", "24.11.2026", "valid date"),
        ("note", "x" * 401, "at most 400"),
        ("lines.1.sku", "abc", "match pattern"),
        ("lines.1.qty", "two", "Write a whole number"),
        ("lines.0.qty", "0", "greater than or equal to 1"),
        ("evidence.~1.minutes", "91", "less than or equal to 90"),
        ("evidence.~1.minutes", "5.5", "Write a whole number"),
        ("evidence.~1.at", "", "Field required"),
        ("evidence.~1.at.__zone", "Mars", ""),
        ("address.street", "", "Field required"),
        ("reference", "not-a-uuid", "valid UUID"),
        ("wait", "a while", "valid timedelta"),
        ("pair.0", "", "valid integer"),
        ("meta", '{"a": }', "line 1, column 7"),
        ("meta", "[1]", "valid dictionary"),
        ("decision", "perhaps", "Choose one of the answers"),
        ("tree.children.0.name", "", "Field required"),
    ],
)
def test_the_error_is_at_the_field_and_the_text_stays(name: str, typed: str, message: str) -> None:
    bound = send(form_of(Everything).initial(EVERYTHING), {name: typed})
    field = name.removesuffix(".__zone")
    page = draw(bound)

    assert not bound.is_valid()
    assert list(bound.errors) == [field]
    assert message in bound.errors[field]
    assert bound.post.text(name) == typed
    assert [fault.name for fault in bound.summary] == [field]
    if name not in ("decision",):
        assert page.sent[name] == [typed]
        marked = page.find(id=f"f-{field}")
        assert marked["aria-invalid"] == "true"
        assert f"f-{field}-error" in str(marked["aria-describedby"]).split()
    assert page.find(id=f"f-{field}-error")
    assert page.find(href=f"#f-{field}")


def test_the_summary_takes_the_focus_and_links_to_the_fields_in_order() -> None:
    bound = send(form_of(Everything).initial(EVERYTHING), {"lines.1.sku": "x", "amount": "-1"})
    page = draw(bound)
    summary = page.find(role="alert")

    assert summary["tabindex"] == "-1"
    assert "autofocus" in summary
    assert [(fault.label, fault.href) for fault in bound.summary] == [
        ("Amount", "#f-amount"),
        ("Lines 2 · Sku", "#f-lines.1.sku"),
    ]
    assert "2 answers need another look" in page.text


def test_an_error_finds_its_row_after_rows_before_it_are_gone() -> None:
    class Order(BaseModel):
        lines: list[Line]

    bound = form_of(Order).bind({"lines.3.sku": ["ABC-1"], "lines.3.qty": ["1"], "lines.7.sku": ["bad"]})

    assert bound.value == {"lines": [{"sku": "ABC-1", "qty": 1}, {"sku": "bad"}]}
    assert list(bound.errors) == ["lines.7.sku"]


def test_an_error_of_a_draft_chip_is_at_the_list() -> None:
    class Order(BaseModel):
        sizes: list[int]

    form = form_of(Order).initial({"sizes": [1]})

    assert list(send(form, {"sizes.__new": "two"}).errors) == ["sizes"]
    assert send(form, {"sizes.__new": "2"}).value == {"sizes": [1, 2]}
    assert list(send(form, {"sizes.0": "x"}).errors) == ["sizes.0"]


def test_of_a_plain_union_only_the_chosen_shape_complains() -> None:
    class Small(BaseModel):
        width: int = Field(lt=10)

    class Named(BaseModel):
        name: str = Field(min_length=3)

    class Order(BaseModel):
        box: Small | Named
        code: Annotated[int, Field(gt=5)] | Literal["none"]
        days: list[int] | datetime.date

    sent = {"box.__alt": ["1"], "box.~1.name": ["x"], "code.__alt": ["0"], "code.~0": ["1"]}
    bound = form_of(Order).bind({**sent, "days.__alt": ["0"], "days.~0.0": ["1"], "days.~0.1": ["x"]})

    assert bound.errors == {
        "box.~1.name": "String should have at least 3 characters",
        "code.~0": "Input should be greater than 5",
        "days.~0.1": "Write a whole number, such as 12.",
    }


def test_errors_of_a_whole_object_stand_at_the_object_or_the_form() -> None:
    class Span(BaseModel):
        first: int
        last: int

        @model_validator(mode="after")
        def in_order(self) -> Span:
            if self.first > self.last:
                raise ValueError("first comes after last")
            return self

    class Plan(BaseModel):
        span: Span

    inner = send(form_of(Plan).initial({"span": {"first": 1, "last": 2}}), {"span.first": "3"})
    whole = send(form_of(Span).initial({"first": 1, "last": 2}), {"first": "3"})

    assert inner.errors == {"span": "Value error, first comes after last"}
    assert draw(inner).find(id="f-span")["tabindex"] == "-1"
    assert [fault.message for fault in whole.summary] == ["Value error, first comes after last"]
    assert "first comes after last" in draw(whole).text


def test_an_error_inside_a_json_text_says_where() -> None:
    class Order(BaseModel):
        counts: list[Any] = []
        names: Annotated[dict[str, Any], AfterValidator(without_dots)] = {}

    bound = send(form_of(Order), {"counts": "{}", "names": '{"a.b": 1}'})

    assert list(bound.errors) == ["counts", "names"]


def without_dots(value: dict[str, Any]) -> dict[str, Any]:
    assert not any("." in key for key in value)
    return value


def test_an_error_of_a_pair_is_at_its_row() -> None:
    class Order(BaseModel):
        labels: dict[Annotated[str, Field(max_length=3)], Annotated[str, Field(max_length=3)]]
        counts: dict[str, int] = {}

    form = form_of(Order).initial({"labels": {"a": "x", "b.c": "y"}, "counts": {"z": 1}})
    twice = "Give each row a name of its own."

    assert list(send(form, {"labels.1.__value": "long"}).errors) == ["labels.1.__value"]
    assert list(send(form, {"labels.1.__key": "long"}).errors) == ["labels.1.__key"]
    assert send(form, {"labels.1.__key": "a"}).errors == {"labels.1.__key": twice}
    assert send(form, {"labels.1.__key": ""}).errors == {"labels.1.__key": twice}
    assert [fault.label for fault in send(form, {"labels.1.__key": ""}).summary] == ["Labels 2 · Name"]
    assert send(form, {"counts.0.__value": ""}).errors == {"counts.0.__value": "Fill this in, or take the row away."}
    assert send(form, {"counts.0.__key": "", "counts.0.__value": ""}).is_valid()


def test_an_error_of_a_pair_without_a_name_is_not_at_the_empty_row_below_it() -> None:
    class Order(BaseModel):
        lines: dict[Annotated[str, Field(min_length=1)], Line]

    form = form_of(Order).initial({"lines": {"a": {"sku": "ABC-1", "qty": 2}, "b": {"sku": "ABC-2", "qty": 1}}})
    nothing = {"lines.1.__key": "", "lines.1.__value.sku": "", "lines.1.__value.qty": "1"}
    bound = send(form, {"lines.0.__key": "", "lines.0.__value.sku": "no", **nothing})

    assert sorted(bound.errors) == ["lines.0.__key", "lines.0.__value.sku"]


def test_what_cannot_be_read_is_told_in_a_row_without_a_name() -> None:
    class Order(BaseModel):
        counts: dict[str, int] = {}

    form = form_of(Order).initial({"counts": {"z": 1}})
    bound = send(form, {"counts.0.__key": "", "counts.0.__value": "many"})

    assert sorted(bound.errors) == ["counts.0.__key", "counts.0.__value"]


def test_a_key_that_has_a_field_of_its_own_is_told() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

        a: int

    bound = send(form_of(Open), {"a": "1", "__more": '{"a": 2}'})

    assert bound.errors == {"__more": "a has a field of its own."}
    assert draw(bound).find(href="#f-__more")


def test_a_default_of_nothing_for_what_cannot_be_nothing_is_left_out() -> None:
    loose = create_model("Loose", name=(str, None), flag=(bool, None))

    assert send(form_of(loose)).value == {}
    assert send(form_of(loose), {"name": "x", "flag": "true"}).value == {"name": "x", "flag": True}


def test_an_answer_that_no_choice_offers_is_refused() -> None:
    class Order(BaseModel):
        evidence: Annotated[Link | Call, Field(discriminator="kind")]
        size: Literal["s", "m"]

    bound = form_of(Order).bind({"evidence.__alt": ["9"], "size": ["xl"]})

    assert bound.errors == dict.fromkeys(("evidence", "size"), "Choose one of the answers offered.")


def test_an_error_of_a_field_that_is_switched_off_is_at_its_switch() -> None:
    class Order(BaseModel):
        address: Address | None = None

    schema = {"type": "object", "properties": {"address": form_schema(Order)}}
    form = form_from_schema(schema, validate=lambda value: [{"path": "address", "message": "Missing"}])
    bound = send(form)

    assert bound.errors == {"address": "Missing"}
    assert "Missing" in draw(bound).text


def test_an_error_names_no_function_of_the_validator() -> None:
    class Order(BaseModel):
        place: AnyUrl | int

    bound = send(form_of(Order), {"place.__alt": "0", "place.~0": "nowhere"})

    assert bound.errors == {"place.~0": "Input should be a valid URL, relative URL without a base"}


def test_an_error_without_a_field_is_in_the_summary() -> None:
    form = form_from_schema(
        {"type": "object", "properties": {"a": {"type": "string"}}},
        validate=lambda value: [
            {"path": "nowhere.1", "message": "Not known"},
            {"path": "", "message": "Closed"},
        ],
    )

    assert [fault.message for fault in send(form).summary] == ["nowhere.1: Not known"]


def test_a_decimal_keeps_every_digit() -> None:
    bound = send(form_of(Decimal), {"value": "0.1000000000000000055511151231257827"})

    assert bound.value == "0.1000000000000000055511151231257827"


def form_schema(model: type[BaseModel]) -> object:
    """Give the schema of an object that may be left out."""
    return {**model.model_json_schema()["$defs"]["Address"], "title": model.__name__}
