"""Secrets: steps get them, everybody else the mask; through crashes, forks, mappings and messages."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, Secret, SecretBytes, SecretStr

from tests.engine.short import go
from workflows_app import Engine, MemoryJournal, Sensitive, create_step, create_workflow, from_init, from_step, template
from workflows_app.engine import secrets
from workflows_app.engine.schema import Schema, Value
from workflows_app.engine.secrets import MASK, Names
from workflows_app.engine.vault import NamedVault
from workflows_app.errors import InvalidInput, InvalidPayload

CANARY = "canary-5f1c9e"


class Boxes(NamedVault):
    """A vault whose seals are told from plain text at sight."""

    def __init__(self, *added: str, plain: tuple[str, ...] = ()) -> None:
        super().__init__(Names(added, plain))

    def lock(self, text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    def unlock(self, sealed: str) -> str:
        return base64.b64decode(sealed).decode()


@pytest.fixture(autouse=True)
def names_end_with_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(secrets.SUSPECT, "names", set())
    secrets.SUSPECT.add(())
    yield
    secrets.SUSPECT.add(())


class Login(BaseModel):
    user: str
    key: SecretStr


class Inner(BaseModel):
    word: Annotated[str, Sensitive]
    day: Secret[date] | None = None


@dataclass
class Pair:
    left: SecretStr
    right: int


def written(journal: MemoryJournal) -> str:
    return repr([row.events for row in journal.rows.values()])


# Values


def test_a_secret_is_masked_for_everybody_and_read_by_its_schema() -> None:
    value = Schema(Login).normalise({"user": "ada", "key": CANARY})

    assert value.data == {"user": "ada", "key": MASK}
    assert CANARY not in f"{value!r} {value.shown}"
    assert Schema(Login).parse(value).key.get_secret_value() == CANARY


@pytest.mark.parametrize(
    ("shape", "given", "shown"),
    [
        (SecretStr, CANARY, MASK),
        (SecretBytes, CANARY, MASK),
        (Secret[int], 4711, MASK),
        (Annotated[str, Sensitive], CANARY, MASK),
        (Annotated[str, Sensitive()], CANARY, MASK),
        (Annotated[str, Sensitive, Field(min_length=3)], CANARY, MASK),
        (list[Login], [{"user": "a", "key": CANARY}], [{"user": "a", "key": MASK}]),
        (dict[str, SecretBytes], {"a": CANARY}, {"a": MASK}),
        (Annotated[Inner, Sensitive], {"word": CANARY, "day": "1999-12-31"}, MASK),
        (Login | int, {"user": "a", "key": CANARY}, {"user": "a", "key": MASK}),
        (tuple[int, SecretStr], [1, CANARY], [1, MASK]),
        (Pair, {"left": CANARY, "right": 1}, {"left": MASK, "right": 1}),
    ],
)
def test_a_secret_is_found_wherever_its_type_stands(shape: Any, given: Any, shown: Any) -> None:
    schema = Schema(shape)
    value = schema.normalise(given)

    assert value.data == shown
    assert schema.parse(schema.normalise(schema.parse(value))) == schema.parse(value)


def test_a_secret_that_is_not_there_is_no_secret() -> None:
    assert Schema(Annotated[str | None, Sensitive]).normalise(None).data is None
    assert Schema(Inner).normalise({"word": CANARY}).data == {"word": MASK, "day": None}


def test_a_model_with_a_secret_is_sealed_wherever_it_is_given() -> None:
    value = Value.of({"pair": Pair(SecretStr(CANARY), 1), "login": Login(user="a", key=SecretStr(CANARY))})

    assert value.data == {"pair": {"left": MASK, "right": 1}, "login": {"user": "a", "key": MASK}}
    assert Value.of({"alone": SecretStr(CANARY)}).data == {"alone": MASK}


def test_nobody_can_write_a_seal() -> None:
    with pytest.raises(InvalidPayload, match="NUL"):
        Value.of({"\0": ["x"]})
    assert Value.of({"\\u0000": ["x"]}).data == {"\\u0000": ["x"]}


def test_the_mask_is_not_taken_for_a_secret() -> None:
    with pytest.raises(InvalidInput) as caught:
        Schema(Login).normalise({"user": "ada", "key": MASK}, InvalidInput)

    assert caught.value.errors[0]["path"] == "key"
    assert Schema(dict[str, str]).normalise({"line": MASK}).data == {"line": MASK}


def test_the_mask_is_not_taken_for_what_stands_under_a_name() -> None:
    Names()
    with pytest.raises(InvalidInput) as caught:
        Schema().normalise({"list": [{"password": MASK}]}, InvalidInput)

    assert caught.value.errors[0]["path"] == "list.0.password"


# Names


@pytest.mark.parametrize(
    "key",
    ["password", "PASSWORD", "db_password", "db-password", "dbPassword", "X-Api-Key", "apiKey", "APIKey", "api_key_2",
     "accessToken", "Authorization", "client_secret", "credentials", "privateKey", "Set-Cookie"],
)  # fmt: skip
def test_a_known_name_is_known_however_it_is_spelt(key: str) -> None:
    assert key in Names()


@pytest.mark.parametrize("key", ["tokens", "max_tokens", "token_count", "keyboard", "secretary", "key", "", 7])
def test_other_names_are_no_secrets(key: object) -> None:
    assert key not in Names()


def test_names_can_be_added_and_taken_away() -> None:
    names = Names(["IBAN"], ["page_token"])

    assert "customer_iban" in names
    assert "pageToken" not in names
    assert "token" in names


def test_what_tells_nothing_is_not_sealed() -> None:
    data = {"password": None, "token": "", "secret": True, "api_key": 5, "credentials": {"user": "a"}}

    assert secrets.masked(Names().sealed(data)) == {**data, "api_key": MASK, "credentials": MASK}


# Runs


def careless() -> Any:
    """A workflow that gives a secret back in every way there is."""

    async def use(data: Login, ctx: Any) -> dict[str, Any]:
        key = data.key.get_secret_value()
        assert key == CANARY
        ctx.logger.warning("using %s", key)
        await ctx.set_state({"last": f"Bearer {key}"})
        await ctx.writer.write({"said": f"key {key}"})
        await ctx.writer.custom({"type": "data-x", "data": key})
        ctx.request_context.set("auth", key)
        if ctx.resume_data is None:
            await ctx.suspend({"why": f"is {key} right?"}, title=f"Use {key}?", body=f"Really *{key}*?")
        return {"header": f"Bearer {key}", "plain": 1}

    async def fail(ctx: Any) -> None:
        assert ctx.input_data["header"] == f"Bearer {CANARY}"
        assert ctx.state["last"] == f"Bearer {CANARY}"
        assert ctx.request_context["auth"] == CANARY
        assert ctx.get_init_data().key.get_secret_value() == CANARY
        error = ValueError(f"refused {CANARY}")
        error.sent = CANARY  # type: ignore[attr-defined]
        raise error from KeyError(CANARY)

    return (
        create_workflow(id="careless", input_schema=Login)
        .then(create_step(id="use", input_schema=Login, execute=use_with(use)))
        .then(create_step(id="fail", execute=fail))
        .commit()
    )


def use_with(function: Any) -> Any:
    async def call(ctx: Any) -> Any:
        return await function(ctx.input_data, ctx)

    return call


@pytest.mark.parametrize("make_vault", [lambda: None, Boxes], ids=["no vault", "a vault"])
def test_what_a_step_gives_away_is_masked_and_kept_for_the_next(make_vault: Any, caplog: Any) -> None:
    async def scenario() -> None:
        journal, vault = MemoryJournal(), make_vault()
        engine = Engine([careless()], journal=journal, vault=vault)
        run = await engine.get_workflow("careless").create_run()
        stream = run.stream(input_data={"user": "ada", "key": CANARY}, close_on_suspend=True)
        events = [event async for event in stream]
        asked = await stream.result
        result = await run.resume(resume_data={"ok": True})
        replayed = [event async for event in run.observe_stream()]
        stored = await run.workflow.get_workflow_run_by_id(run.id)

        assert stored is not None
        assert asked.status == "suspended"
        assert result.status == "failed"
        assert result.error["message"] == f"refused {MASK}"
        assert result.steps["use"].output == {"header": MASK, "plain": 1}
        for shown in (events, asked, result, result.to_json(), replayed, stored.to_json()):
            assert CANARY not in repr(shown)
        if vault is not None:
            assert CANARY not in written(journal)
        await engine.close()

    caplog.set_level(logging.DEBUG)
    go(scenario())
    assert CANARY not in caplog.text
    assert f"using {MASK}" in caplog.text


def test_a_secret_outlives_a_crash_a_fork_and_time_travel() -> None:
    seen: list[str] = []

    async def use(data: Login, ctx: Any) -> Login:
        seen.append(data.key.get_secret_value())
        return data

    workflow = (
        create_workflow(id="wf", input_schema=Login)
        .then(create_step(id="one", input_schema=Login, output_schema=Login, execute=use_with(use)))
        .then(create_step(id="two", input_schema=Login, execute=use_with(use)))
        .commit()
    )

    async def scenario() -> None:
        journal = MemoryJournal()
        engine = Engine([workflow], journal=journal, vault=Boxes())
        run = await engine.get_workflow("wf").create_run()
        await run.start(input_data={"user": "ada", "key": CANARY})
        await engine.close()
        later = Engine([workflow], journal=journal, vault=Boxes())
        again = await later.get_run(run.id)
        await again.time_travel(step="two")
        await again.time_travel(step="two", fork=True)
        await again.time_travel(step="two", input_data={"user": "bob", "key": "another-one"})
        assert CANARY not in written(journal)
        assert "another-one" not in written(journal)
        await later.close()

    go(scenario())
    assert seen == [CANARY, CANARY, CANARY, CANARY, "another-one"]


def test_a_mapping_moves_a_secret_without_showing_it() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        workflow = (
            create_workflow(id="wf", input_schema=Login)
            .then(create_step(id="one", execute=lambda ctx: {"access_token": CANARY, "n": 1}))
            .map({"a": from_step("one", "access_token"), "b": from_init("key"), "c": template("${initData.key}!")})
            .then(create_step(id="two", execute=lambda ctx: [v == CANARY for v in ctx.input_data.values()]))
            .commit()
        )
        engine = Engine([workflow], journal=journal, vault=Boxes())
        run = await engine.get_workflow("wf").create_run()
        result = await run.start(input_data={"user": "ada", "key": CANARY})
        assert result.result == [True, True, False]
        assert result.steps["one"].output == {"access_token": MASK, "n": 1}
        assert CANARY not in written(journal)
        await engine.close()

    go(scenario())


def test_items_and_parallel_members_carry_secrets() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        item = create_step(
            id="item",
            execute=lambda ctx: {"token": ctx.input_data["token"], "same": ctx.input_data["token"] == CANARY},
        )
        left = create_step(id="left", execute=lambda ctx: [one["token"] for one in ctx.input_data])
        right = create_step(id="right", execute=lambda ctx: len(ctx.input_data))
        workflow = create_workflow(id="wf").foreach(item).parallel([left, right]).commit()
        engine = Engine([workflow], journal=journal, vault=Boxes())
        run = await engine.get_workflow("wf").create_run()
        result = await run.start(input_data=[{"token": CANARY}, {"token": CANARY}])
        assert result.steps["item"].output == [{"token": MASK, "same": True}] * 2
        assert result.result == {"left": [MASK, MASK], "right": 2}
        assert CANARY not in written(journal)
        await engine.close()

    go(scenario())


def test_state_that_a_function_changes_keeps_its_secrets() -> None:
    class State(BaseModel):
        key: SecretStr = SecretStr("")
        count: int = 0

    async def change(ctx: Any) -> str:
        await ctx.update_state(lambda state: {"count": state.count + 1, "key": state.key})
        return str(ctx.state.key.get_secret_value())

    async def scenario() -> None:
        journal = MemoryJournal()
        workflow = create_workflow(id="wf", state_schema=State)
        for name in ("one", "two"):
            workflow.then(create_step(id=name, execute=change))
        engine = Engine([workflow.commit()], journal=journal, vault=Boxes())
        run = await engine.get_workflow("wf").create_run()
        result = await run.start(initial_state={"key": CANARY}, include_state=True)
        assert result.state == {"key": MASK, "count": 2}
        assert result.result == MASK
        assert CANARY not in written(journal)
        await engine.close()

    go(scenario())


def test_callbacks_are_told_the_secret_of_the_input_and_the_mask_in_results() -> None:
    heard: list[Any] = []

    async def scenario() -> None:
        workflow = (
            create_workflow(id="wf", input_schema=Login, on_start=heard.append, on_finish=heard.append)
            .then(create_step(id="one", execute=lambda ctx: {"password": CANARY}))
            .commit()
        )
        engine = Engine([workflow], vault=Boxes())
        run = await engine.get_workflow("wf").create_run()
        await run.start(input_data={"user": "ada", "key": CANARY}, request_context={"token": CANARY})
        await engine.close()

    go(scenario())
    assert [info.get_init_data().key.get_secret_value() for info in heard] == [CANARY, CANARY]
    assert [info.request_context["token"] for info in heard] == [CANARY, CANARY]
    assert heard[1].result == {"password": MASK}


def test_an_engine_without_a_vault_takes_no_name_for_a_secret() -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").then(create_step(id="one", execute=lambda ctx: ctx.input_data)).commit()
        result = await (await workflow.create_run()).start(input_data={"token": "abc"})
        assert result.result == {"token": "abc"}

    go(scenario())


# What is told apart, and what is remembered


def test_a_vault_without_a_lock_still_hides_what_a_name_makes_secret() -> None:
    async def scenario() -> None:
        seen: list[Any] = []
        workflow = create_workflow(id="wf").then(
            create_step(id="look", execute=lambda ctx: seen.append(ctx.input_data))
        )
        Engine([workflow.commit()], vault=NamedVault(Names()))
        result = await (await workflow.create_run()).start(input_data={"password": CANARY})
        assert seen == [{"password": CANARY}]
        assert result.input == {"password": MASK}

    go(scenario())
