"""What models used is read off finish chunks and summed."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app.engine.usage import added, told, used

TWO = {"inputTokens": 2, "outputTokens": 1, "totalTokens": 3}


def finish(usage: Any) -> dict[str, Any]:
    return {"type": "finish", "usage": usage}


@pytest.mark.parametrize(
    "output",
    [
        finish({"inputTokens": 2, "outputTokens": 1}),
        finish({"input_tokens": 2, "output_tokens": 1, "model": "m", "cached": True, "cost": float("nan")}),
        finish({"inputTokens": 2, "outputTokens": 1, "totalTokens": 3}),
        {"type": "finish", "payload": {"usage": {"inputTokens": 2, "outputTokens": 1}}},
    ],
)
def test_a_finish_chunk_tells_of_tokens(output: Any) -> None:
    assert told(output) == TWO


@pytest.mark.parametrize(
    "output",
    [
        "finish",
        {"type": "text-delta", "usage": TWO},
        {"type": "finish"},
        {"type": "finish", "payload": 3},
        finish(7),
        finish({"model": "m"}),
    ],
)
def test_what_tells_of_no_tokens_is_left_alone(output: Any) -> None:
    assert told(output) is None


def test_the_usage_of_a_step_is_the_sum_over_what_it_wrote() -> None:
    chunks = [
        {"output": finish(TWO)},
        {"type": "data-x", "output": finish(TWO)},
        {"output": 1},
        {"output": finish(TWO)},
    ]
    assert used(chunks) == {"inputTokens": 4, "outputTokens": 2, "totalTokens": 6}
    assert used([{"output": 1}]) is None


def test_an_unknown_usage_adds_nothing() -> None:
    assert added(None, None) is None
    assert added({"totalTokens": 3}, None) == added(None, {"totalTokens": 3})
    assert added({"reasoningTokens": 1}, {"inputTokens": 1}) == {
        "inputTokens": 1, "outputTokens": 0, "totalTokens": 0, "reasoningTokens": 1
    }  # fmt: skip
