"""What a random program must come to: its plan, evaluated directly by plain recursion.

Most programs have one answer. Where the order of things decides (which member of a fail-fast parallel fails
first, which items of a foreach were started), the answer is a set of outcomes, and how often a body runs is a
range.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, NamedTuple

from tests.engine.trees import (
    Arm,
    Body,
    Each,
    Entry,
    Event,
    Flow,
    Fork,
    If,
    Json,
    Mapping,
    Nap,
    Round,
    Side,
    Task,
    canonical,
    chosen,
    digest,
    failures_of,
    listed,
)


class Outcome(NamedTuple):
    """How something ended; `what` is the canonical JSON of an output, or the message of an error."""

    how: Literal["done", "bailed", "failed"]
    what: str
    hopeless: bool = False


Outcomes = frozenset[Outcome]


@dataclass
class Trace:
    """What ran: per path the least and most performances; per key of the state its possible values."""

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    state: dict[str, set[Json]] = field(default_factory=dict)
    asks: bool = False
    sure: bool = True

    def maybe(self) -> Trace:
        """Say that not all of this need have happened."""
        return Trace({path: (0, most) for path, (_, most) in self.counts.items()}, self.state, self.asks, False)


class Answer(NamedTuple):
    outcomes: Outcomes
    trace: Trace

    def outputs(self) -> list[str]:
        return [outcome.what for outcome in self.outcomes if outcome.how == "done"]


def once(path: str) -> Trace:
    return Trace({path: (1, 1)})


def together(traces: Iterable[Trace]) -> Trace:
    """Join what all happened."""
    joined = Trace()
    for trace in traces:
        joined.counts |= trace.counts
        for key, values in trace.state.items():
            joined.state.setdefault(key, set()).update(values)
        joined.asks, joined.sure = joined.asks or trace.asks, joined.sure and trace.sure
    return joined


def either(traces: Sequence[Trace]) -> Trace:
    """Join alternatives of which one happened."""
    if len(traces) == 1:
        return traces[0]
    joined = together(traces)
    for path in joined.counts:
        ranges = [trace.counts.get(path, (0, 0)) for trace in traces]
        joined.counts[path] = min(low for low, _ in ranges), max(high for _, high in ranges)
    joined.sure = not traces
    return joined


def done(value: str) -> Outcomes:
    return frozenset([Outcome("done", value)])


def evaluate(plan: Flow, value: Json) -> Answer:
    """Say how a run of the plan may end and what it performs on the way."""
    return sequence(plan.entries, plan, "", canonical(value))


def sequence(entries: Sequence[Entry], flow: Flow, prefix: str, value: str) -> Answer:
    if not entries:
        return Answer(done(value), Trace())
    first = entry_answer(entries[0], flow, prefix, value)
    rest = [sequence(entries[1:], flow, prefix, output) for output in first.outputs()]
    ended = {outcome for outcome in first.outcomes if outcome.how != "done"}
    later = either([answer.trace for answer in rest])
    trace = together([first.trace, later.maybe() if ended and rest else later])
    return Answer(frozenset(ended).union(*(answer.outcomes for answer in rest)), trace)


def entry_answer(entry: Entry, flow: Flow, prefix: str, value: str) -> Answer:
    data = json.loads(value)
    match entry:
        case Task() | Flow():
            return body_answer(entry, flow, f"{prefix}{entry.id}", value)
        case Mapping(id):
            return Answer(done(canonical(digest(id, data))), once(f"{prefix}{id}"))
        case Nap(id, computed):
            return Answer(done(value), once(f"{prefix}{id}/duration") if computed else Trace())
        case Event(id):
            return Answer(done(canonical(id)), Trace(asks=True))
        case Side(arms, on_error):
            return side_by_side(arms, flow, prefix, value, on_error)
        case Fork():
            return fork_answer(entry, flow, prefix, value)
        case If(arm, salt, otherwise):
            taken = arm if chosen(salt, 0, data) else otherwise
            answer = Answer(done(value), Trace()) if taken is None else sequence(taken, flow, prefix, value)
            return Answer(answer.outcomes, together([once(condition(arm, prefix)), answer.trace]))
        case Round():
            return loop_answer(entry, flow, prefix, value, 1)
        case Each():
            return each_answer(entry, flow, prefix, value)


def condition(arm: Arm, prefix: str) -> str:
    return f"{prefix}{arm[0].id}/condition"


def body_answer(body: Body, flow: Flow, path: str, value: str) -> Answer:
    if isinstance(body, Task):
        return task_answer(body, flow, path, value)
    return nested_answer(body, flow, path, value, 0)


def task_answer(task: Task, flow: Flow, path: str, value: str) -> Answer:
    retries = flow.attempts if task.retries is None else task.retries
    fails = failures_of(task, path)
    tries = min(fails, 0 if task.hopeless else retries) + 1
    count = tries + task.asks
    trace = Trace({path: (count, count)}, asks=task.asks)
    if task.asks and task.sets:
        trace.state[f"{path}?"] = {1}
    if tries <= fails:
        return Answer(frozenset([Outcome("failed", f"{path} broke", task.hopeless)]), trace)
    output = digest(task.id, json.loads(value))
    if task.sets:
        trace.state[path] = {output}
    return Answer(frozenset([Outcome("bailed" if task.bails else "done", canonical(output))]), trace)


def nested_answer(flow: Flow, parent: Flow, path: str, value: str, failures: int) -> Answer:
    inner = f"{path}~{failures + 1}." if failures else f"{path}."
    answer = sequence(flow.entries, flow, inner, value)
    settled, again = set[Outcome](), 0
    for outcome in answer.outcomes:
        if outcome.how != "failed":
            settled.add(Outcome("done", outcome.what))
        elif outcome.hopeless or failures >= parent.attempts:
            settled.add(outcome)
        else:
            again += 1
    if not again:
        return Answer(frozenset(settled), answer.trace)
    after = nested_answer(flow, parent, path, value, failures + 1)
    trace = after.trace.maybe() if settled else after.trace
    return Answer(after.outcomes | settled, together([answer.trace, trace]))


def fork_answer(fork: Fork, flow: Flow, prefix: str, value: str) -> Answer:
    data = json.loads(value)
    taken = [arm for number, arm in enumerate(fork.arms) if chosen(fork.salt, number, data)]
    if fork.mode == "first":
        taken = taken[:1]
    if not taken and fork.otherwise is not None:
        taken = [fork.otherwise]
    answer = side_by_side(taken, flow, prefix, value, "wait_all")
    asked = [once(condition(arm, prefix)) for arm in fork.arms]
    return Answer(answer.outcomes, together([*asked, answer.trace]))


def side_by_side(arms: Sequence[Arm], flow: Flow, prefix: str, value: str, on_error: str) -> Answer:
    answers = {arm[-1].id: sequence(arm, flow, prefix, value) for arm in arms}
    trace = together([answer.trace for answer in answers.values()])
    found = set[Outcome]()
    unsure = False
    for members in product(*(sorted(answer.outcomes) for answer in answers.values())):
        failed = [member for member in members if member.how == "failed"]
        ended = {
            key: Outcome("done", "null") if member.how == "failed" and on_error == "collect" else member
            for key, member in zip(answers, members, strict=True)
        }
        if failed and on_error != "collect":
            # An answer that nobody gave yet does not keep a block from failing.
            open_ended = on_error == "fail_fast" or trace.asks
            found.update(failed if open_ended else failed[:1])
            unsure = unsure or open_ended
        else:
            found.add(all_ended(ended))
    return Answer(frozenset(found), trace.maybe() if unsure else trace)


def all_ended(ended: dict[str, Outcome]) -> Outcome:
    bailed = [outcome for outcome in ended.values() if outcome.how == "bailed"]
    outputs = {key: json.loads(outcome.what) for key, outcome in ended.items()}
    return bailed[0] if bailed else Outcome("done", canonical(outputs))


def loop_answer(loop: Round, flow: Flow, prefix: str, value: str, number: int) -> Answer:
    path = f"{prefix}{loop.body.id}#{number}"
    answer = body_answer(loop.body, flow, path, value)
    outcomes = {outcome for outcome in answer.outcomes if outcome.how != "done"}
    asked = once(f"{path}/condition")
    later = asked
    if number == loop.times:
        outcomes |= {outcome for outcome in answer.outcomes if outcome.how == "done"}
    elif answer.outputs():
        rest = [loop_answer(loop, flow, prefix, output, number + 1) for output in answer.outputs()]
        outcomes = outcomes.union(*(one.outcomes for one in rest))
        later = together([asked, either([one.trace for one in rest])])
    if not answer.outputs():
        return Answer(frozenset(outcomes), answer.trace)
    unsure = len(answer.outputs()) < len(answer.outcomes)
    return Answer(frozenset(outcomes), together([answer.trace, later.maybe() if unsure else later]))


def each_answer(each: Each, flow: Flow, prefix: str, value: str) -> Answer:
    items = listed(each.body.id, each.size, json.loads(value))
    path = f"{prefix}{each.body.id}"
    answers = [body_answer(each.body, flow, f"{path}[{n}]", canonical(item)) for n, item in enumerate(items)]
    helpers = [once(f"{path}-list")]
    # Even an empty list asks how many may run side by side.
    helpers += [once(f"{path}/concurrency")] if each.computed else []
    halting = next((n for n, a in enumerate(answers) if any(o.how != "done" for o in a.outcomes)), None)
    if halting is None or each.limit == 1:
        return one_by_one(answers, helpers)
    outcomes = {o for answer in answers for o in answer.outcomes if o.how != "done"}
    if all(answer.outputs() for answer in answers):
        outcomes |= one_by_one([Answer(done(a.outputs()[0]), a.trace) for a in answers], []).outcomes
    trace = together([*helpers, together([answer.trace for answer in answers]).maybe()])
    return Answer(frozenset(outcomes), trace)


def one_by_one(answers: Sequence[Answer], helpers: list[Trace]) -> Answer:
    outcomes = set[Outcome]()
    traces = list(helpers)
    unsure = False
    for answer in answers:
        traces.append(answer.trace.maybe() if unsure else answer.trace)
        halts = {outcome for outcome in answer.outcomes if outcome.how != "done"}
        outcomes |= halts
        unsure = unsure or bool(halts)
        if not answer.outputs():
            return Answer(frozenset(outcomes), together(traces))
    for outputs in product(*(answer.outputs() for answer in answers)):
        outcomes.add(Outcome("done", canonical([json.loads(output) for output in outputs])))
    return Answer(frozenset(outcomes), together(traces))
