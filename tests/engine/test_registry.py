"""The registry: what an engine knows by name."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app import Engine, Workflow, create_step, create_tool, create_workflow
from workflows_app.engine.registry import Registry
from workflows_app.errors import DefinitionError, EmptyWorkflow, UnknownReference, WorkflowNotFound


def named(id: str) -> Workflow:
    return create_workflow(id=id).then(create_step(id="a", execute=lambda ctx: 1))


def a_tool(id: str) -> Any:
    return create_tool(id=id, execute=lambda data, ctx: data)


def test_a_key_is_found_before_an_id() -> None:
    one, two = named("one"), named("two")
    registry = Registry({"two": one, "other": two})
    assert registry.get("two") is one
    assert registry.get("one") is one
    assert registry.get("other") is two


def test_registering_commits() -> None:
    workflow = named("one")
    Registry([workflow])
    assert workflow.committed
    with pytest.raises(EmptyWorkflow):
        Registry([create_workflow(id="empty")])


def test_two_workflows_of_one_id_are_refused() -> None:
    registry = Registry([named("one")])
    with pytest.raises(DefinitionError, match="one"):
        registry.add(named("one"))
    with pytest.raises(DefinitionError, match="one"):
        Registry([named("one"), named("one")])


def test_one_workflow_may_have_two_keys() -> None:
    workflow = named("one")
    registry = Registry({"a": workflow, "b": workflow})
    assert registry.get("a") is registry.get("b") is registry.get("one")


def test_what_is_unknown_is_refused_by_naming_what_is_known() -> None:
    registry = Registry([named("one")], tools=[a_tool("add")])
    with pytest.raises(WorkflowNotFound, match="one"):
        registry.get("two")
    with pytest.raises(UnknownReference, match="add"):
        registry.tool("sub")
    with pytest.raises(UnknownReference, match="none"):
        registry.agent("sage")
    with pytest.raises(WorkflowNotFound, match="none"):
        Registry().get("two")


def test_tools_and_agents_come_as_a_list_or_by_key() -> None:
    add = a_tool("add")
    assert Registry(tools=[add, add]).tool("add") is add
    assert Registry(tools={"plus": add}).tool("plus") is add
    with pytest.raises(DefinitionError):
        Registry(tools=[add, a_tool("add")])


def test_an_engine_hands_out_what_it_knows() -> None:
    add, workflow = a_tool("add"), named("one")
    engine = Engine({"key": workflow}, agents={"sage": add}, tools=[add])
    assert engine.list_workflows() == {"key": workflow}
    assert engine.get_workflow("one") is workflow
    assert engine.get_tool("add") is add
    assert engine.get_agent("sage") is add


def test_a_workflow_of_one_engine_is_copied_for_another() -> None:
    workflow = named("one")
    first, second = Engine([workflow]), Engine([workflow])
    assert first.get_workflow("one") is workflow
    assert second.get_workflow("one") is not workflow
    assert workflow.engine is first


def test_two_workflows_of_one_key_are_refused() -> None:
    engine = Engine({"key": named("one")})
    with pytest.raises(DefinitionError, match="'key'"):
        engine.add_workflow(named("two"), "key")
    assert list(engine.list_workflows()) == ["key"]


@pytest.mark.parametrize(
    "wrong",
    [{"workflows": [5]}, {"workflows": {"key": 5}}, {"workflows": named("one")}, {"agents": [5]}, {"tools": ["add"]}],
)
def test_what_is_no_workflow_agent_or_tool_is_refused(wrong: Any) -> None:
    with pytest.raises(DefinitionError, match="got"):
        Engine(**wrong)
