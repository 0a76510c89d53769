"""What a studio asks people, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from workflows_app.client.answers import Document
from workflows_app.client.requests import Exchange, Request, given, path_of

A = TypeVar("A", bound="OfApproval")


@dataclass(frozen=True, slots=True)
class Approvals(Generic[A]):
    """A page of questions; `total` ignores the paging."""

    approvals: list[A]
    total: int


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a question."""

    id: int
    author: str
    text: str
    created_at: datetime


class OfApproval:
    """A question to people.

    `body` is Markdown, `proposal` an answer to begin with. `resume_schema` is the JSON Schema of its answer; so
    many `approvals` are needed, or one of each of the `groups`, and `voters` have given one; `missing_groups`
    are asked now.
    """

    def __init__(self, line: Any, document: Document) -> None:
        self.line = line
        self.id: int = document["id"]
        self.run_id: str = document["runId"]
        self.workflow_id: str = document["workflowName"]
        self.path: str = document["path"]
        self.title: str = document["title"]
        self.priority: str = document["priority"]
        self.summary: str = document["summary"]
        self.body: str | None = document["body"]
        self.payload: Any = document["payload"]
        self.proposal: Any = document["proposal"]
        self.resume_schema: dict[str, Any] = document["resumeSchema"]
        self.assignee: str | None = document["assignee"]
        self.groups: list[str] = document["groups"]
        self.missing_groups: list[str] = document["missingGroups"]
        self.due = moment_of(document["due"])
        self.approvals: int = document["approvals"]
        self.voters: list[str] = document["voters"]
        self.state: str = document["state"]
        self.decision: Any = document["decision"]
        self.decided_by: str | None = document["decidedBy"]
        self.decided_at = moment_of(document["decidedAt"])
        self.created_at = datetime.fromisoformat(document["createdAt"])
        self.version: int = document["version"]

    def __repr__(self) -> str:
        return f"<Approval {self.id} of {self.run_id}: {self.title}>"


def moment_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def comment_of(document: Document) -> Comment:
    at = datetime.fromisoformat(document["createdAt"])
    return Comment(document["id"], document["author"], document["text"], at)


def list_comments(approval: OfApproval) -> Exchange[list[Comment]]:
    """Read what people said about the question, oldest first. Raises: NotAllowed"""
    answer = yield Request("GET", path_of("approvals", str(approval.id), "comments"))
    return [comment_of(document) for document in answer["comments"]]


def comment(approval: OfApproval, text: str) -> Exchange[Comment]:
    """Say something about the question; it decides nothing. Raises: InvalidInput, NotAllowed"""
    answer = yield Request("POST", path_of("approvals", str(approval.id), "comments"), body=given(text=text))
    return comment_of(answer)


def decide(approval: A, resume_data: Any = None, *, reason: str | None = None) -> Exchange[A]:
    """Answer the question as it was read, and give it as it then is.

    Raises: ResumeAlreadyClaimed when it changed or somebody was faster, InvalidResumeData, AnswerRefused, NotAllowed
    """
    body = given(resume_data=resume_data, reason=reason, version=approval.version)
    answer = yield Request("POST", path_of("approvals", str(approval.id), "decide"), body=body)
    return type(approval)(approval.line, answer)
