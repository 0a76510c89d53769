"""Random programs: what a program is, how hypothesis draws one, and the workflow that it stands for.

A plan is plain data. Every task computes a digest of its id and its input, so a value that took a wrong way
shows in the result; a task may also fail a few times, ask, bail or set state, each as a function of what is
recorded, so that the order of things cannot matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from zlib import crc32

from hypothesis import strategies as st

from workflows_app import (
    NonRetryableError,
    RetryPolicy,
    StepContext,
    Workflow,
    create_step,
    create_workflow,
)
from workflows_app.engine.nodes import Step

Json: TypeAlias = Any


@dataclass(frozen=True)
class Task:
    """A step: it asks first, then fails so often, then succeeds or bails."""

    id: str
    fails: int = 0
    retries: int | None = None
    asks: bool = False
    sets: bool = False
    bails: bool = False
    heals: bool = False
    hopeless: bool = False


@dataclass(frozen=True)
class Mapping:
    id: str


@dataclass(frozen=True)
class Nap:
    id: str
    computed: bool = False


@dataclass(frozen=True)
class Event:
    id: str


@dataclass(frozen=True)
class Side:
    """A parallel."""

    arms: tuple[Arm, ...]
    on_error: str = "wait_all"


@dataclass(frozen=True)
class Fork:
    """A branch; an arm is taken where `salt` says so."""

    arms: tuple[Arm, ...]
    salt: int
    mode: str = "all"
    otherwise: Arm | None = None


@dataclass(frozen=True)
class If:
    arm: Arm
    salt: int
    otherwise: Arm | None = None


@dataclass(frozen=True)
class Round:
    """A loop of so many passes."""

    body: Body
    times: int
    until: bool


@dataclass(frozen=True)
class Each:
    """A mapping that makes a list, and a foreach over it."""

    body: Body
    size: int
    limit: int
    computed: bool = False


@dataclass(frozen=True)
class Flow:
    """A workflow; `attempts` are the retries of its steps and of the workflows nested in it."""

    id: str
    entries: tuple[Entry, ...]
    attempts: int = 0
    most: int | None = None


Body: TypeAlias = Task | Flow
Arm: TypeAlias = tuple[Body, ...]
Entry: TypeAlias = Task | Mapping | Nap | Event | Side | Fork | If | Round | Each | Flow


def canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def digest(id: str, value: Json) -> int:
    return crc32(f"{id}:{canonical(value)}".encode()) % 1000


def chosen(salt: int, position: int, value: Json) -> bool:
    """Tell whether an arm is taken on a value."""
    return crc32(f"{salt}:{position}:{canonical(value)}".encode()) % 2 == 0


def listed(id: str, size: int, value: Json) -> list[int]:
    return [digest(f"{id}-{number}", value) for number in range(size)]


def failures_of(task: Task, path: str) -> int:
    """Number the failures of a task; one that heals fails in the first try of its workflow only."""
    return 0 if task.heals and "~" in path else task.fails


# From a plan to a workflow


def execute(task: Task) -> Callable[[StepContext], Any]:
    async def run(ctx: StepContext) -> Json:
        path = ctx._call.path
        if task.asks and ctx.resume_data is None:
            if task.sets:
                ctx.set_state({f"{path}?": 1})
            return await ctx.suspend({"ask": path})
        if ctx.retry_count < failures_of(task, path):
            raise NonRetryableError(f"{path} broke") if task.hopeless else ValueError(f"{path} broke")
        output = digest(task.id, ctx.input_data)
        if task.sets:
            await ctx.set_state({path: output})
        return ctx.bail(output) if task.bails else output

    return run


def step_of(task: Task) -> Step:
    return create_step(id=task.id, retries=task.retries, execute=execute(task))


def build(flow: Flow) -> Workflow:
    """Make the workflow that a plan stands for."""
    policy = RetryPolicy(attempts=flow.attempts)
    workflow = create_workflow(id=flow.id, retry=policy, max_concurrency=flow.most)
    for entry in flow.entries:
        add(workflow, entry)
    return workflow.commit()


def built(body: Body) -> Any:
    return step_of(body) if isinstance(body, Task) else build(body)


def arm_of(arm: Arm) -> Any:
    return built(arm[0]) if len(arm) == 1 else [built(body) for body in arm]


def asking(salt: int, position: int) -> Callable[[Any], bool]:
    return lambda ctx: chosen(salt, position, ctx.input_data)


def add(workflow: Workflow, entry: Entry) -> None:
    match entry:
        case Task() | Flow():
            workflow.then(built(entry))
        case Mapping(id):
            workflow.map(lambda ctx: digest(id, ctx.input_data), id=id)
        case Nap(id, computed):
            workflow.sleep((lambda ctx: 0.001) if computed else 0.001, id=id)
        case Event(id):
            workflow.wait_for_event(id, id=id)
        case Side(arms, on_error):
            workflow.parallel([arm_of(arm) for arm in arms], on_error=on_error)  # type: ignore[arg-type]
        case Fork(arms, salt, mode, otherwise):
            made = [(asking(salt, number), arm_of(arm)) for number, arm in enumerate(arms)]
            last = None if otherwise is None else arm_of(otherwise)
            workflow.branch(made, mode=mode, otherwise=last)  # type: ignore[arg-type]
        case If(arm, salt, otherwise):
            last = None if otherwise is None else arm_of(otherwise)
            workflow.when(asking(salt, 0), arm_of(arm), otherwise=last)
        case Round(body, times, until):
            loop = workflow.dountil if until else workflow.dowhile
            loop(built(body), lambda ctx: (ctx.iteration_count >= times) is until)
        case Each(body, size, limit, computed):
            workflow.map(lambda ctx: listed(body.id, size, ctx.input_data), id=f"{body.id}-list")
            workflow.foreach(built(body), concurrency=(lambda ctx: limit) if computed else limit)


# Drawing plans


class Names:
    """Numbers what a drawn plan consists of, so that no id stands twice."""

    def __init__(self) -> None:
        self.count = 0

    def next(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"


Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
RARELY = st.sampled_from([False, False, False, True])


def draw_task(draw: Draw, names: Names) -> Task:
    if draw(st.booleans()):
        return Task(names.next("t"))
    return Task(
        names.next("t"),
        fails=draw(st.sampled_from([0, 0, 1, 2])),
        retries=draw(st.sampled_from([None, None, 1, 2])),
        asks=draw(RARELY),
        sets=draw(st.booleans()),
        bails=draw(st.sampled_from([False] * 9 + [True])),
        heals=draw(RARELY),
        hopeless=draw(RARELY),
    )


def draw_body(draw: Draw, names: Names, depth: int) -> Body:
    nested = depth > 0 and draw(RARELY)
    return draw_flow(draw, names, depth - 1) if nested else draw_task(draw, names)


def draw_arm(draw: Draw, names: Names, depth: int) -> Arm:
    return tuple(draw_body(draw, names, depth) for _ in range(draw(st.sampled_from([1, 1, 2]))))


def draw_arms(draw: Draw, names: Names, depth: int) -> tuple[Arm, ...]:
    return tuple(draw_arm(draw, names, depth) for _ in range(draw(st.integers(1, 3))))


def draw_entry(draw: Draw, names: Names, depth: int) -> Entry:
    salt = st.integers(0, 9)
    match draw(st.sampled_from(["task", "task", "map", "nap", "event", "side", "fork", "if", "round", "each"])):
        case "map":
            return Mapping(names.next("m"))
        case "nap":
            return Nap(names.next("z"), draw(st.booleans()))
        case "event":
            return Event(names.next("e"))
        case "side":
            on_error = draw(st.sampled_from(["wait_all", "fail_fast", "collect"]))
            return Side(draw_arms(draw, names, depth), on_error)
        case "fork":
            last = draw_arm(draw, names, depth) if draw(st.booleans()) else None
            mode = draw(st.sampled_from(["all", "first"]))
            return Fork(draw_arms(draw, names, depth), draw(salt), mode, last)
        case "if":
            last = draw_arm(draw, names, depth) if draw(st.booleans()) else None
            return If(draw_arm(draw, names, depth), draw(salt), last)
        case "round":
            return Round(draw_body(draw, names, depth), draw(st.integers(1, 3)), draw(st.booleans()))
        case "each":
            body, size = draw_body(draw, names, depth), draw(st.integers(0, 4))
            return Each(body, size, draw(st.integers(1, 3)), draw(RARELY))
    return draw_body(draw, names, depth)


def draw_flow(draw: Draw, names: Names, depth: int) -> Flow:
    entries = tuple(draw_entry(draw, names, depth) for _ in range(draw(st.integers(1, 3))))
    return Flow(names.next("w"), entries, attempts=draw(st.sampled_from([0, 0, 1])))


@st.composite
def plans(draw: Draw, depth: int = 2) -> Flow:
    """Draw a workflow of any constructs, nested up to so many levels below it."""
    names = Names()
    entries = tuple(draw_entry(draw, names, depth) for _ in range(draw(st.integers(1, 4))))
    attempts, most = draw(st.sampled_from([0, 0, 1])), draw(st.sampled_from([None, None, 1, 2]))
    return Flow("wf", entries, attempts, most)
