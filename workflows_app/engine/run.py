"""Run: the handle that authors hold on one execution of a workflow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from . import verbs
from .active import ActiveRun
from .arguments import count
from .breakpoints import break_before, clear_breakpoints
from .callbacks import call_start
from .drift import adopt
from .ends import check_room
from .errors import InvalidInput, NotSuspended
from .events import Event
from .history import History
from .observe import Feed, Stream, relay
from .ports import RunHead
from .preview import Preview, preview
from .rewind import rewind
from .snapshot import Result
from .workflow import Workflow

Context = Mapping[str, Any] | None
Act = Callable[[ActiveRun], Sequence[Event]]
RESUME_BUDGET_SECONDS = 2.0
RESUME_POLL_SECONDS = 0.025


class Run:
    """One execution of a workflow. Every verb leaves the run as it was when it raises."""

    def __init__(self, engine: Any, workflow: Workflow, head: RunHead) -> None:
        self.engine, self.workflow, self.head = engine, workflow, head
        self._stream: Stream | None = None
        self._has_answered = False
        self._watched_by: set[Feed] = set()

    @property
    def id(self) -> str:
        return self.head.id

    @property
    def run_id(self) -> str:
        return self.head.id

    @property
    def workflow_id(self) -> str:
        return self.head.workflow_id

    @property
    def resource_id(self) -> str | None:
        return self.head.resource_id

    def __repr__(self) -> str:
        return f"<Run {self.id} of {self.workflow_id}>"

    # Start

    async def start(
        self, *, input_data: Any = None, initial_state: Any = None, request_context: Context = None,
        include_state: bool = False, per_step: bool = False, breakpoints: Sequence[Any] = (),
        tracing_options: Context = None, by: str | None = None,
    ) -> Result:  # fmt: skip
        """Run to the next rest and give the result; a step's failure is data in it.

        The run pauses before every step named in `breakpoints`, until `step` or `resume_all_steps`.
        `traces.Tracing` says what `tracing_options` may hold.
        Raises: InvalidInput, InvalidState, InvalidRequestContext, UnknownStep, RunAlreadyStarted
        """
        given = (input_data, initial_state, request_context, per_step, breakpoints, tracing_options, by)
        act = await self._starting(*given)
        return await self._until_rest(act, include_state=include_state, fresh=True)

    async def start_async(
        self, *, input_data: Any = None, initial_state: Any = None, request_context: Context = None,
        per_step: bool = False, breakpoints: Sequence[Any] = (), tracing_options: Context = None,
        by: str | None = None,
    ) -> str:  # fmt: skip
        """Start and return the run's id at once. Raises: as start"""
        given = (input_data, initial_state, request_context, per_step, breakpoints, tracing_options, by)
        act = await self._starting(*given)
        await self._act(act, fresh=True)
        return self.id

    async def _starting(
        self, input_data: Any, initial_state: Any, request_context: Context, per_step: bool,
        breakpoints: Sequence[Any], tracing_options: Context, by: str | None,
    ) -> Act:  # fmt: skip
        workflow = self.workflow
        given = verbs.checked_start(
            workflow, input_data, initial_state, request_context, per_step=per_step, breakpoints=breakpoints,
            tracing_options=tracing_options, by=by,
        )  # fmt: skip
        await call_start(self.engine, workflow, self.head, given)
        return lambda active: verbs.start(workflow, active.known, given, self.engine.now())

    def stream(
        self, *, input_data: Any = None, initial_state: Any = None, request_context: Context = None,
        close_on_suspend: bool = True, include_state: bool = False, per_step: bool = False,
        breakpoints: Sequence[Any] = (), tracing_options: Context = None, by: str | None = None,
    ) -> Stream:  # fmt: skip
        """Start and give the run's events, the same ones unless it was refused. Reading raises what start raises."""
        if self._stream is not None and not self._stream.was_refused:
            return self._stream

        async def launch() -> tuple[RunHead, int]:
            given = (input_data, initial_state, request_context, per_step, breakpoints, tracing_options, by)
            act = await self._starting(*given)
            return await self._launched(act, fresh=True)

        self._stream = self._open(launch, close_on_suspend=close_on_suspend, include_state=include_state)
        return self._stream

    # Go on

    async def resume(
        self, *, step: Any = None, resume_data: Any = None, label: str | None = None,
        for_each_index: int | None = None, all: bool = False, request_context: Context = None,
        per_step: bool = False, include_state: bool = False, force: bool = False, by: str | None = None,
        groups: Collection[str] = (), asked: int | None = None,
    ) -> Result:  # fmt: skip
        """Answer a suspension, `by` for `groups`, and wait for the next rest; with `force` past a changed graph.

        Raises: NotSuspended, UnknownStep, AmbiguousStep, ResumeAlreadyClaimed, InvalidResumeData, AnswerRefused,
            DefinitionChanged
        """
        act = self._resuming(
            step=step, resume_data=resume_data, label=label, for_each_index=for_each_index, all=all,
            request_context=request_context, per_step=per_step, force=force, by=by, groups=groups, asked=asked,
        )  # fmt: skip
        result: Result = await self._patiently(lambda: self._until_rest(act, include_state=include_state))
        return result

    async def resume_async(
        self, *, step: Any = None, resume_data: Any = None, label: str | None = None,
        for_each_index: int | None = None, all: bool = False, request_context: Context = None, per_step: bool = False,
        force: bool = False, by: str | None = None, groups: Collection[str] = (), asked: int | None = None,
    ) -> str:  # fmt: skip
        """Answer a suspension and return the run's id at once. Raises: as resume"""
        act = self._resuming(
            step=step, resume_data=resume_data, label=label, for_each_index=for_each_index, all=all,
            request_context=request_context, per_step=per_step, force=force, by=by, groups=groups, asked=asked,
        )  # fmt: skip
        await self._patiently(lambda: self._act(act))
        return self.id

    def resume_stream(
        self, *, step: Any = None, resume_data: Any = None, label: str | None = None,
        for_each_index: int | None = None, all: bool = False, request_context: Context = None,
        per_step: bool = False, close_on_suspend: bool = True, force: bool = False, by: str | None = None,
        groups: Collection[str] = (), asked: int | None = None,
    ) -> Stream:  # fmt: skip
        """Answer a suspension and give the events from there. Reading the stream raises what resume raises."""
        act = self._resuming(
            step=step, resume_data=resume_data, label=label, for_each_index=for_each_index, all=all,
            request_context=request_context, per_step=per_step, force=force, by=by, groups=groups, asked=asked,
        )  # fmt: skip
        return self._open(lambda: self._patiently(lambda: self._launched(act)), close_on_suspend=close_on_suspend)

    def _resuming(self, **arguments: Any) -> Act:
        wanted: list[str] = []

        def act(active: ActiveRun) -> Sequence[Event]:
            try:
                requester = active.known.started_by or active.head.started_by
                answers = verbs.resume(self.workflow, active.known, self.engine.now(), requester=requester, **arguments)
            except NotSuspended:
                if wanted or self._was_faster(active):
                    raise verbs.claimed(active.known, wanted[0] if wanted else None) from None
                raise
            wanted[:] = [answer.path for answer in answers if answer.path]
            self._has_answered = True
            return answers

        return act

    def _was_faster(self, active: ActiveRun) -> bool:
        """Tell whether somebody else answered since this handle saw the run suspended."""
        return self.head.status == "suspended" and not self._has_answered and active.known.seq > self.head.seq

    async def _patiently(self, attempt: Callable[[], Any]) -> Any:
        """Give a suspension that is just being recorded elsewhere a moment to arrive."""
        deadline = asyncio.get_running_loop().time() + RESUME_BUDGET_SECONDS
        looked = -1
        while True:
            try:
                return await attempt()
            except NotSuspended:
                head = await self.engine.head(self.id)
                late = asyncio.get_running_loop().time() > deadline
                if late or (head.seq == looked and head.status not in ("running", "pending")) or head.seq == 0:
                    raise
                looked = head.seq
            await asyncio.sleep(RESUME_POLL_SECONDS)

    async def restart(self, *, request_context: Context = None, force: bool = False, by: str | None = None) -> Result:
        """Go on with an active run whose worker is gone; a finished one gives its stored outcome.

        Raises: NotActive, StillRunning, DefinitionChanged
        """
        return await self._until_rest(await self._restarting(request_context=request_context, force=force, by=by))

    async def restart_async(
        self, *, request_context: Context = None, force: bool = False, by: str | None = None
    ) -> str:
        """Restart and return the run's id at once. Raises: as restart"""
        await self._act(await self._restarting(request_context=request_context, force=force, by=by))
        return self.id

    async def _restarting(self, **arguments: Any) -> Act:
        await self.engine.head(self.id)
        dead = await self.engine.at_home(self.engine.dead_calls(self.id))
        return lambda active: verbs.restart(self.workflow, active.known, self.engine.now(), dead=dead, **arguments)

    async def time_travel(
        self, *, step: Any = None, input_data: Any = None, resume_data: Any = None, initial_state: Any = None,
        context: Context = None, nested_steps_context: Context = None, request_context: Context = None,
        per_step: bool = False, include_state: bool = False, fork: bool = False, by: str | None = None,
    ) -> Result:  # fmt: skip
        """Go back to before a step and run from there, in this run or in a fork of it.

        `context` and `nested_steps_context` give results of steps that the run has none of.
        Shape: {step id: {"status", "payload"?, "output"?}}, for nested steps by the path of their workflow.
        Raises: StillRunning, UnknownStep, MissingResult, InvalidInput, InvalidState, InvalidRequestContext
        """
        run, act, _ = await self._travelling(
            step=step, input_data=input_data, resume_data=resume_data, initial_state=initial_state, context=context,
            nested_steps_context=nested_steps_context, request_context=request_context, per_step=per_step, fork=fork,
            by=by,
        )  # fmt: skip
        return await run._until_rest(act, include_state=include_state)

    async def time_travel_async(self, *, fork: bool = False, **arguments: Any) -> str:
        """Go back and return at once the id of the run that goes on: this one, or its fork. Raises: as time_travel"""
        run, act, _ = await self._travelling(fork=fork, **arguments)
        await run._act(act)
        return run.id

    def time_travel_stream(
        self, *, step: Any = None, input_data: Any = None, resume_data: Any = None, initial_state: Any = None,
        context: Context = None, nested_steps_context: Context = None, request_context: Context = None,
        per_step: bool = False, fork: bool = False, close_on_suspend: bool = True, by: str | None = None,
    ) -> Stream:  # fmt: skip
        """Time travel, and give the events from there. Reading the stream raises what time_travel raises."""

        async def launch() -> tuple[RunHead, int]:
            run, act, copied = await self._travelling(
                step=step, input_data=input_data, resume_data=resume_data, initial_state=initial_state,
                context=context, nested_steps_context=nested_steps_context, request_context=request_context,
                per_step=per_step, fork=fork, by=by,
            )  # fmt: skip
            head, before = await run._launched(act)
            return head, before + copied

        return self._open(launch, close_on_suspend=close_on_suspend)

    async def _travelling(self, *, fork: bool, **arguments: Any) -> tuple[Run, Act, int]:
        """Give the run to act on, made when the way back is there if a fork, and how many public events it copies."""
        if not fork:
            return self, lambda active: rewind(self.workflow, active.known, self.engine.now(), **arguments), 0
        stored = await self.engine.read(self.id)
        rewound = rewind(self.workflow, History(stored.events), self.engine.now(), **arguments)
        check_room(ActiveRun(stored.head, self.workflow), [*stored.events, *rewound], self.engine)
        made: Run = await self.engine.create_run(
            self.workflow, resource_id=self.resource_id, tags=stored.head.tags, forked_from=self.id,
            started_by=arguments.get("by"),
        )  # fmt: skip
        return made, lambda active: () if active.known.seq else [*stored.events, *rewound], stored.head.stream

    async def step(self, *, by: str | None = None) -> Result:
        """Run the next step of a paused run. Raises: NotActive, DefinitionChanged"""
        return await self._until_rest(self._unpausing(1, by))

    async def step_async(self, *, by: str | None = None) -> None:
        """Have the next step of a paused run performed; returns at once. Raises: NotActive"""
        await self._act(self._unpausing(1, by))

    async def resume_all_steps(self, *, by: str | None = None) -> Result:
        """Let a paused run go on to its end. Raises: NotActive, DefinitionChanged"""
        return await self._until_rest(self._unpausing(None, by))

    async def resume_all_steps_async(self, *, by: str | None = None) -> None:
        """Let a paused run go on; returns at once. Raises: NotActive"""
        await self._act(self._unpausing(None, by))

    def _unpausing(self, budget: int | None, by: str | None) -> Act:
        return lambda active: verbs.unpause(self.workflow, active.known, self.engine.now(), budget=budget, by=by)

    async def break_before(self, steps: Sequence[Any], *, by: str | None = None) -> list[str]:
        """Have the run pause before more steps; gives all it pauses before then. Raises: NotActive, UnknownStep"""
        return await self._breaking(lambda a: break_before(self.workflow, a.known, self.engine.now(), steps, by=by))

    async def clear_breakpoints(self, steps: Sequence[Any] | None = None, *, by: str | None = None) -> list[str]:
        """Have the run not pause before some steps any more, or before none; gives those left. Raises: NotActive"""
        return await self._breaking(lambda a: clear_breakpoints(a.known, self.engine.now(), steps, by=by))

    async def _breaking(self, act: Act) -> list[str]:
        history: History = await self.engine.at_home(self.engine.act(self.head, act))
        return sorted(history.breakpoints)

    async def adopt_definition(self, *, by: str | None = None) -> None:
        """Go on with the graph that the workflow has now, without what it lacks of this run's records."""
        await self._act(lambda a: adopt(self.workflow, a.known, self.engine.now(), force=True, by=by))

    async def cancel(self, reason: str | None = None, *, by: str | None = None) -> None:
        """Cancel the run; returns when that is recorded. A finished run stays as it is."""
        await self._act(self._canceling(reason=reason, by=by))

    def _canceling(self, **arguments: Any) -> Act:
        grace = self.engine.cancel_grace
        return lambda active: verbs.cancel(active.known, self.engine.now(), grace=grace, **arguments)

    async def preview(self, verb: str, **arguments: Any) -> Preview:
        """Say what restart, time_travel, resume or cancel would do with these arguments; nothing changes.

        Raises: what the verb raises, InvalidInput for another verb
        """
        act = await self._acting(verb, arguments)
        stored = await self.engine.read(self.id)
        before, after = History(stored.events), History(stored.events)
        looked_at = ActiveRun(stored.head, self.workflow)
        looked_at.history = before
        return preview(self.workflow, verb, before, after, act(looked_at), self.engine.now())

    async def _acting(self, verb: str, arguments: dict[str, Any]) -> Act:
        given = {key: value for key, value in arguments.items() if key not in ("fork", "include_state")}
        match verb:
            case "restart":
                return await self._restarting(**given)
            case "resume":
                return self._resuming(**given)
            case "time_travel":
                return (await self._travelling(fork=False, **given))[1]
            case "cancel":
                return self._canceling(**given)
        raise InvalidInput(f"There is a preview of restart, time_travel, resume and cancel, not of {verb!r}.")

    # Look on

    def observe_stream(self, offset: int = 0, *, close_on_suspend: bool = True, endless: bool = False) -> Stream:
        """Give everything recorded after `offset` events, then what follows live until the run rests.

        With `endless` until the stream is closed, as a run that has ended may be rewound. Raises: InvalidInput
        """
        begin = count("offset", offset)
        return self._open(None, offset=begin, close_on_suspend=close_on_suspend, endless=endless)

    def watch(self, callback: Callable[[dict[str, Any]], Any]) -> Callable[[], None]:
        """Call back with every event from now on, until the returned function is called."""
        feed = Feed(self.engine, self.head)
        self._watched_by.add(feed)
        known = self.engine.turns.active.get(self.id)
        since = known.history.seq if known is not None and known.history is not None else None
        task = self.engine.turns.spawn(relay(feed, callback, since))

        def unsubscribe() -> None:
            feed.close()
            feed.begun.set()
            self._watched_by.discard(feed)
            task.cancel()

        return unsubscribe

    # Below

    async def _act(self, act: Act, *, fresh: bool = False) -> None:
        await self._are_watching()
        await self.engine.at_home(self.engine.act(self.head, act, fresh=fresh))

    async def _until_rest(self, act: Act, *, include_state: bool = False, fresh: bool = False) -> Result:
        await self._are_watching()
        result: Result = await self.engine.at_home(
            self.engine.act_until_rest(self.head, act, include_state=include_state, fresh=fresh)
        )
        return result

    async def _are_watching(self) -> None:
        """Let those that watch have begun, so that they are told of all that comes of a verb before it is done."""
        for feed in tuple(self._watched_by):
            await feed.begun.wait()

    async def _launched(self, act: Act, *, fresh: bool = False) -> tuple[RunHead, int]:
        """Act, and give the run with the number of public events before it; 0 where there was nothing to do."""
        before = 0

        def acting(active: ActiveRun) -> Sequence[Event]:
            nonlocal before
            before = active.stream if (happened := act(active)) else 0
            return happened

        await self._act(acting, fresh=fresh)
        return self.head, before

    def _open(self, launch: Any, **options: Any) -> Stream:
        stream = Stream(self.engine, self.workflow, self.head, launch=launch, **options)
        stream.begin()
        return stream
