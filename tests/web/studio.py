"""What tests of pages share: runs to look at, waiting for them, and people with certain rights."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from workflows_app import runtime
from workflows_app.web.inspector.look import Look, look_at

PATIENCE = 20.0
DIALOG = {"hx-request": "true", "hx-target": "dialog"}


def orders(customer: str = "Ada") -> str:
    """Start an order and give the id of its run, as soon as it waits for a person."""
    return wait_for(started("order", {"customer": customer, "total": 12}), "suspended")


def answered(run_id: str) -> str:
    """Approve an order and wait for its end."""
    run = runtime.call(runtime.get_engine().get_run(run_id))
    runtime.call(run.resume_async(step="review", resume_data={"decision": "approve"}, by="ada"))
    return wait_for(run_id, "success")


def started(workflow: str, value: Any) -> str:
    engine = runtime.get_engine()
    run = runtime.call(engine.create_run(engine.get_workflow(workflow)))
    return str(runtime.call(run.start_async(input_data=value, by="local")))


def wait_for(run_id: str, status: str) -> str:
    """Wait until a run has a status; the deadline is for a test that fails."""
    return until(run_id, lambda reading: reading.head.status == status)


def wait_for_step(run_id: str, path: str, status: str) -> str:
    """Wait until a step of a run has a status."""
    return until(run_id, lambda reading: getattr(reading.history.find(path), "status", None) == status)


def until(run_id: str, condition: Callable[[Look], bool]) -> str:
    deadline = time.monotonic() + PATIENCE
    while not condition(reading := order(run_id)):
        assert time.monotonic() < deadline, f"the run stays {reading.head.status} at {reading.head.seq}"
        time.sleep(0.02)
    return run_id


def order(run_id: str) -> Look:
    return look_at(run_id)


def accounts(settings: Any, client: Client, users: type[User], *rights: str) -> User:
    """Sign somebody in who has these rights and no others."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    user = users.objects.create_user(username="grace")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="workflows_app", codename__in=rights))
    client.force_login(user)
    return user


def value_of(page: str, name: str) -> str:
    """Read what an input shows."""
    found = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*value="([^"]*)"', page)
    assert found is not None, f"the page has no input {name}"
    return unescape(found[1])
