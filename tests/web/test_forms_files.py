"""Files are taken into the value, kept while the form goes back and forth, and never too large."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from pydantic import Base64Bytes, BaseModel, Field

from tests.web.form_page import draw, form_of, send

AS_URL = "data:application/pdf;name=Bill%207.pdf;base64,JVBERi0="


class Claim(BaseModel):
    title: str = Field(min_length=1)
    bill: str = Field(
        json_schema_extra={"format": "data-url", "contentMediaType": "application/pdf", "x-max-bytes": 10}
    )


def upload(name: str = "bill.__file", content: bytes = b"%PDF-", kind: str = "application/pdf") -> Any:
    return {name: SimpleUploadedFile("Bill 7.pdf", content, kind)}


def test_a_file_becomes_part_of_the_value() -> None:
    form = form_of(Claim)
    bound = form.bind({"title": "x"}, upload())

    assert bound.value == {"title": "x", "bill": AS_URL}
    assert bound.is_valid()
    assert form.encoding == "multipart/form-data"
    assert draw(form).find(type="file")["accept"] == "application/pdf"


def test_a_file_stays_when_something_else_is_wrong() -> None:
    first = form_of(Claim).bind({"title": ""}, upload())
    page = draw(first)

    assert list(first.errors) == ["title"]
    assert "Bill 7.pdf, 5 B" in page.text
    assert send(first, {"title": "x"}).value == {"title": "x", "bill": AS_URL}


def test_another_file_takes_the_place_of_the_one_that_is_there() -> None:
    form = form_of(Claim).initial({"title": "x", "bill": AS_URL})
    sent = draw(form).sent

    assert not form.is_json
    assert form.bind(sent, upload(content=b"new")).value == {
        "title": "x",
        "bill": AS_URL.replace("JVBERi0=", "bmV3"),
    }


def test_a_file_can_be_taken_away() -> None:
    bound = send(form_of(Claim).initial({"title": "x", "bill": AS_URL}), press={"__remove": "bill"})

    assert "Bill 7.pdf" not in draw(bound).text
    assert list(send(bound).errors) == ["bill"]


def test_a_file_that_is_too_large_is_told_at_its_field() -> None:
    bound = form_of(Claim).bind({"title": "x"}, upload(content=b"x" * 11))

    assert bound.errors == {"bill": "This file has 11 B; at most 10 B are taken."}
    assert "at most 10 B" in draw(form_of(Claim)).text


def test_a_kind_that_is_none_is_only_bytes() -> None:
    bound = form_of(Claim).bind({"title": "x"}, upload(kind='text/html;"><script>'))

    assert str(bound.value).count("data:application/octet-stream;name=") == 1


def test_base64_may_come_from_a_file() -> None:
    class Holder(BaseModel):
        data: Base64Bytes = Field(json_schema_extra={"x-widget": "file"})

    form = form_of(Holder)
    bound = form.bind({}, upload("data.__file", b"\x00\xff"))

    assert bound.value == {"data": b64encode(b"\x00\xff").decode()}
    assert send(form.initial(bound.value)).value == bound.value


def test_files_stand_in_rows() -> None:
    class Folder(BaseModel):
        files: list[str] = Field(json_schema_extra={"items": {"type": "string", "format": "data-url"}})

    form = form_of(Folder)
    more = send(form, press={"__add": "files"})

    assert form.encoding == "multipart/form-data"
    assert draw(more).find(name="files.0.__file")
    assert more.bind(draw(more).sent, upload("files.0.__file")).value == {"files": [AS_URL]}


def test_a_form_without_files_is_sent_as_ever() -> None:
    class Holder(BaseModel):
        name: str

    assert form_of(Holder).encoding == "application/x-www-form-urlencoded"
