"""What tests of pages need: a running engine on the test database."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.web.mailbox import Mailbox, mail_server
from tests.web.receiver import Receiver, listening
from workflows_app import runtime


@pytest.fixture
def studio_engine(transactional_db: None) -> Iterator[ModuleType]:
    """Perform runs behind the pages, and stop when the test is over."""
    runtime.sync_definitions()
    runtime.start_background()
    yield runtime
    runtime.stop_background()


@pytest.fixture
def studio(transactional_db: None, settings: Any) -> Iterator[ModuleType]:
    """Perform the workflows of `tests/workflows/journeys.py` behind the pages, and a module that is broken."""
    modules = [f"tests.workflows.{name}" for name in ("journeys", "asking", "rich", "broken")]
    # One look at the start is enough: a supervisor that came in between would do what is being tested.
    pace = {"POLL_SECONDS": 0.2, "TICK_SECONDS": 14.0}
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": modules, **pace}
    runtime.process.catalogue = None
    runtime.start_background()
    yield runtime
    runtime.stop_background()
    runtime.process.catalogue = None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """Have mails sent to a server that keeps them."""
    with mail_server() as (box, port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        yield box
