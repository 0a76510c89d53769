"""What a studio that was made for the protocol asks for beside workflows: empty answers, so that it starts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from workflows_app.web.api.access import asked

router = Router()
EMPTY: dict[str, Any] = {
    "/auth/capabilities": {"enabled": False, "login": None},
    "/system/packages": {
        "packages": [], "isDev": False, "cmsEnabled": False, "liveKitConnectionRouteEnabled": False,
        "observabilityEnabled": False, "storageType": "django", "observabilityStorageType": "none",
    },
    "/agents": {},
    "/tools": {},
    "/processors": {},
    "/scores/scorers": {},
    "/mcp/v0/servers": {"servers": [], "total_count": 0, "next": None},
    "/workspaces": {"workspaces": []},
    "/experiments/review-summary": {"counts": []},
    "/editor/builder/settings": {"enabled": False, "modelPolicy": {"active": False}},
    "/editor/workflow-builder/settings": {"enabled": False},
    "/stored/workflows": {"workflows": [], "total": 0},
    "/observability/feedback": {
        "feedback": [], "pagination": {"total": 0, "page": 0, "perPage": 1, "hasMore": False},
    },
}  # fmt: skip


def answer_with(path: str, document: dict[str, Any]) -> None:
    def empty(request: HttpRequest) -> dict[str, Any]:
        asked(request)
        return document

    router.add_api_operation(path, ["GET"], empty, include_in_schema=False)


for _path, _document in EMPTY.items():
    answer_with(_path, _document)
