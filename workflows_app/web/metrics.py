"""What `/metrics/` says: what this process measured, and what the database knows of all of them.

What is read at each scrape are rollups, and rows of open runs that an index finds; never the finished runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Count, Min, Q, Sum
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from workflows_app import runtime
from workflows_app.conf import get_conf
from workflows_app.engine.events import SECOND
from workflows_app.engine.ports import OPEN
from workflows_app.models import Definition, Rollup, Run, Wait, Worker
from workflows_app.models.instants import to_instant

SOCKETS = Gauge("workflows_sockets", "Open pages that this process keeps live", registry=runtime.REGISTRY)


def exposition() -> bytes:
    """Write every metric in the text format of Prometheus."""
    return generate_latest(runtime.REGISTRY) + generate_latest(STORE)


class Collector:
    """Reads at each scrape what no process counts by itself."""

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield runs()
        yield from waits()
        yield workers()
        yield from engine()


STORE = CollectorRegistry()
STORE.register(Collector())


def runs() -> Metric:
    """Count the runs: those that ended as the rollups have them, the open ones by their index."""
    found = GaugeMetricFamily(
        "workflows_runs", "Runs by workflow and status, in the database", labels=["workflow", "status"]
    )
    names = {*runtime.get_engine().registry.by_id, *Definition.objects.values_list("id", flat=True)}
    # Named, so that the index of workflow and status is enough.
    opened = Run.objects.filter(workflow_id__in=names, status__in=OPEN).values_list("workflow_id", "status")
    ended = Rollup.objects.values_list("workflow_id", "status").annotate(number=Sum("runs"))
    for name, status, number in [*ended.order_by(), *opened.annotate(number=Count("*")).order_by()]:
        found.add_metric([name, status], number)
    return found


def waits() -> Iterator[Metric]:
    """Tell what open runs wait for, and how late the oldest timer is."""
    kinds = Wait.objects.filter(kind=Wait.Kind.CALL)
    yield GaugeMetricFamily("workflows_open_calls", "Steps that are performed, or should be", kinds.count())
    due = Wait.objects.filter(kind=Wait.Kind.TIMER).aggregate(first=Min("due_at"))["first"]
    lag = 0.0 if due is None else max(0.0, (runtime.get_engine().now() - to_instant(due)) / SECOND)
    yield GaugeMetricFamily("workflows_timer_lag_seconds", "How late the oldest timer is that did not fire yet", lag)


def workers() -> Metric:
    """Count the processes that are heard of, and those that fell silent without leaving."""
    alive = Q(heartbeat_at__gt=runtime.get_engine().now() - int(get_conf().lease_seconds * SECOND))
    counts = Worker.objects.filter(left_at=None).aggregate(
        alive=Count("pk", filter=alive), silent=Count("pk", filter=~alive)
    )
    found = GaugeMetricFamily("workflows_workers", "Processes that perform runs, in the database", labels=["state"])
    for state, count in counts.items():
        found.add_metric([state], count)
    return found


def engine() -> Iterator[Metric]:
    """Tell how the engine of this process is."""
    background = runtime.process.background
    if background is not None:
        calls = sum(len(active.calls) for active in list(background.engine.turns.active.values()))
        yield GaugeMetricFamily("workflows_calls_in_hand", "Steps that this process performs", calls)
        lag = max(background.pulse.lag, background.pulse.silence - 1.0)
        yield GaugeMetricFamily("workflows_loop_lag_seconds", "How late the engine's loop came to its last pulse", lag)
