"""What tests of approvals share: questions to answer, people to answer them, and waiting for the listener."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.contrib.auth.models import Group, Permission, User
from django.db import connections
from django.test import Client

from tests.web.studio import PATIENCE, started, wait_for
from workflows_app import runtime
from workflows_app.engine.events import SECOND
from workflows_app.models import Approval

T = TypeVar("T")
GOOD = {"decision": "approve"}
YES = {"answer.decision": "approve", "answer.amount": "12", "answer.note": "Fine"}


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do several things in as many threads, begun together."""
    gate, came = threading.Barrier(len(acts)), [None] * len(acts)

    def do(place: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            came[place] = act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def asked(**policy: Any) -> Approval:
    """Start a case and give its approval, once the listener has made it."""
    run_id = wait_for(started("asking", policy), "suspended")
    return soon(lambda: Approval.objects.filter(run=run_id).first())


def pass_time(seconds: int) -> None:
    """Set the studio's clock forward: a question that is due at once may be gone before the listener has seen it."""
    clock: Any = runtime.get_engine().clock
    clock._offset += seconds * SECOND


def items(names: list[str]) -> list[Approval]:
    """Ask about the items of one run, and give their approvals in the order of the items."""
    run_id = wait_for(started("asking-each", names), "suspended")
    soon(lambda: Approval.objects.filter(run=run_id).count() == len(names))
    return sorted(Approval.objects.filter(run=run_id), key=lambda one: names.index(one.title[5:-1]))


def soon(look: Callable[[], T | None]) -> T:
    """Wait until there is something to see."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "the listener did not hear of it"
        time.sleep(0.02)
    return found


def closed(approval: Approval) -> Approval:
    return soon(lambda: Approval.objects.filter(pk=approval.pk).exclude(state="open").first())


def resume(approval: Approval, data: object, **options: Any) -> None:
    """Answer as code does, past every page."""
    run = runtime.call(runtime.get_engine().get_run(approval.run_id))
    runtime.call(run.resume_async(step=approval.path, resume_data=data, **options))


def person(name: str, *groups: str, rights: tuple[str, ...] = ("view_run", "decide")) -> User:
    """Make an account with these rights, in these groups."""
    user = User.objects.create_user(name, f"{name}@example.org")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="workflows_app", codename__in=rights))
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return user


def signed_in(settings: Any, user: User) -> Client:
    """Give a client of somebody who has signed in; from now on nobody is the local person."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    client = Client()
    client.force_login(user)
    return client
