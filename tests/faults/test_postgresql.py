"""A PostgreSQL that is cut off and comes back, under a studio that nobody starts again."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from studio import environment
from tests.conftest import missing
from tests.process import StudioProcess

from .conftest import ALIAS, Site, eye_on
from .flows import AT_ONCE, ITEMS

BODIES = 8 + ITEMS + 1
MOST_CONNECTIONS = 12
"""A writer, four readers, the heart, and a few pages; however many runs and visits there are."""


class Cluster:
    """A PostgreSQL server of the test's own, which it may treat as it likes."""

    def __init__(self, programs: Path, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.address = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._programs, self._folder = programs, folder
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync")
        (folder / "postgresql.auto.conf").write_text(
            f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n"
        )

    def start(self) -> None:
        self._run("pg_ctl", "start", "--wait", f"--log={self._folder}/log")

    def stop(self) -> None:
        """Stop at once, as if the machine had lost its power."""
        self._run("pg_ctl", "stop", "--mode=immediate")

    def _run(self, program: str, *options: str) -> None:
        # It refuses to run as root.
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run(
            [*user, str(self._programs / program), *options, f"--pgdata={self._folder}"],
            check=True, stdout=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        missing("postgresql", "there is no initdb program in /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="studio-cluster-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    cluster = Cluster(found[-1].parent, folder)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture
def cluster_site(
    cluster: Cluster, start_studio: Callable[..., StudioProcess], tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Site]:
    with django_db_blocker.unblock(), eye_on(environment.postgresql(cluster.address)):
        yield Site(start_studio, tmp_path, cluster.address)


def test_a_studio_outlives_the_end_of_its_database(cluster: Cluster, cluster_site: Site) -> None:
    site = cluster_site
    studio = site.start()
    visitor = site.visit(studio)
    asked = visitor.start("question")
    site.until_status(asked, "suspended")
    run_ids = [visitor.start("long"), visitor.start("nap"), asked]
    site.until(lambda: len(site.bodies()) >= 5)
    connections[ALIAS].close()
    cluster.stop()
    # What is under way ends meanwhile, and cannot be recorded.
    for _ in range(2):
        studio.until_it_says("a tick of the supervisor failed")
    cluster.start()
    site.until(lambda: opens(f"{studio.address}/runs/"))
    visitor.answer(asked, "ask")
    run_ids.append(visitor.start("short"))
    site.until_end(*run_ids)
    assert {site.run(run_id).status for run_id in run_ids} == {"success"}
    assert studio.process.poll() is None
    bodies = {name: count for name, count in site.bodies().items() if name.startswith(run_ids[0])}
    assert len(bodies) == BODIES
    assert sum(bodies.values()) <= BODIES + AT_ONCE
    assert site.violations() == []


def test_connections_are_few_whatever_is_done(cluster: Cluster, cluster_site: Site) -> None:
    site = cluster_site
    visitor = site.visit(site.start())
    run_ids = [visitor.start("short") for _ in range(8)]
    for run_id in run_ids:
        assert opens(f"{visitor.address}/runs/{run_id}/")
    site.until_end(*run_ids)
    connections[ALIAS].close()
    assert clients(cluster) <= MOST_CONNECTIONS
    assert site.violations() == []


def test_an_async_step_may_use_the_orm_whoever_waits_for_it(cluster: Cluster, cluster_site: Site) -> None:
    site = cluster_site
    studio = site.start()
    started = [counted(studio.address) for _ in range(3)]
    hang_up(cluster)
    # Those who lost their connection in the middle of something may say so; nobody stays without one.
    site.until(lambda: opens(f"{studio.address}/runs/"))
    started += [counted(studio.address) for _ in range(3)]
    assert started == [1, 2, 3, 4, 5, 6]
    connections[ALIAS].close()
    assert clients(cluster) <= MOST_CONNECTIONS
    assert site.violations() == []


def counted(address: str) -> int:
    """Start a run that counts runs, and wait for it."""
    request = urllib.request.Request(  # noqa: S310
        f"{address}/api/workflows/counting/start-async", b'{"inputData": {}}', {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return int(json.load(answer)["result"])


def hang_up(cluster: Cluster) -> None:
    with psycopg.connect(cluster.address) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


def clients(cluster: Cluster) -> int:
    """Count the connections that others hold."""
    with psycopg.connect(cluster.address) as connection:
        held = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        (count,) = held.fetchone() or (0,)
        return int(count) - 1


def opens(address: str) -> bool:
    """Tell whether a page can be had."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False
