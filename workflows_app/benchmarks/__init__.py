"""What `manage.py benchmark` measures: the workloads by name, each a list of cases.

A workload is a module. A case prepares a database once, and then measures the same work round by round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import chain, fan_out, growth, idle, listing, lists, many, page, resuming, sleepers, watching
from .bench import Bench, Case, open_bench, point_at
from .scratch import scratch_database

WORKLOADS: Mapping[str, Sequence[Case]] = {
    "W1": chain.CASES,
    "W2": many.CASES,
    "W3": fan_out.CASES,
    "W4": sleepers.CASES,
    "W5": growth.CASES,
    "W6": resuming.CASES,
    "W7": listing.CASES,
    "W8": idle.CASES,
    "W9": watching.CASES,
    "W11": page.CASES,
    "W12": lists.CASES,
}

__all__ = ["WORKLOADS", "Bench", "Case", "open_bench", "point_at", "scratch_database"]
