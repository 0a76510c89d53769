"""Looking at a run again costs what is new of it, and shows what is so."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.web.studio import orders, started, wait_for
from workflows_app import runtime
from workflows_app.engine.ports import Stored
from workflows_app.errors import RunNotFound
from workflows_app.web.inspector import look
from workflows_app.web.inspector.look import looking_at

pytestmark = pytest.mark.usefixtures("studio")


def answer(run_id: str) -> None:
    run = runtime.call(runtime.get_engine().get_run(run_id))
    runtime.call(run.resume_async(step="review", resume_data={"decision": "approve"}))
    wait_for(run_id, "success")


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note from now on after which event each reading begins."""
    asked: list[int] = []
    stored = look._stored

    def noted(name: str, after: int) -> Stored:
        asked.append(after)
        return stored(name, after)

    monkeypatch.setattr(look, "_stored", noted)
    return asked


def test_the_second_look_reads_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = orders()
    with looking_at(run_id) as first:
        known, seq = first.moment.reading, first.moment.seq
    answer(run_id)
    asked = counted(monkeypatch)
    with looking_at(run_id) as second:
        assert second.moment.reading is known
        assert second.history.status == "success"
    assert asked == [seq]


@pytest.mark.parametrize(
    "address", ["/runs/{a}/delete/", "/runs/{a}/cancel/", "/runs/{a}/time-travel/", "/compare/?a={a}&b={b}"]
)
def test_dialogs_and_comparisons_read_what_is_new_too(
    client: Client, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    a, b = orders(), orders()
    client.get(address.format(a=a, b=b))
    asked = counted(monkeypatch)
    assert client.get(address.format(a=a, b=b)).status_code == 200
    assert asked
    assert all(asked)


def test_a_run_is_compared_with_itself(client: Client) -> None:
    run_id = orders()
    assert client.get(f"/compare/?a={run_id}&b={run_id}").status_code == 200


def test_a_run_that_travelled_back_is_told_as_it_is() -> None:
    run_id = orders()
    answer(run_id)
    with looking_at(run_id) as before:
        assert before.history.finished
    run = runtime.call(runtime.get_engine().get_run(run_id))
    runtime.call(run.time_travel(step="review", input_data={"fraud": {"score": 1}}))
    with looking_at(run_id) as after:
        record = after.history.find("review")
        assert record is not None
        assert (after.head.status, record.status) == ("suspended", "suspended")


def test_a_deleted_run_is_forgotten() -> None:
    run_id = wait_for(started("echo", 1), "success")
    with looking_at(run_id):
        pass
    runtime.call(runtime.get_engine().journal.delete(run_id))
    with pytest.raises(RunNotFound), looking_at(run_id):
        pass
    assert run_id not in look.shelf.kept


def test_a_run_made_anew_under_the_same_id_is_another() -> None:
    for value in ("first", "second"):
        engine = runtime.get_engine()
        run = runtime.call(engine.create_run(engine.get_workflow("echo"), run_id="same"))
        runtime.call(run.start_async(input_data=value))
        wait_for("same", "success")
        with looking_at("same") as found:
            assert found.history.input.data == value
        runtime.call(engine.journal.delete("same"))


def test_a_large_value_is_read_for_the_page_and_not_remembered() -> None:
    words = [f"word {i}" for i in range(3_000)]
    run_id = wait_for(started("echo", words), "success")
    with looking_at(run_id) as found:
        output = found.history.records["echo"].output
        assert output is not None
        assert found.loaded(output).data == words
        assert not output.loaded
