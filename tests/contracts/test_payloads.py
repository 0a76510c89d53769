"""Odd values: each is refused by name, or comes back the same, whatever the run is kept on."""

from __future__ import annotations

import math
from typing import Any

from pydantic import SecretStr

from workflows_app import Engine, create_step, create_workflow
from workflows_app.engine.ports import Journal
from workflows_app.engine.secrets import MASK

DEEP: Any = 1
for _ in range(60):
    DEEP = [DEEP]
TOO_DEEP = [[[[[[DEEP]]]]]]
LOOP: list[Any] = []
LOOP.append(LOOP)

KEPT: dict[str, Any] = {
    "nothing": None,
    "a large whole number": 2**53 + 1,
    "a larger one": -(10**4_000),
    "the smallest fraction": 5e-324,
    "the largest": 1.7976931348623157e308,
    "minus zero": -0.0,
    "one half": 0.5,
    "a fraction that is whole": 3.0,
    "no text": "",
    "controls": "\x01\x1f\x7f\x85",
    "separators": "\u2028\u2029",
    "beyond the plane": "𝄞🏳️‍🌈",
    "from right to left": "\u202eabc",
    "what looks like an escape": "\\u0000 \\ud800",
    "what looks like a seal": {"\\u0000": ["x"]},
    "names of JavaScript": {"__proto__": {"a": 1}, "constructor": 1, "toString": None},
    "no name": {"": {"": 0}},
    "names that differ in case": {"a": 1, "A": 2},
    "order of names": {"z": 1, "a": 2, "10": 3, "9": 4},
    "many levels": DEEP,
    "many things": list(range(5_000)),
    "a long text": "lorem ipsum " * 5_000,
    "a long text that does not shrink": "".join(chr(33 + (n * 7919) % 9000) for n in range(20_000)),
}
REFUSED: dict[str, tuple[Any, str]] = {
    "not a number": ({"a": [math.nan]}, "a.0"),
    "infinity": ({"a": math.inf}, "a"),
    "a NUL": ({"a": "x\0y"}, "a"),
    "a NUL in a name": ({"x\0y": 1}, "value"),
    "half a character": ({"a": "\ud800"}, "a"),
    "half a character in a name": ({"\udfff": 1}, "value"),
    "a set": ({"a": {1}}, "a"),
    "bytes": ({"a": b"x"}, "a"),
    "a name that is a number": ({"a": {1: 2}}, "a"),
    "too many digits": ({"a": 10**4_300}, "a"),
    "too many levels": (TOO_DEEP, "0" + ".0" * 63),
    "an object": ({"a": object()}, "a"),
    "a function": ({"a": print}, "a"),
    "a complex number": ({"a": 1j}, "a"),
    "itself": (LOOP, "0" + ".0" * 63),
}


async def test_what_is_kept_comes_back_the_same(journal: Journal) -> None:
    give = create_step(id="give", execute=lambda ctx: KEPT[ctx.input_data])
    engine = Engine([create_workflow(id="wf").foreach(give, concurrency=5).commit()], journal=journal)
    run = await engine.get_workflow("wf").create_run()

    result = await run.start(input_data=list(KEPT), initial_state={"all": KEPT}, include_state=True)
    read = await run.workflow.get_workflow_run_by_id(run.id)

    assert read is not None
    for found in (result.result, read.result):
        for (name, value), back in zip(KEPT.items(), found, strict=True):
            assert (repr(back), type(back)) == (repr(value), type(value)), name
    assert repr(read.state["all"]) == repr(KEPT)
    await engine.close()


async def test_what_is_refused_fails_its_step_alone(journal: Journal) -> None:
    give = create_step(id="give", execute=lambda ctx: REFUSED[ctx.input_data][0])
    steps = create_workflow(id="wf").then(give).commit()
    engine = Engine([steps], journal=journal)

    for name, (_, path) in REFUSED.items():
        result = await (await engine.get_workflow("wf").create_run()).start(input_data=name)
        assert result.status == "failed", name
        assert result.error["name"] == "InvalidPayload", name
        assert result.error["details"]["errors"][0]["path"] == path, name
    await engine.close()


async def test_a_secret_is_kept_on_every_journal(journal: Journal) -> None:
    seen: list[str] = []
    workflow = (
        create_workflow(id="wf")
        .then(create_step(id="a", execute=lambda ctx: {"key": SecretStr("hunter2-hunter2")}))
        .then(create_step(id="b", execute=lambda ctx: seen.append(ctx.input_data["key"])))
        .commit()
    )
    engine = Engine([workflow], journal=journal)
    result = await (await engine.get_workflow("wf").create_run()).start()

    assert seen == ["hunter2-hunter2"]
    assert result.steps["a"].output == {"key": MASK}
    await engine.close()
