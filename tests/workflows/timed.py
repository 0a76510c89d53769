"""Workflows that start by themselves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, SecretStr

from workflows_app import Schedule, create_step, create_workflow


class Report(BaseModel):
    region: str
    token: SecretStr = SecretStr("")


def write(ctx: Any) -> Any:
    return {"region": ctx.input_data["region"]}


def tick(ctx: Any) -> Any:
    return ctx.input_data


report = (
    create_workflow(
        id="report",
        description="Writes a report.",
        input_schema=Report,
        schedule=[
            Schedule("0 9 * * mon-fri", id="morning", timezone="Europe/Berlin", input_data={"region": "north"}),
            Schedule("0 0 1 * *", id="monthly", input_data={"region": "south"}, overlap="skip"),
        ],
    )
    .then(create_step(id="write", execute=write))
    .commit()
)
seconds = (
    create_workflow(id="seconds", schedule=Schedule("* * * * * *", catch_up="all"))
    .then(create_step(id="tick", execute=tick))
    .commit()
)
unscheduled = create_workflow(id="unscheduled").then(create_step(id="tick", execute=tick)).commit()

workflows = [report, seconds, unscheduled]
