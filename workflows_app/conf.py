"""The typed view of `settings.WORKFLOWS`: what is left out has its default, what is wrong is refused.

Everything that can be tuned stands here with its unit. Read it where it is needed, never keep a copy:
tests override the setting.
"""

from __future__ import annotations

import functools
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from workflows_app import webpush

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Bytes = Annotated[int, Field(gt=0)]


def network(text: str) -> str:
    """Read a network. Raises: ValueError"""
    return str(ip_network(text))


def private_key(text: str) -> str:
    """Read the key of web push, if there is one. Raises: ValueError"""
    if text:
        webpush.key_of(text)
    return text


class Conf(BaseModel):
    """Hold the settings of the app; in `settings.WORKFLOWS` the names are written in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=str.upper)

    modules: tuple[str, ...] = ()
    """Where workflows come from; empty: `workflows.py` of every installed app."""
    lease_seconds: Seconds = 30.0
    """How long a worker may be silent before its calls are given to another."""
    tick_seconds: Seconds = 1.0
    """How often the supervisor looks for due timers and lost workers."""
    poll_seconds: Seconds = 2.0
    """How often an open page looks into the journal when no bell rang."""
    cancel_grace_seconds: float = Field(10.0, ge=0, allow_inf_nan=False)
    """How long calls under way may take to return after a cancel."""
    max_payload_bytes: Bytes = 4_194_304
    """The largest value a step may take or give, also where it is put together of several."""
    max_state_bytes: Bytes = 1_048_576
    """The largest state of a run."""
    max_run_bytes: Bytes = 268_435_456
    """How much one run may record in all; what it records again counts once if it is large."""
    inline_bytes: Bytes = 8_192
    """Larger values are stored once, beside the journal."""
    unread_bytes: Bytes = 4_194_304
    """How much may wait in memory for an open page that does not read, which is then hung up on."""
    address: str = Field("", pattern=r"^(https?://[^\s/]+/?)?$")
    """Where people reach the studio, as `https://studio.example.org`; links in mails begin with it."""
    webhook_allow: tuple[Annotated[str, AfterValidator(network)], ...] = ()
    """Networks that webhooks and pushes may go to though they are not public, as `10.1.0.0/16`."""
    push_key: Annotated[str, AfterValidator(private_key)] = ""
    """The private half of the key that browsers know the studio by; without one none is told anything."""
    claim_seconds: Seconds = 28_800.0
    """How long a question stays with who has claimed it."""
    link_sign_in: bool = False
    """Whether links in mails answer only for who is signed in."""
    starts_per_minute: int = Field(60, ge=0)
    """Runs that one caller may start in a minute; 0: any number. So for the others."""
    acts_per_minute: int = Field(120, ge=0)
    """Answers, cancels and other changes."""
    reads_per_minute: int = Field(600, ge=0)
    """Reads of the API."""
    connects_per_minute: int = Field(60, ge=0)
    """Sockets that are opened."""
    limit_local: bool = False
    """Whether the local person is counted, too, where nobody signs in."""
    durability: Literal["normal", "full"] = "normal"
    """Whether what was acknowledged outlives a killed process, or a power loss, too."""
    retention_days: Annotated[float, Field(gt=0, le=36_500)] | None = None
    """For how long finished runs are kept, where their workflow does not say; None: for ever."""
    undo_seconds: float = Field(30.0, ge=0, le=604_800, allow_inf_nan=False)
    """How long a deleted run can be brought back by a person; 0: not at all."""
    auto_restart: bool = True
    """Whether a start takes up at once what a dead process left."""
    secret_names: tuple[str, ...] = ()
    """Keys whose values are secret, beside the well-known ones (see `engine/secrets.py`)."""
    plain_names: tuple[str, ...] = ()
    """Keys that are not secret, though they look so."""
    trace_values: bool = False
    """Whether spans carry inputs and outputs; a run may hide its own even then."""

    @property
    def push_point(self) -> str:
        """Give the public half of the key of web push; nothing without one."""
        return self.push_key and webpush.encoded(webpush.point_of(webpush.key_of(self.push_key)))

    @model_validator(mode="after")
    def check_that_a_lease_outlives_a_tick(self) -> Conf:
        if self.lease_seconds <= 2 * self.tick_seconds:
            raise ValueError("LEASE_SECONDS must be more than twice TICK_SECONDS")
        return self


@functools.cache
def get_conf() -> Conf:
    """Read `settings.WORKFLOWS`.

    Raises: ImproperlyConfigured naming every unknown key and bad value.
    """
    try:
        return Conf.model_validate(getattr(settings, "WORKFLOWS", {}))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'WORKFLOWS'}: {fault['msg']}" for fault in error.errors()
        )
        raise ImproperlyConfigured(f"settings.WORKFLOWS cannot be used: {faults}.") from error


@receiver(setting_changed)
def read_again(*, setting: str, **_: Any) -> None:
    if setting == "WORKFLOWS":
        get_conf.cache_clear()
