"""The log: one line or one JSON object per record, stamped with its run, and nothing in it can be forged."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest

from studio import settings
from workflows_app import StepContext, create_step, create_workflow
from workflows_app.engine.secrets import Knowing, LogFilter
from workflows_app.logs import JsonFormatter, LineFormatter, RunFilter, logger, tell

FORGED = "no\n2026-01-01 00:00:00,000 ERROR workflows: forged\x1b[2J\u2028"
THERE = logging.getLogger("shop")


@pytest.fixture(params=[LineFormatter, JsonFormatter])
def written(request: Any) -> Iterator[io.StringIO]:
    """Collect what both loggers write, down to DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request.param())
    handler.addFilter(RunFilter())
    loggers = (logger, THERE)
    before = [one.level for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.DEBUG)
    yield stream
    for one, level in zip(loggers, before, strict=True):
        one.removeHandler(handler)
        one.setLevel(level)


def lines(written: io.StringIO) -> list[str]:
    return written.getvalue().splitlines()


async def shop(input_data: Any = None) -> None:
    async def sell(ctx: StepContext) -> str:
        THERE.info("sold %s", "one")
        await asyncio.to_thread(THERE.info, "packed")
        return "secret-output"

    workflow = create_workflow(id="shop").then(create_step(id="sell", execute=sell)).commit()
    run = await workflow.create_run(run_id="r-1")
    run.engine.turns.bells.append(tell)
    await run.start(input_data=input_data)


def test_every_record_of_a_steps_work_names_its_run_and_try(written: io.StringIO) -> None:
    asyncio.run(shop())
    about = [line for line in lines(written) if "sold one" in line or "packed" in line]
    assert len(about) == 2
    for line in about:
        if line.startswith("{"):
            said = json.loads(line)
            assert (said["logger"], said["level"]) == ("shop", "info")
            assert [said[name] for name in ("run_id", "workflow_id", "step", "attempt")] == ["r-1", "shop", "sell", 1]
        else:
            assert line.endswith("[run_id=r-1 workflow_id=shop step=sell attempt=1]")


def test_a_record_outside_of_a_run_names_none(written: io.StringIO) -> None:
    THERE.info("opened")
    assert "run_id" not in written.getvalue()


def test_runs_are_told_of_at_info_and_steps_at_debug_without_their_values(written: io.StringIO) -> None:
    asyncio.run(shop({"card": "secret-input"}))
    told = written.getvalue()
    assert "secret" not in told
    for words in ("run started", "step started", "step succeeded", "run finished: success after 0."):
        assert words in told
    logger.setLevel(logging.INFO)
    written.truncate(0)
    asyncio.run(shop())
    assert "run started" in written.getvalue()
    assert "step started" not in written.getvalue()
    logger.setLevel(logging.WARNING)
    written.truncate(0)
    asyncio.run(shop())
    assert "run started" not in written.getvalue()


def test_a_message_cannot_forge_a_line(written: io.StringIO) -> None:
    THERE.warning("said %s", FORGED, extra={"run_id": FORGED})
    assert len(lines(written)) == 1
    assert "\x1b" not in written.getvalue()


def test_an_exception_cannot_forge_a_line(written: io.StringIO) -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        THERE.exception("failed", stack_info=True, extra={"run_id": "r-1"})
    first, *rest = lines(written)
    assert "ValueError" in written.getvalue()
    assert "\x1b" not in written.getvalue()
    if first.startswith("{"):
        assert not rest
        assert json.loads(first)["exception"].endswith(FORGED)
        assert "test_logs.py" in json.loads(first)["stack"]
    else:
        assert rest
        assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_a_secret_that_a_step_knows_is_in_no_line_and_no_traceback(formatter: logging.Formatter) -> None:
    record = logging.LogRecord(
        "shop",
        logging.ERROR,
        "here",
        1,
        "failed with %s",
        ("hunter22",),
        (ValueError, ValueError(f"hunter22 {FORGED}"), None),
    )
    with Knowing() as known:
        known.add("hunter22")
        LogFilter().filter(record)
    written = formatter.format(record)
    assert "hunter22" not in written
    assert "ValueError: " in written
    assert {line[:4] for line in written.splitlines()[1:]} <= {"    "}


def test_half_a_character_is_written_escaped(written: io.StringIO) -> None:
    THERE.warning("half \ud800 of one")
    assert len(lines(written)) == 1


def test_the_settings_are_a_configuration_that_logging_takes(capsys: pytest.CaptureFixture[str]) -> None:
    configuration = {**settings.LOGGING, "root": {}, "loggers": {"shop.till": settings.LOGGING["root"]}}
    logging.config.dictConfig({**configuration, "incremental": False})
    logging.getLogger("shop.till").warning("open")
    assert capsys.readouterr().err.rstrip().endswith("WARNING shop.till: open")
    logging.getLogger("shop.till").handlers.clear()
