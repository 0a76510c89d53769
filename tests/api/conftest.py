"""What tests of the API need: a studio on the workflows that the wire is checked with, and a caller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponseBase
from django.test import Client
from pydantic_core import from_json

from workflows_app import runtime

Json = Any
MODULES = ["tests.workflows.wire", "tests.workflows.asking", "tests.workflows.additions"]


class Caller:
    """A program that speaks the wire protocol."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **query: Any) -> tuple[int, Json]:
        return answer_of(self.client.get(f"/api{path}", query))

    def post(self, path: str, body: Any = None, **query: Any) -> tuple[int, Json]:
        """Send a body, and a query with its names as they are on the wire."""
        return answer_of(self.client.post(f"/api{path}", body, "application/json", query_params=query))

    def delete(self, path: str) -> tuple[int, Json]:
        return answer_of(self.client.delete(f"/api{path}"))

    def stream(self, path: str, body: Any = None, **query: Any) -> list[Json]:
        response = self.client.post(f"/api{path}", body, "application/json", query_params=query)
        assert response.status_code == 200, response.content
        assert response.headers["Content-Type"] == "text/plain"
        return events_of(response)

    def run(self, workflow: str, input_data: Any, **more: Any) -> Json:
        """Start a run and give how it stands when it rests."""
        status, result = self.post(f"/workflows/{workflow}/start-async", {"inputData": input_data, **more})
        assert status == 200, result
        return result


def answer_of(response: Any) -> tuple[int, Json]:
    return response.status_code, from_json(response.content)


def events_of(response: HttpResponseBase) -> list[Json]:
    """Read a stream to its end."""

    async def read() -> bytes:
        return b"".join([chunk async for chunk in response])  # type: ignore[attr-defined]

    *records, rest = asyncio.run(read()).split(b"\x1e")
    assert rest == b""
    return [from_json(record) for record in records]


def acting(settings: Any, users: type[User], name: str, *rights: str) -> Caller:
    """Give a caller who is signed in as somebody with these rights."""
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "LocalPerson" not in each]
    user = users.objects.create_user(username=name)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="workflows_app", codename__in=rights))
    other = Caller()
    other.client.force_login(user)
    return other


@pytest.fixture
def caller(transactional_db: None, settings: Any) -> Iterator[Caller]:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": MODULES, "TICK_SECONDS": 14.0}
    runtime.process.catalogue = None
    runtime.start_background()
    yield Caller()
    runtime.stop_background()
    runtime.process.catalogue = None
