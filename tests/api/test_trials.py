"""A workflow's tests over the API."""

from __future__ import annotations

from tests.api.conftest import Caller
from tests.web.cases import SUCCEEDS, kept, verdict


def test_tests_are_listed_run_and_their_verdicts_read(caller: Caller) -> None:
    good = kept("wire-nested", "Good", given={"input": {"text": "a"}}, expectations=SUCCEEDS)
    bad = kept(
        "wire-nested", "Bad", given={"input": {"text": "a"}}, expectations=[{"what": "status", "status": "failed"}]
    )
    kept("wire-nested", "No test")
    status, document = caller.get("/workflows/wire-nested/tests")
    assert (status, [one["title"] for one in document["tests"]]) == (200, ["Bad", "Good"])
    assert document["tests"][1]["expectations"] == SUCCEEDS
    assert document["tests"][1]["lastTrial"] is None
    _, document = caller.post("/workflows/wire-nested/tests/run")
    assert {one["test"] for one in document["trials"]} == {good.pk, bad.pk}
    run_id = verdict(good).run_id
    verdict(bad)
    _, document = caller.get("/workflows/wire-nested/tests")
    failed, passed = (one["lastTrial"] for one in document["tests"])
    assert (passed["state"], passed["runId"], document["tests"][1]["lastGoodRunId"]) == ("passed", run_id, run_id)
    found = {"expected": "The status is “failed”", "found": "succeeded", "isMet": False}
    assert (failed["state"], failed["findings"]) == ("failed", [found])


def test_some_tests_are_run_by_id(caller: Caller) -> None:
    one, other = (kept("wire-nested", given={"input": {"text": "a"}}, expectations=SUCCEEDS) for _ in range(2))
    _, document = caller.post("/workflows/wire-nested/tests/run", {"tests": [one.pk, 999]})
    assert [trial["test"] for trial in document["trials"]] == [one.pk]
    assert verdict(one).state == "passed"
    assert not other.trials.exists()


def test_what_is_asked_wrongly_is_refused(caller: Caller) -> None:
    for tests in ("all", [2**63], [-(10**30)], [1] * 1001):
        assert caller.post("/workflows/wire-nested/tests/run", {"tests": tests})[0] == 400
    assert caller.get("/workflows/nothing/tests")[0] == 404
    assert caller.post("/workflows/nothing/tests/run")[0] == 404
