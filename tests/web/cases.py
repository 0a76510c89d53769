"""What tests of the test bench share: a test that is kept, and waiting for its verdict."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.web.asking import soon
from workflows_app.engine.schema import encode
from workflows_app.models import SavedInput, Trial

ORDER = {"input": {"customer": "Ada", "total": "12", "express": False}}
SUCCEEDS = [{"what": "status", "status": "success"}]
APPROVE = [{"step": "review", "data": {"decision": "approve"}}]


def kept(
    workflow: str = "order", title: str = "Small order", *, given: Any = ORDER, expectations: Any = (),
    answers: Any = (), owner: str = "local", shared: bool = True,
) -> SavedInput:  # fmt: skip
    """Keep an input; with expectations it is a test."""
    return SavedInput.objects.create(
        workflow_id=workflow, title=title, owner=owner, is_shared=shared, given=encode(given),
        expectations=encode(expectations), answers=encode(answers), changed_at=timezone.now(),
    )  # fmt: skip


def verdict(test: SavedInput) -> Trial:
    """Wait until the last trial of a test is judged, and give it."""
    soon(lambda: not test.trials.filter(state="open").exists())
    return test.trials.latest("id")
