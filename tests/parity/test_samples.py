"""The sample workflows: each does its work on real input, and says what is wrong with bad input."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from studio import workflows as offered
from workflows_app import Engine, InvalidInput, InvalidResumeData

ALL = {workflow.id: workflow for workflow in offered.workflows}
CLEAN_LINE = {"spent_on": "2025-03-10", "description": "Train", "amount": "40.00"}
CSV_HEAD = "name,email,phone\n"
A_GO = {"decision": "go", "name": "Ada"}


def play(workflow_id: str, input_data: Any, *answers: dict[str, Any]) -> Any:
    """Run a sample to its end or to the first question without an answer."""

    async def scenario(run: Any) -> Any:
        result = await run.start(input_data=input_data)
        for answer in answers:
            assert result.status == "suspended", result.error
            result = await run.resume(**answer)
        return result

    return with_run(workflow_id, scenario)


def with_run(workflow_id: str, scenario: Callable[[Any], Awaitable[Any]]) -> Any:
    """Make a run on an engine in memory, and see how a scenario with it ends."""

    async def engine_and_scenario() -> Any:
        engine = Engine(workflows=[workflow.copy() for workflow in offered.workflows])
        try:
            run = await engine.get_workflow(workflow_id).create_run()
            return await asyncio.wait_for(scenario(run), 30)
        finally:
            await engine.close()

    return asyncio.run(engine_and_scenario())


def data(**answer: Any) -> dict[str, Any]:
    return {"resume_data": answer}


def spend(*amounts: str, **more: Any) -> dict[str, Any]:
    """Fill in an expense report with a line for each amount, each on a day of its own."""
    days = (f"2025-03-{day:02}" for day in range(1, 31))
    return {
        "lines": [
            {**CLEAN_LINE, "amount": amount, "spent_on": day, **more}
            for amount, day in zip(amounts, days, strict=False)
        ]
    }


# What every sample owes its reader


@pytest.mark.parametrize("workflow_id", ALL)
def test_every_sample_says_what_it_does_and_what_it_wants(workflow_id: str) -> None:
    workflow = ALL[workflow_id]
    assert workflow.description and workflow.description.endswith(".")
    assert workflow.input_schema.json_schema()["type"] == "object"
    assert workflow.output_schema.json_schema()["type"] == "object"


@pytest.mark.parametrize("workflow_id", ALL)
def test_every_sample_runs_with_what_its_form_is_filled_with(workflow_id: str) -> None:
    given = {"seconds": 0} if workflow_id == "reminder" else {}
    result = play(workflow_id, given)
    assert result.status in ("success", "suspended"), result.error


@pytest.mark.parametrize(
    ("workflow_id", "bad", "path"),
    [
        ("test-workflow", {"message": ""}, "message"),
        ("expense-approval", {"lines": []}, "lines"),
        ("expense-approval", spend("0"), "lines.0.amount"),
        ("expense-approval", spend("1.234"), "lines.0.amount"),
        ("expense-approval", {"currency": "XYZ"}, "currency"),
        ("expense-approval", {"pay_to": {"kind": "bank_transfer", "iban": "12"}}, "pay_to.bank_transfer.iban"),
        ("expense-approval", {"pay_to": {"kind": "cash"}}, "pay_to"),
        ("import-contacts", {"csv_text": ""}, "csv_text"),
        ("release-checklist", {"version": "two"}, "version"),
        ("text-report", {"title": ""}, "title"),
        ("answer-from-text", {"question": "?"}, "question"),
        ("reminder", {"seconds": -1}, "seconds"),
        ("flaky-fetch", {"document": "secrets"}, "document"),
    ],
)
def test_bad_input_is_refused_at_its_field(workflow_id: str, bad: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        play(workflow_id, bad)
    assert [error["path"] for error in refused.value.errors] == [path]


# test-workflow, word-statistics, text-report


def test_the_greeting_is_shouted() -> None:
    assert play("test-workflow", {"message": "Good morning"}).result == {"emphasized": "GOOD MORNING!!!"}


def test_a_text_is_counted_and_measured() -> None:
    report = play("text-report", {"title": "Two", "text": "It's red. The sky isn't red!"}).result
    assert report["statistics"] == {
        "words": 6,
        "sentences": 2,
        "different": 5,
        "frequent": [
            {"word": "red", "times": 2},
            {"word": "it's", "times": 1},
            {"word": "the", "times": 1},
            {"word": "sky", "times": 1},
            {"word": "isn't", "times": 1},
        ],
        "longest": "isn't",
        "letters_per_word": 3.5,
        "words_per_sentence": 3.0,
    }
    assert report["summary"].startswith("“Two” has 6 words in 2 sentences. Its longest word is “isn't”.")


@pytest.mark.parametrize("text", ["1 2 3 …", "   ", "!"])
def test_a_text_without_words_is_reported_too(text: str) -> None:
    statistics = play("text-report", {"text": text}).result["statistics"]
    assert (statistics["words"], statistics["longest"], statistics["frequent"]) == (0, "", [])


# answer-from-text

CLOSES = "On Saturdays it closes at two, on Sundays it stays shut."


def test_a_question_is_answered_by_the_sentence_that_has_its_words() -> None:
    assert play("answer-from-text", {}).result == {"answer": CLOSES, "quotes": [CLOSES], "by_person": False}


@pytest.mark.parametrize("question", ["Who paints boats?", "Is it?"])
def test_a_question_that_the_text_does_not_answer_goes_to_a_person(question: str) -> None:
    asked = play("answer-from-text", {"question": question})
    assert asked.suspend_payload == {"read": {"question": question}}
    answered = play("answer-from-text", {"question": question}, data(answer="Ask Ms Aalto."))
    assert answered.result == {"answer": "Ask Ms Aalto.", "quotes": [], "by_person": True}


def test_a_guard_stops_a_text_with_a_card_number() -> None:
    stopped = play("answer-from-text", {"text": "Pay with 4111 1111 1111 1111."})
    assert (stopped.status, stopped.steps["read"].status) == ("tripwire", "failed")
    assert "card number" in stopped.tripwire["reason"]
    called = {"text": "Call 4111 1111 1111 1112 on Saturdays.", "question": "Whom may I call?"}
    assert play("answer-from-text", called).status == "success"


# reminder, flaky-fetch


def test_the_reminder_comes_after_the_time_that_was_asked_for() -> None:
    result = play("reminder", {"message": "Tea", "seconds": 1})
    assert result.result["reminder"] == "Remember: Tea"
    slept = result.steps["remind"].started_at - result.steps["take-note"].ended_at
    assert slept.total_seconds() >= 1


def test_a_fetch_that_fails_is_tried_again() -> None:
    result = play("flaky-fetch", {"document": "overseas-rates", "failures": 1, "amount": "10"})
    assert result.result == {"converted": {"AUD": "16.50", "JPY": "1635.00", "USD": "10.90"}, "tries": 2}
    assert result.steps["fetch-document"].retry_count == 1


def test_a_page_that_is_not_there_is_asked_for_once() -> None:
    result = play("flaky-fetch", {"document": "lost-page"})
    assert result.status == "failed"
    assert "has no lost-page" in result.error["message"]
    assert result.steps["fetch-document"].retry_count == 0


# expense-approval


def test_a_small_clean_report_is_paid_without_a_question() -> None:
    card = {"kind": "company_card", "last_digits": "4242"}
    record = play("expense-approval", {**spend("40.00", "60.00"), "pay_to": card}).result
    assert record["pay_to"] == card
    assert (record["decision"], record["decided_by"], record["approved"]) == ("approve", "policy", "100.00")
    assert record["payment"]["state"] == "captured"
    assert record["payment"]["polls"] == 2


def test_a_huge_report_is_refused_and_nothing_is_paid() -> None:
    result = play("expense-approval", spend("20000", "0.01"))
    assert (result.result["decision"], result.result["decided_by"]) == ("reject", "policy")
    assert result.result["payment"] is None
    assert result.steps["pay-out"].status == "skipped"


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        ({"lines": [CLEAN_LINE, CLEAN_LINE]}, "40.00 for travel on 2025-03-10 stands there 2 times."),
        (spend("301.00", category="meals"), "Meals come to 301.00; the limit is 300."),
        (spend("25.00", has_receipt=False), "“Train” has no receipt."),
    ],
)
def test_what_a_check_finds_is_put_before_the_manager(report: dict[str, Any], problem: str) -> None:
    result = play("expense-approval", {"employee": "Grace", **report})
    asked = result.suspend_payload["ask-manager"]
    assert (asked["employee"], asked["found"]) == ("Grace", problem)
    assert asked["remark"] == "Asked for the first time."


def test_a_manager_may_approve_a_part() -> None:
    record = play("expense-approval", spend("900"), data(decision="approve", amount="600", note="the rest is private"))
    assert (record.result["approved"], record.result["claimed"]) == ("600", "900")
    assert record.result["note"] == "the rest is private"
    assert record.result["payment"]["polls"] == 4


def test_a_manager_who_names_no_amount_approves_all() -> None:
    assert play("expense-approval", spend("150.50"), data(decision="approve")).result["approved"] == "150.50"


def test_a_report_that_is_held_is_asked_about_again() -> None:
    held = play("expense-approval", spend("900"), data(decision="hold", note="ask Bob"))
    assert held.suspend_payload["ask-manager"]["remark"] == "On hold: ask Bob"
    answers = data(decision="hold"), data(decision="reject", note="Bob said no")
    record = play("expense-approval", spend("900"), *answers).result
    assert (record["decision"], record["approved"], record["note"]) == ("reject", "0", "Bob said no")
    assert (record["decided_by"], record["payment"]) == ("manager", None)


def test_more_than_was_claimed_cannot_be_approved() -> None:
    result = play("expense-approval", spend("900"), data(decision="approve", amount="900.01"))
    assert result.status == "suspended"
    assert result.suspend_payload["ask-manager"]["remark"] == "900.01 is more than was asked for."


@pytest.mark.parametrize("bad", [{"decision": "maybe"}, {"amount": "-1"}, {"amount": "0.001"}, {"note": "x" * 501}])
def test_a_decision_that_makes_no_sense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidResumeData):
        play("expense-approval", spend("900"), data(**bad))


# import-contacts


def test_good_rows_are_imported_without_a_question() -> None:
    text = f"{CSV_HEAD}Ada,ada@example.org,\nGrace,grace@navy.example,+1 555 0100\n"
    summary = play("import-contacts", {"csv_text": text}).result
    assert (summary["imported"], summary["dropped_lines"]) == (2, [])
    assert summary["domains"] == {"example.org": 1, "navy.example": 1}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffname,email,phone\r\nAda,ada@example.org,\r\n",
        "Email;Phone;Name\nada@example.org;;Ada\n\n",
        "name, email ,phone,team\n Ada ,ada@example.org,,Engines",
        "name,email,phone\nAda,ada@example.org",
    ],
)
def test_csv_is_read_as_people_paste_it(text: str) -> None:
    contact = play("import-contacts", {"csv_text": text}).result["contacts"][0]
    assert contact == {"line": 2, "name": "Ada", "email": "ada@example.org", "phone": ""}


def test_a_list_without_rows_imports_nothing() -> None:
    assert play("import-contacts", {"csv_text": CSV_HEAD}).result["imported"] == 0


def test_a_list_without_its_columns_says_which_are_missing() -> None:
    result = play("import-contacts", {"csv_text": "name,street\nAda,Main Street"})
    assert result.status == "failed"
    assert result.error["message"] == "The first line lacks the columns: email, phone."


def test_bad_rows_are_put_before_a_person_with_their_reasons() -> None:
    result = play("import-contacts", {"csv_text": f"{CSV_HEAD},ada,x\nGrace,,\nMary,mary@example.org,"})
    asked = result.suspend_payload["settle-bad-rows"]
    assert asked["reasons"] == [
        "Line 2: the name is missing, 'ada' is not an e-mail address, 'x' is not a phone number.",
        "Line 3: the e-mail is missing.",
    ]


def test_a_correction_is_checked_like_any_other_row_and_the_rest_is_asked_about_again() -> None:
    text = f"{CSV_HEAD}Ada,ada,\nGrace,grace,\nMary,mary@example.org,"
    fix_ada = {"line": 2, "name": "Ada", "email": "ada@example.org"}
    still_bad = {"line": 3, "name": "Grace", "email": "grace@navy"}
    first = data(decision="fix", corrections=[fix_ada, still_bad])
    asked = play("import-contacts", {"csv_text": text}, first).suspend_payload["settle-bad-rows"]
    assert asked["reasons"] == ["Line 3: 'grace@navy' is not an e-mail address."]
    result = play("import-contacts", {"csv_text": text}, first, data(decision="drop"))
    assert [contact["name"] for contact in result.result["contacts"]] == ["Ada", "Mary"]
    assert result.result["dropped_lines"] == [3]
    assert result.steps["settle-bad-rows"].metadata["iteration_count"] == 2


# release-checklist


def test_both_sign_offs_wait_at_the_same_time_and_the_items_one_by_one() -> None:
    async def scenario(run: Any) -> None:
        result = await run.start(input_data={})
        assert result.suspended == [["security-sign-off"], ["product-sign-off"]]
        result = await run.resume(step="product-sign-off", resume_data=A_GO)
        assert result.suspended == [["security-sign-off"]]
        result = await run.resume(resume_data=A_GO)
        assert result.suspended == [["review-item", 1, "ask-reviewer"]]
        result = await run.resume(resume_data={"decision": "done"})
        assert result.suspended == [["review-item", 2, "ask-reviewer"]]
        result = await run.resume(resume_data={"decision": "not_needed"})
        assert (result.result["released"], result.result["objections"]) == (True, [])
        decisions = [item["decision"] for item in result.result["reviewed"]]
        assert decisions == ["done", "done", "not_needed"]

    with_run("release-checklist", scenario)


def test_an_objection_and_an_open_item_hold_the_release_back() -> None:
    outcome = play(
        "release-checklist",
        {"items": [{"title": "Notes"}]},
        {"step": "security-sign-off", **data(decision="no_go", name="Grace", note="one hole is open")},
        {"step": "product-sign-off", **data(**A_GO)},
        data(decision="not_done"),
    ).result
    assert outcome["objections"] == ["Grace objects: one hole is open", "Notes: not done"]
    assert outcome["released"] is False


def test_a_sign_off_needs_a_name() -> None:
    with pytest.raises(InvalidResumeData):
        play("release-checklist", {}, {"step": "security-sign-off", **data(decision="go")})
