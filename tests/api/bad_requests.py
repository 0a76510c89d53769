"""Bad requests: a table of what programs, browsers and people send that cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from workflows_app.models.token import new_text

JSON = "application/json"
MOST = 4_194_304 + 65_536


@dataclass(frozen=True, slots=True)
class There:
    """What there is to do something bad to."""

    suspended: str
    done: str
    approval: int
    webhook: int
    ended: str
    revoked: str


@dataclass(frozen=True, slots=True)
class Bad:
    """A request, and why it is bad. A body is bytes, or what is written as JSON; `chunks` are sent without a length."""

    why: str
    method: str
    path: str
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    chunks: tuple[bytes, ...] = ()

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def corpus(there: There) -> Iterator[Bad]:
    for part in (unreadable, misfits, nobody, methods, kinds, strangers, keys, queries, sizes, pages):
        yield from part(there)


def verbs(there: There) -> dict[str, str]:
    run = f"runId={there.suspended}"
    one = "/api/workflows/wire-approval"
    names = ("start", "stream", "resume", "resume-async", "resume-no-wait", "resume-stream", "restart", "preview")
    more = ("time-travel", "time-travel-async", "time-travel-stream")
    return {name: f"{one}/{name}?{run}" for name in (*names, *more)} | {
        "create-run": f"{one}/create-run",
        "start-async": f"{one}/start-async",
        "cancel": f"{one}/runs/{there.suspended}/cancel",
        "decide": f"/api/approvals/{there.approval}/decide",
        "event": "/api/events/paid",
        "webhooks": "/api/webhooks",
    }


# What is no JSON object, on every call that takes one

BROKEN: dict[str, bytes] = {
    "half an object": b"{",
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"x"',
    "nothing": b"null",
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": Infinity}',
    "minus infinity": b'{"a": -Infinity}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a lone surrogate as a key": b'{"\\udfff": 1}',
    "bytes that are no UTF-8": b'{"a": "\xff\xfe"}',
    "an encoded surrogate": b'{"a": "\xed\xa0\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice below": b'{"a": [{"b": {"c": 1, "c": 1}}]}',
    "something behind it": b"{}{}",
    "a bracket too many": b"{}}",
    "single quotes": b"{'a': 1}",
    "a comma too many": b'{"a": 1,}',
    "a comment": b'{"a": 1} // x',
    "a control character": b'{"a": "\x01"}',
    "a bad escape": b'{"a": "\\x41"}',
    "an unquoted key": b"{a: 1}",
    "a leading zero": b'{"a": 007}',
    "a hundred thousand lists": b"[" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000,
    "lists in an object, too deep": b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "form data": b"a=1&b=2",
    "nothing but a NUL": b"\x00",
}


def unreadable(there: There) -> Iterator[Bad]:
    for (verb, path), (why, body) in product(verbs(there).items(), BROKEN.items()):
        yield Bad(f"{verb}: {why}", "POST", path, body)
    for why, body in BROKEN.items():
        yield Bad(f"patch: {why}", "PATCH", f"/api/webhooks/{there.webhook}", body)


# What is JSON and does not fit

DEEP: Any = 1
for _ in range(70):
    DEEP = [DEEP]
WRONG: dict[str, list[Any]] = {
    "create-run": [
        {"resourceId": 5}, {"resourceId": ""}, {"resourceId": "x" * 201}, {"resourceId": "a\0b"}, {"tags": "eu"},
        {"tags": [1]}, {"tags": [""]}, {"tags": ["x" * 201]}, {"tags": ["a\0"]}, {"tags": ["x"] * 51},
        {"tags": {"a": 1}}, {"idempotencyKey": 5}, {"idempotencyKey": ""}, {"idempotencyKey": "x" * 201},
    ],
    "start-async": [
        {}, {"inputData": 5}, {"inputData": {"requestId": 1, "amount": 1}}, {"inputData": {"requestId": "r"}},
        {"inputData": {"requestId": "r\0", "amount": 1}}, {"inputData": DEEP}, {"perStep": "yes"}, {"perStep": 1},
        {"requestContext": []}, {"requestContext": {"a\0": 1}}, {"requestContext": "x"}, {"tracingOptions": 5},
        {"resourceId": []}, {"closeOnSuspend": "no"}, {"tags": [None]},
    ],
    "resume-async": [
        {"step": 5}, {"step": {}}, {"step": [None]}, {"step": "nobody"}, {"step": "a\0"}, {"step": "x" * 10_000},
        {"resumeData": 5}, {"resumeData": {"approved": "?"}}, {"resumeData": {"approved": True}},
        {"label": "nobody"}, {"label": 5}, {"forEachIndex": "0"}, {"forEachIndex": 99}, {"forEachIndex": 2**70},
        {"forEachIndex": -1}, {"all": "yes"}, {"force": 3}, {"perStep": None}, {"requestContext": 5},
        {"step": ["await-approval", 3]}, {"step": ""}, {"step": []},
    ],
    "time-travel-async": [
        {}, {"step": None}, {"step": 5}, {"step": "nobody"}, {"step": "finish"}, {"step": ["prepare", "x"]},
        {"step": "prepare", "inputData": 5}, {"step": "prepare", "context": []},
        {"step": "prepare", "context": {"x": 1}},
        {"step": "prepare", "nestedStepsContext": 5}, {"step": "prepare", "fork": "yes"}, {"step": "\0"},
        {"step": "prepare", "perStep": "x"}, {"step": "prepare", "requestContext": 1},
    ],
    "preview": [
        {}, {"verb": None}, {"verb": "explode"}, {"verb": 5}, {"verb": ["cancel"]}, {"verb": "time_travel"},
        {"verb": "resume", "step": 5}, {"verb": "cancel", "reason": 5}, {"verb": "cancel", "reason": "x" * 501},
        {"verb": "time_travel", "step": "nobody"}, {"verb": "restart"},
    ],
    "cancel": [{"reason": 5}, {"reason": "x" * 501}, {"reason": []}, {"reason": "a\0b"}],
    "decide": [
        {}, {"resumeData": 5}, {"resumeData": {"approved": "?", "by": "x"}}, {"resumeData": {"approved": True}},
        {"resumeData": {"approved": True, "by": "x\0"}},
        {"resumeData": {"approved": True, "by": "x"}, "version": 99}, {"resumeData": DEEP},
        {"resumeData": {"approved": True, "by": "x"}, "version": "1"}, {"reason": 5}, {"reason": "x" * 501},
    ],
    "event": [{"match": 5}, {"match": []}, {"payload": {"order": "o-1", "cents": "x"}}],
    "webhooks": [
        {}, {"url": "https://x.example/"}, {"url": 5, "events": ["run.finished"]},
        {"url": "ftp://x.example/", "events": ["run.finished"]}, {"url": "//x", "events": ["run.finished"]},
        {"url": "https://a:b@x.example/", "events": ["run.finished"]}, {"url": "", "events": ["run.finished"]},
        {"url": "https://x.example/" + "a" * 3_000, "events": ["run.finished"]},
        {"url": "https://x.example/\n", "events": ["run.finished"]},
        {"url": "https://[::1/", "events": ["run.finished"]},
        {"url": "https://x.example/", "events": []}, {"url": "https://x.example/", "events": ["run.started"]},
        {"url": "https://x.example/", "events": ["run.finished"], "workflowId": "nobody"},
        {"url": "https://x.example/", "events": "run.finished"},
        {"url": "https://x.example:99999/", "events": ["run.finished"]},
    ],
}  # fmt: skip


def misfits(there: There) -> Iterator[Bad]:
    paths = verbs(there)
    for verb, bodies in WRONG.items():
        for number, body in enumerate(bodies):
            yield Bad(f"{verb}: misfit {number}", "POST", paths[verb], body)
    for body in ({}, {"active": 1}, {"active": "no"}, {"active": None}):
        yield Bad("patch: misfit", "PATCH", f"/api/webhooks/{there.webhook}", body)


# What is not there

STRANGE_NAMES = (
    "nobody", "%00", "a%00b", "%ED%A0%80", "%FF", "..", "..%2F..%2Fetc%2Fpasswd", "%F0%9F%92%A9", "x" * 500,
    "'%20OR%20'1'='1", "{{7*7}}", "%3Cscript%3E", "%25s", "-1", "null", "%E2%80%AE",
)  # fmt: skip
STRANGE_NUMBERS = ("0", "999999", "-1", "1.5", "x", "9" * 18, "9" * 40, "%00", "1e3", "٣")


def nobody(there: There) -> Iterator[Bad]:
    for name in STRANGE_NAMES:
        yield Bad("no such workflow", "GET", f"/api/workflows/{name}")
        yield Bad("no such workflow", "POST", f"/api/workflows/{name}/start-async", {})
        yield Bad("no such run", "GET", f"/api/workflows/wire-approval/runs/{name}")
        yield Bad("no such run", "GET", f"/api/workflows/wire-approval/runs/{name}/events")
        yield Bad("no such run", "POST", f"/api/workflows/wire-approval/runs/{name}/cancel", {})
        yield Bad("no such run", "DELETE", f"/api/workflows/wire-approval/runs/{name}")
        yield Bad("no such run", "POST", f"/api/workflows/wire-approval/resume?runId={name}", {"resumeData": 1})
    for number in STRANGE_NUMBERS:
        yield Bad("no such question", "GET", f"/api/approvals/{number}")
        yield Bad("no such question", "POST", f"/api/approvals/{number}/decide", {"resumeData": 1})
        yield Bad("no such webhook", "GET", f"/api/webhooks/{number}")
        yield Bad("no such webhook", "DELETE", f"/api/webhooks/{number}")
    for run in (there.suspended, there.done):
        yield Bad("a run of another workflow", "GET", f"/api/workflows/paid/runs/{run}")
        yield Bad("a run of another workflow", "POST", f"/api/workflows/paid/runs/{run}/cancel", {})
        yield Bad("an id that is taken", "POST", f"/api/workflows/paid/create-run?runId={run}", {})
    for path in (
        "/api",
        "/api/",
        "/api/zzz",
        "/api/workflows/",
        "/api//workflows",
        "/api/approvals/1/",
        "/api/events/",
    ):
        yield Bad("no such address", "GET", path)
        yield Bad("no such address", "POST", path, {})
    finished = f"runId={there.done}"
    for verb, body in (("start", {}), ("resume", {"resumeData": 1}), ("stream", {}), ("start-async", {})):
        yield Bad("a run that has ended", "POST", f"/api/workflows/wire-slow/{verb}?{finished}", body)


# How it is asked


def methods(there: There) -> Iterator[Bad]:
    paths = verbs(there)
    for name in ("start", "resume", "preview", "decide", "event", "cancel"):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            yield Bad(f"{name} by {method}", method, paths[name], {} if method != "GET" else b"")
    for path in ("/api/workflows", "/api/workflows/wire-slow", "/api/approvals", "/api/openapi.json"):
        for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "MAKE"):
            yield Bad(f"a list by {method}", method, path, {})


def kinds(there: There) -> Iterator[Bad]:
    for verb in ("start-async", "decide", "webhooks", "cancel"):
        for kind in (
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
            "", "application/jsonp", "text/json", "application/json-patch+json",
        ):  # fmt: skip
            yield Bad(f"{verb} as {kind!r}", "POST", verbs(there)[verb], b'{"a": 1}', {"content-type": kind})


def strangers(there: There) -> Iterator[Bad]:
    paths = (verbs(there)["cancel"], verbs(there)["create-run"], f"/runs/{there.suspended}/cancel/")
    origins = (
        "https://evil.example", "http://localhost.evil.example", "null", "http://127.0.0.1", "http://testserver:81",
        "file://", "http://testserver@evil.example", "",
    )  # fmt: skip
    for path, origin in product(paths, origins):
        yield Bad(f"from {origin!r}", "POST", path, {}, {"origin": origin})
    for path in paths:
        yield Bad("from another site", "POST", path, {}, {"sec-fetch-site": "cross-site"})
    hosts = (
        "evil.example",
        "localhost.evil.example",
        "",
        "127.0.0.1:8000@evil.example",
        "a b",
        "[::1",
        "::::",
        "192.0.2.1",
    )
    for path, host in product(("/api/workflows", "/", "/nobody/", "/static/css/base.css"), hosts):
        yield Bad(f"to {host!r}", "GET", path, headers={"host": host})


def keys(there: There) -> Iterator[Bad]:
    texts = (
        "", "wfs_", "nonsense", new_text(), new_text()[:-1], new_text() + "x", "wfs_" + "a" * 46, "x" * 7_000,
        "wfs_\u00e9" * 5, there.ended, there.revoked, there.ended.upper(), "a b c",
    )  # fmt: skip
    for path, text in product(("/api/workflows", f"/api/workflows/wire-approval/runs/{there.suspended}"), texts):
        yield Bad(f"the token {text[:20]!r}", "GET", path, headers={"authorization": f"Bearer {text}"})
    for text in texts:
        headers = {"authorization": f"bearer {text}"}
        yield Bad(f"a change by the token {text[:20]!r}", "POST", verbs(there)["cancel"], {}, headers)


def queries(there: There) -> Iterator[Bad]:
    runs = "/api/workflows/wire-approval/runs"
    for asked in (
        "page=-1", "page=x", "page=1.5", "perPage=0", "perPage=-3", "perPage=2.5", "limit=0", "limit=false",
        "offset=-1", "status=bogus", "fromDate=x", "toDate=2026-13-01",
        "fromDate=9999999-01-01", "page=", "perPage=%00",
        f"page={'9' * 5_000}&perPage=1", f"page={2**62}&perPage=1000", f"offset={2**63}&limit=1",
    ):  # fmt: skip
        yield Bad(f"list {asked[:30]}", "GET", f"{runs}?{asked}")
    for asked in ("fields=zzz", "fields=result,%00", "withNestedWorkflows=perhaps"):
        yield Bad(f"get {asked}", "GET", f"{runs}/{there.suspended}?{asked}")
    for asked in ("after=-1", "after=x", f"after={2**63}", "limit=0", "limit=10001", "limit=x", "after=1.5", "after="):
        yield Bad(f"events {asked}", "GET", f"{runs}/{there.suspended}/events?{asked}")
    for asked in ("state=closed", "page=-1", "perPage=0", "perPage=201", "assignedToMe=perhaps", "page=1000001"):
        yield Bad(f"approvals {asked}", "GET", f"/api/approvals?{asked}")
    for asked in ("", "runId=", f"runId={'x' * 201}", "runid=x"):
        yield Bad(f"resume {asked[:10]}", "POST", f"/api/workflows/wire-approval/resume?{asked}", {})
    for asked in ("offset=-1", "offset=x", "offset=1.5"):
        run = f"runId={there.suspended}"
        yield Bad(f"observe {asked}", "POST", f"/api/workflows/wire-approval/observe?{run}&{asked}")


def sizes(there: There) -> Iterator[Bad]:
    for verb in ("start-async", "decide", "event", "webhooks"):
        path = verbs(there)[verb]
        yield Bad(f"{verb}: too long", "POST", path, b'{"a": "' + b"x" * MOST + b'"}')
        yield Bad(f"{verb}: too long without a length", "POST", path, chunks=(b"x" * 65_536,) * (MOST // 65_536 + 2))
        for length in (str(MOST + 1), "9" * 400, "-1", "1e3", "x", "1 2", "٣"):
            yield Bad(f"{verb}: a length of {length[:9]}", "POST", path, b"{}", {"content-length": length})
    for path in ("/nobody/", "/accounts/login/", "/runs/", "/static/css/base.css"):
        yield Bad("too long for a page", "POST", path, b"x" * (MOST + 1))


# Pages, by what does not carry what pages carry


def pages(there: There) -> Iterator[Bad]:
    run, question = f"/runs/{there.suspended}/", f"/approvals/{there.approval}/"
    for path in (
        f"{run}cancel/", f"{run}restart/", f"{run}delete/", f"{run}resume/", f"{run}time-travel/",
        f"{question}decide/", f"{question}claim/", f"{question}hand-over/", "/runs/bulk/", "/approvals/bulk/",
        "/settings/tokens/",
        "/settings/webhooks/", f"/settings/webhooks/{there.webhook}/delete/", "/workflows/wire-slow/run/",
        "/views/new/",
    ):  # fmt: skip
        form = {"content-type": "application/x-www-form-urlencoded"}
        yield Bad("a form without its token", "POST", path, b"a=1", form)
    for name in ("nobody", "%00", "%ED%A0%80", "x" * 500):
        yield Bad("no such page of a run", "GET", f"/runs/{name}/")
        yield Bad("no such page of a workflow", "GET", f"/workflows/{name}/")
    for number in ("999999", "9" * 40):
        yield Bad("no such page of a question", "GET", f"/approvals/{number}/")
        yield Bad("no such page of a webhook", "GET", f"/settings/webhooks/{number}/")
