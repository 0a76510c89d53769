"""What the client raises: the studio's refusals by their class, and what is wrong on the way there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.process import ROOT, StudioProcess, environment_of
from workflows_app.client import NotAllowed, NotSignedIn, Studio, StudioError, TooFast, Unreachable
from workflows_app.client.faults import fault_of
from workflows_app.errors import DefinitionChanged, InvalidInput, InvalidResumeData, WorkflowsError

MAKE_TOKEN = """
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from workflows_app.models.token import Token, digest_of, new_text
user = User.objects.create_user("ann")
user.user_permissions.set(Permission.objects.filter(codename__in=["view_run", "view_payload", "start_run"]))
text = new_text()
given = {"begins": text[:8], "digest": digest_of(text), "scopes": ["view_run", "view_payload"]}
Token.objects.create(user=user, name="t", created_at=timezone.now(), **given)
print(text)
"""


@pytest.mark.parametrize(
    ("status", "document", "kind", "said"),
    [
        (409, {"error": "x", "code": "definition_changed", "details": {"lost": ["a"]}}, DefinitionChanged, "x"),
        (400, {"error": "Invalid query", "issues": [{"field": "a", "message": "b"}]}, InvalidInput, "- a: b"),
        (400, {"error": "Say it again.", "code": "invalid_resume_data"}, InvalidResumeData, "Say it again."),
        (401, {"error": "Sign in."}, NotSignedIn, "Sign in."),
        (403, {"error": "No."}, NotAllowed, "No."),
        (429, {"error": "Slowly."}, TooFast, "Slowly."),
        (413, None, StudioError, "413"),
        (503, None, Unreachable, "does not answer"),
        (500, {"error": "Oh."}, StudioError, "Oh."),
        (418, {"error": "x", "code": "unheard_of"}, StudioError, "x"),
    ],
)  # fmt: skip
def test_an_answer_is_the_error_that_it_means(
    status: int, document: Any, kind: type[WorkflowsError], said: str
) -> None:
    fault = fault_of(status, {"retry-after": "7"}, document)
    assert type(fault) is kind
    assert said in fault.message
    assert not isinstance(fault, TooFast) or fault.retry_after == 7
    assert not isinstance(fault, DefinitionChanged) or fault.details == {"lost": ["a"]}


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8000", "ftp://x", "", "http://", "http://[::1", "http://x:y", "http://x?a"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match=r"http://127\.0\.0\.1:8000"):
        Studio(address)


@pytest.mark.parametrize(
    ("address", "token"),
    [
        ("http://x", "top secret"),
        ("http://x", "secret\n"),
        ("http://x", "secretä"),
        ("http://ann:secret@x", None),
    ],
)
def test_what_is_secret_is_not_shown_when_it_is_refused(address: str, token: str | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        Studio(address, token=token)
    assert "secret" not in str(refused.value)


def test_nobody_there_is_said(served: StudioProcess) -> None:
    with (
        Studio("http://127.0.0.1:9") as nowhere,
        pytest.raises(Unreachable, match=":9 does not answer"),
    ):
        nowhere.list_workflows()
    with Studio(f"{served.address}/elsewhere") as wrong, pytest.raises(StudioError, match="404"):
        wrong.list_workflows()


def test_a_token_gives_what_it_is_for_and_is_not_shown(start_studio: Callable[..., StudioProcess]) -> None:
    served = start_studio("--workflows", "tests.workflows.journeys", STUDIO_AUTH="django")
    token = made_token(served.data_dir)
    with Studio(served.address) as nobody, pytest.raises(NotSignedIn):
        nobody.list_workflows()
    with Studio(served.address, token="wfs_wrong") as wrong, pytest.raises(NotSignedIn, match="unknown"):
        wrong.list_workflows()
    with Studio(served.address, token=token) as studio:
        workflow = studio.get_workflow("echo")
        assert workflow.list_workflow_runs().total == 0
        with pytest.raises(NotAllowed, match="start runs"):
            workflow.create_run()
        assert token not in repr(studio)
    assert httpx.post(f"{served.address}/mcp", json={}, timeout=60).status_code == 401
    asyncio.run(an_agent_has_the_rights_of_its_token(served.address, token))


async def an_agent_has_the_rights_of_its_token(address: str, token: str) -> None:
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=60)
    async with http, Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client:
        result = await client.call_tool("echo", {"input": 1})
        assert result.structured_content["error"]["code"] == "not_allowed"


def made_token(data_dir: Path) -> str:
    made = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", MAKE_TOKEN],
        cwd=ROOT, env=environment_of(data_dir), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return made.stdout.strip()
