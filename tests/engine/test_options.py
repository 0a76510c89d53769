"""Options of definitions: what is wrong is refused where it is written, with a remedy."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import AliasChoices, BaseModel, Field

from tests.engine.short import echo, go, started
from workflows_app import Engine, RetryPolicy, create_step, create_tool, create_workflow
from workflows_app.engine.nodes import ForEach
from workflows_app.errors import DefinitionError


def made(**options: Any) -> Any:
    return create_step(id="a", execute=lambda ctx: 1, **options)


WRONG_STEPS = [
    {"retries": -1}, {"retries": "x"}, {"retries": 1.5}, {"retries": True}, {"retry": 5}, {"retry": {"attempts": 1}},
    {"timeout": "x"}, {"timeout": math.nan}, {"timeout": math.inf}, {"timeout": -1}, {"timeout": 10**400},
    {"timeout": True}, {"priority": "x"}, {"priority": 1.5}, {"priority": 10**30}, {"effects": "x"},
    {"effects": [5]}, {"effects": ["\ud800"]}, {"effects": 5}, {"retires": 1}, {"queue": 5}, {"queue": ""},
    {"description": 5}, {"metadata": 5}, {"metadata": {"k": {1}}},
]  # fmt: skip


@pytest.mark.parametrize("options", WRONG_STEPS, ids=str)
def test_a_step_with_a_wrong_option_is_refused(options: Any) -> None:
    with pytest.raises(DefinitionError, match=next(iter(options))):
        made(**options)


WRONG_POLICIES = [
    {"attempts": -1}, {"attempts": 1.5}, {"attempts": "x"}, {"attempts": None}, {"delay": "x"}, {"delay": -1},
    {"delay": math.nan}, {"delay": math.inf}, {"delay": timedelta(seconds=-1)}, {"delay": None}, {"max_delay": -1},
    {"max_delay": "x"}, {"max_delay": math.nan}, {"backoff": -1}, {"backoff": math.inf}, {"backoff": "x"},
    {"backoff": math.nan}, {"backoff": 10**400}, {"jitter": 2}, {"jitter": "x"}, {"jitter": math.nan},
    {"retry_on": "x"}, {"retry_on": (ValueError, 5)}, {"give_up_on": 5}, {"give_up_on": int},
]  # fmt: skip


@pytest.mark.parametrize("options", WRONG_POLICIES, ids=str)
def test_a_retry_policy_with_a_wrong_option_is_refused(options: Any) -> None:
    with pytest.raises(DefinitionError, match=next(iter(options))):
        RetryPolicy(**options)


@pytest.mark.parametrize("options", [{"backoff": 10.0}, {"delay": 1, "backoff": 1e300}])
@pytest.mark.parametrize("jitter", [0, 1])
@pytest.mark.parametrize("most", [None, 0, 5])
def test_a_delay_is_always_a_number_of_seconds(options: Any, jitter: float, most: float | None) -> None:
    policy = RetryPolicy(attempts=400, **options, jitter=jitter, max_delay=most)
    for failures in (1, 2, 310, 400):
        delay = policy.delay_after(failures)
        assert 0 <= delay <= 3_155_760_000
        assert most is None or delay <= 2 * most


def test_the_exceptions_of_a_policy_may_be_a_list() -> None:
    policy = RetryPolicy(attempts=1, retry_on=[ValueError, KeyError], give_up_on=[UnicodeError])
    assert [policy.gives_up(kind()) for kind in (ValueError, KeyError, TypeError, UnicodeError)] == [
        False, False, True, True,
    ]  # fmt: skip


def test_retries_of_a_step_leave_the_rest_of_the_workflows_policy() -> None:
    policy = made(retries=2).policy(RetryPolicy(attempts=1, delay=3, retry_on=ValueError))
    assert policy == RetryPolicy(attempts=2, delay=3, retry_on=ValueError)


@pytest.mark.parametrize(
    "options",
    [{"max_concurrency": 0}, {"max_concurrency": -1}, {"max_concurrency": "x"}, {"max_concurrency": 1.5},
     {"retry": 5}, {"timeout": "x"}, {"retention": "x"}, {"description": 5}, {"metadata": 5}, {"on_start": 5},
     {"on_finish": "x"}, {"on_error": True}],
    ids=str,
)  # fmt: skip
def test_a_workflow_with_a_wrong_option_is_refused(options: Any) -> None:
    with pytest.raises(DefinitionError):
        create_workflow(id="wf", **options)


WRONG_ENTRIES: list[Callable[[Any], Any]] = [
    lambda wf: wf.sleep("x"),
    lambda wf: wf.sleep(None),
    lambda wf: wf.sleep(math.nan),
    lambda wf: wf.sleep(1, id=""),
    lambda wf: wf.sleep_until("tomorrow"),
    lambda wf: wf.sleep_until(5),
    lambda wf: wf.parallel([echo("a")], timeout="x"),
    lambda wf: wf.parallel([echo("a")], timeout=-1),
    lambda wf: wf.parallel(echo("a")),
    lambda wf: wf.parallel("ab"),
    lambda wf: wf.branch(echo("a")),
    lambda wf: wf.branch([echo("a")]),
    lambda wf: wf.branch([(lambda ctx: True, echo("a"), 5)]),
    lambda wf: wf.foreach(echo("a"), concurrency=None),
    lambda wf: wf.foreach(echo("a"), concurrency="x"),
    lambda wf: wf.wait_for_event(""),
    lambda wf: wf.wait_for_event(5),
    lambda wf: wf.wait_for_event("a\0"),
    lambda wf: wf.wait_for_event("e", match=5),
    lambda wf: wf.wait_for_event("e", match={"k": {1}}),
    lambda wf: wf.wait_for_event("e", timeout="x"),
    lambda wf: wf.map(lambda ctx: 1, id=""),
    lambda wf: wf.map({"a": 1}),
    lambda wf: wf.then(echo("a"), metadata=5),
    lambda wf: wf.sleep(1, description=5),
]


@pytest.mark.parametrize("number", range(len(WRONG_ENTRIES)))
def test_a_wrong_entry_is_refused(number: int) -> None:
    with pytest.raises(DefinitionError):
        WRONG_ENTRIES[number](create_workflow(id="wf"))


@pytest.mark.parametrize("given", [0, -3, 0.5, math.inf, math.nan])
def test_a_concurrency_below_one_means_one(given: Any) -> None:
    [entry] = create_workflow(id="wf").foreach(echo("a"), concurrency=given).entries
    assert isinstance(entry, ForEach)
    assert entry.concurrency == 1


@pytest.mark.parametrize("text", ["\ud800", "a\nb", "\0", "a\x7f", "\x85"])
def test_an_id_that_cannot_be_shown_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError):
        echo(text)
    with pytest.raises(DefinitionError):
        create_workflow(id=text)
    with pytest.raises(DefinitionError):
        create_workflow(id="wf").sleep(1, id=text)


@pytest.mark.parametrize("options", [{"lease": 0}, {"lease": "x"}, {"lease": None}, {"cancel_grace": -1}], ids=str)
def test_an_engine_with_a_wrong_duration_is_refused(options: Any) -> None:
    with pytest.raises(DefinitionError):
        Engine(**options)


def test_the_durations_of_an_engine_may_be_timedeltas() -> None:
    engine = Engine(lease=timedelta(minutes=1), cancel_grace=timedelta(0))
    assert (engine.lease, engine.cancel_grace) == (60, 0)


class Needs(BaseModel):
    need: int


def reads(id: str) -> Any:
    """Make a step that gives everything it may read, as it gets it."""
    return create_step(
        id=id,
        input_schema=Needs,
        execute=lambda ctx: [str(each) for each in (ctx.input_data, ctx.state, ctx.get_init_data())],
    )


def test_what_is_not_checked_is_read_as_it_is() -> None:
    heard: list[Any] = []

    def hear(info: Any) -> None:
        heard.append((info.state, info.get_init_data()))

    options: Any = {"input_schema": Needs, "state_schema": Needs, "validate_inputs": False}
    workflow = create_workflow(id="wf", on_start=hear, on_finish=hear, **options).then(reads("a")).commit()

    async def scenario() -> None:
        run = await workflow.create_run()
        result = await run.start(input_data={"odd": 1}, initial_state={"odd": 2})
        assert result.result == ["{'odd': 1}", "{'odd': 2}", "{'odd': 1}"]
        assert heard == [({"odd": 2}, {"odd": 1})] * 2

    go(scenario())


@pytest.mark.parametrize("validates", [True, False])
def test_a_workflow_says_for_all_inside_whether_values_are_checked(validates: bool) -> None:
    heard: list[Any] = []
    inner = create_workflow(
        id="inner", input_schema=Needs, validate_inputs=not validates, on_finish=lambda info: heard.append(info.status)
    )
    outer = create_workflow(id="outer", validate_inputs=validates).then(inner.then(reads("a")).commit()).commit()

    async def scenario() -> None:
        result = await (await outer.create_run()).start(input_data={"odd": 1})
        assert result.status == ("failed" if validates else "success")
        assert ("inner.a" in result.steps) is not validates
        assert heard == [result.status]

    go(scenario())


def test_a_part_of_the_state_may_be_named_by_its_alias() -> None:
    class Tries(BaseModel):
        my_count: int = Field(0, alias="myCount")
        other: int = Field(1, validation_alias=AliasChoices("theOther", "otherOne"))

    async def change(ctx: Any) -> None:
        await ctx.set_state({"myCount": ctx.state.my_count + 1})
        await ctx.update_state(lambda state: {"my_count": state.my_count + 1, "unknown": 2})

    workflow = create_workflow(id="wf", state_schema=Tries).then(create_step(id="a", execute=change)).commit()

    async def scenario() -> None:
        result = await (await workflow.create_run()).start(initial_state={"myCount": 5}, include_state=True)
        assert result.state == {"my_count": 7, "other": 1}

    go(scenario())


class Plain:
    """No model."""


NO_SCHEMAS: list[Any] = ["int", 5, ["int"], {"type": "object"}, lambda ctx: 1, print, Plain, list[Plain], ..., object()]


@pytest.mark.parametrize("nonsense", NO_SCHEMAS)
def test_a_schema_that_is_none_is_refused_where_it_is_written(nonsense: Any) -> None:
    builds: list[Callable[[], Any]] = [
        lambda: create_step(id="a", execute=echo, input_schema=nonsense),
        lambda: create_step(id="a", execute=echo, state_schema=nonsense),
        lambda: create_workflow(id="w", output_schema=nonsense),
        lambda: create_workflow(id="w").wait_for_event("e", schema=nonsense),
        lambda: create_tool(id="t", execute=echo, input_schema=nonsense),
    ]
    for build in builds:
        with pytest.raises(DefinitionError, match="schema is a pydantic model or a type, such as int or list"):
            build()


def test_a_type_that_cannot_be_read_yet_is_waited_for() -> None:
    class Late:
        known = False

        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
            if not cls.known:
                raise NameError("Leaf is not defined yet")
            return handler(int)

    made = create_step(id="a", input_schema=Late, execute=lambda ctx: ctx.input_data + 1)
    Late.known = True
    wf = create_workflow(id="w").then(made).commit()

    async def scenario() -> None:
        _, result = await started(wf, 1)
        assert result.result == 2

    go(scenario())


def test_a_schema_may_name_a_class_that_is_defined_later() -> None:
    class Tree(BaseModel):
        leaves: list[Leaf]

    made = create_step(id="a", input_schema=Tree, execute=lambda ctx: len(ctx.input_data.leaves))

    class Leaf(BaseModel):
        size: int

    Tree.model_rebuild(_types_namespace={"Leaf": Leaf})
    wf = create_workflow(id="w").then(made).commit()

    async def scenario() -> None:
        _, result = await started(wf, {"leaves": [{"size": 1}]})
        assert result.result == 1

    go(scenario())
