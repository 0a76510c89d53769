"""Secrets over a crash, in a studio of its own: programs send them, the process dies, the run goes on with them."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tests.process import StudioProcess
from tests.workflows.confidential import CANARY, CRASHED, given
from workflows_app.engine.secrets import MASK

Start = Callable[..., StudioProcess]
MODULE = "tests.workflows.confidential"
PATIENCE = 40.0


def call(studio: StudioProcess, path: str, body: Any = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310
        f"{studio.address}/api/workflows/confidential{path}", data, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return str(answer.read().decode())


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("studio.sqlite3*"))


def wait_for(studio: StudioProcess, status: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while json.loads(text := call(studio, "/runs/it"))["status"] != status:
        assert time.monotonic() < deadline, text
        time.sleep(0.1)
    return text


def test_a_secret_survives_a_crash_that_a_canary_does_not_leave(start_studio: Start, tmp_path: Path) -> None:
    words = given("crash")
    body = {"inputData": words["input_data"], "initialState": words["initial_state"]}
    studio = start_studio("--workflows", MODULE)
    call(studio, "/create-run?runId=it", {})
    said = [call(studio, "/stream?runId=it", {**body, "requestContext": words["request_context"]})]
    said.append(wait_for(studio, "suspended"))
    # It may die before it has answered.
    with suppress(OSError, HTTPException):
        call(studio, "/resume?runId=it", {"step": "ask", "resumeData": {"decision": "yes", "one_time": CANARY}})
    assert studio.process.wait(timeout=PATIENCE) == 9
    assert CANARY.encode() not in stored(studio.data_dir)
    studio.stop()
    said.append(studio.output)

    later = start_studio("--workflows", MODULE, **{CRASHED: "true"})
    said += [wait_for(later, "success"), call(later, "/observe?runId=it", {})]
    assert later.stop() == 0

    assert CANARY not in "".join([*said, later.output])
    assert f'"one_time":"{MASK}"' in said[-1].replace('": "', '":"')
    assert f"the studio's logger: {MASK}" in said[2]
    assert CANARY.encode() not in stored(later.data_dir)
