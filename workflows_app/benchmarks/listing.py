"""W7: the newest runs of a status, in stores of growing size."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from functools import partial

from django.db import connection

from workflows_app.models import Run
from workflows_app.models.instants import to_instant

from .bench import Bench, Case, Figures, check

STORES = (10, 10_000, 100_000, 1_000_000)
NEWEST = 20
LOOKS = 50
STATUSES = 4
FILL = """
WITH RECURSIVE numbered (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbered WHERE n < %s - 1),
dated (n, at) AS (SELECT n, %s - CAST(n AS bigint) * 1000000 FROM numbered)
INSERT INTO workflows_app_run (id, workflow_id, status, seq, stream, tags, fingerprint, created_at, updated_at)
SELECT
    'run-' || n, 'chain-5',
    CASE n %% 4 WHEN 0 THEN 'success' WHEN 1 THEN 'failed' WHEN 2 THEN 'suspended' ELSE 'canceled' END,
    0, 0, '[]', '', at, at
FROM dated
"""


def fill(runs: int, bench: Bench) -> None:
    """Put finished runs into the store, one per second of the past."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, (runs, to_instant(datetime.now(UTC))))
        cursor.execute("ANALYZE")


def measure(runs: int, bench: Bench) -> Figures:
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        found = list(Run.objects.filter(status="success").newest()[:NEWEST])
        took.append((time.perf_counter() - began) * 1000)
        check(len(found), min(NEWEST, -(-runs // STATUSES)))
    return {"ms": statistics.median(took)}


CASES = [Case(partial(measure, runs), {"store_runs": runs}, partial(fill, runs)) for runs in STORES]
