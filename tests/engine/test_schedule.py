"""Schedules of a workflow: the forms they may be written in, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.short import echo
from workflows_app import Schedule, Workflow, clone_workflow, create_workflow
from workflows_app.errors import DefinitionError


class Amount(BaseModel):
    n: int


def scheduled(schedule: Any, **options: Any) -> Workflow:
    return create_workflow(id="w", schedule=schedule, **options).then(echo("a")).commit()


def test_a_schedule_is_written_in_any_of_its_forms() -> None:
    whole = Schedule(cron="0 9 * * *", input_data={"n": 1})
    assert scheduled("0 9 * * *").schedules == (Schedule("0 9 * * *"),)
    assert scheduled({"cron": "0 9 * * *", "input_data": {"n": 1}}).schedules == (whole,)
    assert scheduled({"cron": "0 9 * * *", "inputData": {"n": 1}}).schedules == (whole,)
    assert scheduled([whole, Schedule("@daily", id="b")]).schedules == (whole, Schedule("@daily", id="b"))
    assert scheduled(None).schedules == ()


def test_a_clone_has_the_schedules_too() -> None:
    assert clone_workflow(scheduled("@daily"), id="v").schedules == (Schedule("@daily"),)


def test_values_are_kept_as_json_and_durations_as_seconds() -> None:
    schedule = Schedule("@daily", input_data=Amount(n=1), initial_state={"k": (1,)}, jitter=timedelta(minutes=1))
    assert (schedule.input_data, schedule.initial_state, schedule.jitter) == ({"n": 1}, {"k": [1]}, 60.0)


WRONG: list[Any] = [
    5, {"cron": "nonsense"}, {"input_data": 1}, {"cron": "@daily", "when": 1}, ["@daily", "@hourly"], [5],
    *({"cron": "@daily", "timezone": zone} for zone in ("Mars/Olympus", "", 5, "../etc")),
    {"cron": "@daily", "overlap": "x"}, {"cron": "@daily", "catch_up": "x"}, {"cron": "@daily", "jitter": -1},
    {"cron": "@daily", "id": 5}, {"cron": "@daily", "input_data": object()}, {"cron": "@daily", "request_context": 5},
]  # fmt: skip


@pytest.mark.parametrize("schedule", WRONG)
def test_what_cannot_be_is_refused_at_the_definition(schedule: Any) -> None:
    with pytest.raises(DefinitionError):
        create_workflow(id="w", schedule=schedule)


def test_what_the_schemas_do_not_take_is_refused_at_the_definition() -> None:
    fits = Schedule("@daily", input_data={"n": 1}, initial_state={"n": 1}, request_context={"n": 1})
    schemas = {"input_schema": Amount, "state_schema": Amount, "request_context_schema": Amount}
    assert scheduled(fits, **schemas).schedules == (fits,)
    for name in ("input_data", "initial_state", "request_context"):
        given = {"input_data": {"n": 1}, "initial_state": {"n": 1}, "request_context": {"n": 1}, name: {"n": "x"}}
        with pytest.raises(DefinitionError, match=f"an {name} that does not fit: n: "):
            scheduled({"cron": "@daily", **given}, **schemas)
    with pytest.raises(DefinitionError, match="does not fit: value: Input should"):
        scheduled("@daily", input_schema=Amount)
    assert scheduled("@daily", input_schema=Amount, validate_inputs=False).schedules


def test_the_next_time_is_told_on_the_clocks_of_its_zone() -> None:
    schedule = Schedule("30 9 * * mon", timezone="Europe/Berlin")
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    instant = int(moment.timestamp() * 1_000_000) + 123
    found = schedule.after(instant)
    assert found is not None
    assert datetime.fromtimestamp(found / 1_000_000, UTC) == datetime(2026, 7, 6, 7, 30, tzinfo=UTC)
    assert Schedule("0 0 30 2 *").after(instant) is None
