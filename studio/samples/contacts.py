"""A list and a person: every row is checked by itself, and somebody decides about those that are wrong.

A correction may be wrong too, so the person is asked again, in a loop, until nothing is left to decide.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
from typing import Any, Literal

from pydantic import BaseModel, Field

from workflows_app import StepContext, create_workflow, step

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
PHONE = re.compile(r"\+?[\d ()/-]{5,20}")
COLUMNS = ("name", "email", "phone")

EXAMPLE = """name,email,phone
Ada Lovelace,ada@example.org,+44 20 7946 0018
Grace Hopper,grace.example.org,
,alan@example.org,020 7946 0000
Katherine Johnson,katherine@example.org,call me
Mary Jackson,mary@example.org,
"""


class Upload(BaseModel):
    csv_text: str = Field(
        default=EXAMPLE,
        title="Contacts as CSV",
        min_length=1,
        max_length=50_000,
        description="The first line names the columns: name, email, phone. Commas and semicolons both work.",
        json_schema_extra={"x-widget": "textarea"},
    )


class Contact(BaseModel):
    line: int = Field(ge=1, description="Number of the line in the pasted text.")
    name: str = ""
    email: str = Field(default="", title="E-mail")
    phone: str = ""


class Row(BaseModel):
    """A contact, and what is wrong with it."""

    contact: Contact
    problems: list[str] = []


class Table(BaseModel):
    good: list[Contact]
    bad: list[Row]
    dropped: list[int] = []


class Question(BaseModel):
    reasons: list[str]


class Answer(BaseModel):
    decision: Literal["fix", "drop"] = Field(
        default="fix",
        description="Fix: use the corrections below. Drop: leave out every bad row not corrected below.",
    )
    corrections: list[Contact] = Field(
        default=[],
        max_length=200,
        title="Correction",
        description="The whole row as it should be; its line says which bad one it replaces.",
    )


class Summary(BaseModel):
    imported: int
    dropped_lines: list[int]
    domains: dict[str, int]
    contacts: list[Contact]


@step
async def parse_rows(data: Upload) -> list[Contact]:
    """Read the pasted text as CSV."""
    text = data.csv_text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
    columns = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise ValueError(f"The first line lacks the columns: {', '.join(missing)}.")
    return [
        Contact(
            line=reader.line_num,
            **{key: value.strip() for key, value in zip(columns, cells, strict=False) if key in COLUMNS},
        )
        for cells in reader
        if any(cells)
    ]


@step
async def check_row(data: Contact) -> Row:
    """Look for what is wrong with one row."""
    await asyncio.sleep(0.2)
    return judge(data)


def judge(contact: Contact) -> Row:
    problems = []
    if not contact.name:
        problems.append("the name is missing")
    if not ADDRESS.fullmatch(contact.email):
        problems.append(f"{contact.email!r} is not an e-mail address" if contact.email else "the e-mail is missing")
    if contact.phone and not PHONE.fullmatch(contact.phone):
        problems.append(f"{contact.phone!r} is not a phone number")
    return Row(contact=contact, problems=problems)


@step
async def sort_rows(data: list[Row]) -> Table:
    """Part the good rows from the bad ones."""
    return Table(good=[row.contact for row in data if not row.problems], bad=[row for row in data if row.problems])


@step(suspend_schema=Question, resume_schema=Answer, output_schema=Table)
async def settle_bad_rows(data: Table, ctx: StepContext) -> Any:
    """Let a person fix or drop the bad rows."""
    if not data.bad:
        return data
    if ctx.resume_data is None:
        title = f"Rows that need your eye: {len(data.bad)}"
        return await ctx.suspend(ask_about(data.bad), title=title, proposal=as_they_are(data.bad))
    return settled(data, ctx.resume_data)


def ask_about(bad: list[Row]) -> Question:
    return Question(reasons=[f"Line {row.contact.line}: {', '.join(row.problems)}." for row in bad])


def as_they_are(bad: list[Row]) -> dict[str, list[Contact]]:
    """Give the rows to begin with, so that a person only mends what is wrong in them."""
    return {"corrections": [row.contact for row in bad]}


def settled(table: Table, answer: Answer) -> Table:
    """Put the corrections in, and check them like any other row."""
    corrections = {contact.line: contact for contact in answer.corrections}
    rows = [judge(corrections.get(row.contact.line, row.contact)) for row in table.bad]
    bad = [row for row in rows if row.problems]
    dropped = [row.contact.line for row in bad] if answer.decision == "drop" else []
    return Table(
        good=table.good + [row.contact for row in rows if not row.problems],
        bad=[row for row in bad if row.contact.line not in dropped],
        dropped=table.dropped + dropped,
    )


def every_row_is_settled(ctx: StepContext) -> bool:
    """every row is settled"""
    return not ctx.input_data["bad"]


@step
async def summarise(data: Table) -> Summary:
    """Count what was imported."""
    contacts = sorted(data.good, key=lambda contact: contact.line)
    domains = [contact.email.partition("@")[2].lower() for contact in contacts]
    return Summary(
        imported=len(contacts),
        dropped_lines=sorted(data.dropped),
        domains={domain: domains.count(domain) for domain in sorted(set(domains))},
        contacts=contacts,
    )


import_contacts = (
    create_workflow(
        id="import-contacts",
        description="Reads contacts from pasted CSV, checks every row, and asks a person about the bad ones.",
        input_schema=Upload,
        output_schema=Summary,
    )
    .then(parse_rows)
    .foreach(check_row, concurrency=4)
    .then(sort_rows)
    .dountil(settle_bad_rows, every_row_is_settled)
    .then(summarise)
    .commit()
)
