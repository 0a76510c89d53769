"""How often and how fast a failed step is tried again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import DefinitionError, NonRetryableError, Tripwire
from .options import LONGEST, Seconds, checked_seconds, fraction, seconds, whole

Kinds = Sequence[type[BaseException]] | type[BaseException]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how fast a failed step is tried again.

    `attempts` counts the tries after the first. Durations are seconds; `jitter` is a fraction from 0 to 1. Only the
    exceptions in `retry_on` are tried again, all where it is None, and none in `give_up_on`. Raises: DefinitionError
    """

    attempts: int = 0
    delay: Seconds = 0
    backoff: float = 1.0
    max_delay: Seconds | None = None
    jitter: float = 0.0
    retry_on: Kinds | None = None
    give_up_on: Kinds = ()

    def __post_init__(self) -> None:
        whole("RetryPolicy's attempts, the tries after the first,", self.attempts)
        checked_seconds(self.delay, "RetryPolicy's delay", 0)
        if self.max_delay is not None:
            checked_seconds(self.max_delay, "RetryPolicy's max_delay", 0)
        fraction("RetryPolicy's backoff", self.backoff)
        fraction("RetryPolicy's jitter", self.jitter, most=1)
        for name in ("retry_on", "give_up_on"):
            check_kinds(name, getattr(self, name))

    def delay_after(self, failures: int) -> float:
        """Seconds to wait after that many failures."""
        first = seconds(self.delay)
        if not first:
            return 0.0
        try:
            wait = first * float(self.backoff) ** (failures - 1)
        except OverflowError:
            wait = LONGEST
        most = LONGEST if self.max_delay is None else seconds(self.max_delay)
        spread = random.uniform(-self.jitter, self.jitter)  # noqa: S311 - it only spreads load
        return min(min(wait, most) * (1 + spread), LONGEST)

    def gives_up(self, error: BaseException) -> bool:
        """Tell whether this error is not worth another try."""
        if isinstance(error, (NonRetryableError, *listed(self.give_up_on))):
            return True
        if isinstance(error, Tripwire) and not getattr(error, "retry", False):
            return True
        return self.retry_on is not None and not isinstance(error, listed(self.retry_on))


def listed(kinds: Any) -> tuple[Any, ...]:
    return tuple(kinds) if isinstance(kinds, tuple | list) else () if kinds is None else (kinds,)


def check_kinds(name: str, kinds: Any) -> None:
    """Refuse what names no exceptions. Raises: DefinitionError"""
    if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in listed(kinds)):
        raise DefinitionError(f"RetryPolicy's {name} is an exception class or a list of these, got {kinds!r}.")


def policy_of(retry: Any) -> RetryPolicy | None:
    """Read the retry option of a step or workflow. Raises: DefinitionError"""
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise DefinitionError(f"retry is a RetryPolicy, as in RetryPolicy(attempts=2, delay=1), got {retry!r}.")
    return retry


NO_RETRY = RetryPolicy()
