"""Where a command drives runs: on this installation's database, or in a studio at an address."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Protocol

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.db import DatabaseError

from workflows_app import runtime
from workflows_app.client import AsyncStudio, AsyncWorkflow, NotAllowed
from workflows_app.engine import Workflow, verbs
from workflows_app.engine.history import History
from workflows_app.engine.paths import public
from workflows_app.engine.schema import Json
from workflows_app.errors import AnswerRefused, InvalidData, RunNotFound, WorkflowNotFound, WorkflowsError
from workflows_app.web.approvals.answering import harmless

REFUSED = 2
BY = "command line"
TOKEN = "STUDIO_TOKEN"  # noqa: S105 - the name of a variable


class Place(Protocol):
    """Where runs are. Workflows and runs have the same verbs in both.

    `by` is what these take beside, and an answer `answering`.
    """

    by: Mapping[str, str]
    answering: Mapping[str, Any]

    async def workflow(self, name: str) -> Any: ...

    async def run(self, workflow: Any, run_id: str) -> Any: ...

    async def new_run(self, workflow: Any, run_id: str | None, given: Mapping[str, Any]) -> Any: ...

    async def withdraw(self, run: Any) -> None: ...

    def answer_schema(self, workflow: Any, path: str) -> Json: ...

    async def proposals(self, workflow: Any, run_id: str) -> Mapping[str, Json]:
        """Give the answers that the open questions of a run propose, by where they are asked."""
        ...


class Here:
    """This installation's database; the command itself performs the runs."""

    def __init__(self, by: str = BY, groups: Collection[str] = ()) -> None:
        self.by: Mapping[str, str] = {"by": by}
        self.answering: Mapping[str, Any] = {"by": by, "groups": groups}

    async def workflow(self, name: str) -> Workflow:
        try:
            return runtime.get_engine().get_workflow(name)
        except WorkflowNotFound as error:
            unread = [f"{offer.key}: {last_line(offer.error)}" for offer in runtime.get_catalogue() if offer.error]
            if not unread:
                raise
            raise WorkflowNotFound(f"{error.message} Not read: {'; '.join(unread)}") from error

    async def run(self, workflow: Workflow, run_id: str) -> Any:
        run = await runtime.get_engine().get_run(run_id)
        if run.workflow_id != workflow.id:
            raise not_found(workflow, run_id)
        return run

    async def new_run(self, workflow: Workflow, run_id: str | None, given: Mapping[str, Any]) -> Any:
        verbs.checked_start(workflow, *given.values())
        return await workflow.create_run(run_id=run_id)

    async def withdraw(self, run: Any) -> None:
        """What does not fit is known before there is a run."""

    def answer_schema(self, workflow: Workflow, path: str) -> Json:
        return verbs.resume_schema(workflow, path).json_schema()

    async def proposals(self, workflow: Workflow, run_id: str) -> Mapping[str, Json]:
        history = History((await runtime.get_engine().read(run_id)).events)
        return {
            public(one.path): harmless(one.proposal, verbs.resume_schema(workflow, one.path, one.form))
            for one in history.suspended
            if one.proposal is not None
        }


def last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


class There:
    """A studio at an address, which performs the runs."""

    by: Mapping[str, str] = {}
    answering: Mapping[str, Any] = {}

    def __init__(self, studio: AsyncStudio) -> None:
        self.studio = studio

    async def workflow(self, name: str) -> AsyncWorkflow:
        return await self.studio.get_workflow(name)

    async def run(self, workflow: AsyncWorkflow, run_id: str) -> Any:
        return await workflow.get_run(run_id)

    async def new_run(self, workflow: AsyncWorkflow, run_id: str | None, given: Mapping[str, Any]) -> Any:
        return await workflow.create_run(run_id=run_id)

    async def withdraw(self, run: Any) -> None:
        """Delete the run that was made for what did not fit, if this person may."""
        with suppress(NotAllowed):
            workflow = await self.studio.get_workflow(run.workflow_id)
            await workflow.delete_workflow_run_by_id(run.run_id)

    def answer_schema(self, workflow: AsyncWorkflow, path: str) -> Json:
        step = workflow.places.get(path)
        return step.resume_schema if step is not None else None

    async def proposals(self, workflow: AsyncWorkflow, run_id: str) -> Mapping[str, Json]:
        with suppress(NotAllowed):
            found = await self.studio.list_approvals(run_id=run_id)
            return {one.path: one.proposal for one in found.approvals if one.proposal is not None}
        return {}


def not_found(workflow: Any, run_id: str) -> RunNotFound:
    return RunNotFound(f"Run {run_id!r} of {workflow.id!r} not found.")


def add_place_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", metavar="ADDRESS", help="use the studio at this address in place of the database")
    parser.add_argument(
        "--token", help=f"API token for that studio; better kept in the variable {TOKEN}, where no list shows it"
    )


@contextmanager
def refusing(*kept: type[WorkflowsError]) -> Iterator[None]:
    """Turn what a place refuses into one sentence and exit code 2. Raises: CommandError, what is `kept` as it is"""
    try:
        yield
    except kept:
        raise
    except WorkflowsError as error:
        raise CommandError(error.message, returncode=REFUSED) from error
    except DatabaseError as error:
        raise CommandError(
            f"The database cannot be used ({str(error).strip()}); check STUDIO_DATABASE or STUDIO_DATA_DIR, "
            "and run manage.py migrate if it is new.",
            returncode=REFUSED,
        ) from error


def studio_of(options: Mapping[str, Any]) -> AsyncStudio:
    """Make the client of the studio that the options name; where they give no token, a variable may."""
    return AsyncStudio(options["url"], token=options["token"] or os.environ.get(TOKEN))


@asynccontextmanager
async def place_of(options: Mapping[str, Any]) -> AsyncIterator[Place]:
    """Open the place that the options name. Raises: CommandError for whatever is refused there, but InvalidData"""
    with refusing(InvalidData):
        if options["url"] is not None:
            check_nobody(options)
            async with studio_of(options) as studio:
                yield There(studio)
            return
        check_no_token(options)
        try:
            yield await in_the_name_of(options.get("by"))
        except AnswerRefused as error:
            if options.get("by"):
                raise
            raise CommandError(f"{error.message} --by answers in a person's name.", returncode=REFUSED) from error
        finally:
            await runtime.get_engine().close()
            runtime.close_engine()


async def in_the_name_of(name: str | None) -> Here:
    """Act as a person of this studio, for their groups; without a name as the command. Raises: CommandError"""
    if name is None:
        return Here()
    person = await User.objects.filter(username=name, is_active=True).afirst()
    if person is None:
        raise CommandError(f"--by: there is no user {name!r} in this studio.", returncode=REFUSED)
    return Here(name, [group async for group in person.groups.values_list("name", flat=True)])


def check_nobody(options: Mapping[str, Any]) -> None:
    if options.get("by") is not None:
        raise CommandError("--by: a studio at an address knows you by your token.", returncode=REFUSED)


def check_no_token(options: Mapping[str, Any]) -> None:
    if options["token"] is not None:
        raise CommandError("A token is for a studio at an address; give its --url too.", returncode=REFUSED)
