"""Runs that nobody performs any more."""

from __future__ import annotations

from workflows_app import runtime


def is_abandoned(run_id: str) -> bool:
    """Tell whether a run has open calls and nobody who performs them.

    The dead are looked for after the open calls are known: a run that moves on meanwhile is not taken for lost.
    """
    engine = runtime.get_engine()
    claims = runtime.call(engine.at_home(engine.journal.claims(run_id)))
    dead = runtime.call(engine.at_home(engine.dead_calls(run_id))) if claims else {}
    return bool(claims) and all(dead.get(call.path) == call.attempt for call in claims)
