"""What tests of the client need: one studio in a process of its own for all of them, and ways to reach it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.process import StudioProcess
from workflows_app.client import Studio

MODULES = tuple(f"tests.workflows.{name}" for name in ("wire", "journeys", "asking", "additions"))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    studio = StudioProcess(tmp_path_factory.mktemp("client"), "--workflows", *MODULES)
    yield studio
    studio.stop()


@pytest.fixture
def studio(served: StudioProcess) -> Iterator[Studio]:
    with Studio(served.address) as studio:
        yield studio


class Cut(httpx.SyncByteStream):
    """An answer whose line breaks after so many bytes."""

    def __init__(self, stream: httpx.SyncByteStream, after: int) -> None:
        self.stream, self.left = stream, after

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.stream:
            yield chunk[: self.left]
            self.left -= len(chunk)
            if self.left <= 0:
                raise httpx.ReadError("the line broke")

    def close(self) -> None:
        self.stream.close()


class BrokenLine(httpx.HTTPTransport):
    """A line that breaks in every stream, each time a little later; `asked` is what was sent over it."""

    def __init__(self, first: int, step: int) -> None:
        super().__init__()
        self.bytes, self.step = first, step
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        response = super().handle_request(request)
        if response.headers["content-type"] != "text/plain":
            return response
        assert isinstance(response.stream, httpx.SyncByteStream)
        cut = Cut(response.stream, self.bytes)
        self.bytes += self.step
        return httpx.Response(response.status_code, headers=response.headers, stream=cut)
