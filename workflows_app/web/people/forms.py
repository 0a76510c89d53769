"""The forms of the settings: what is said of a person, a role, a grant and a token, and the choices there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Final, Literal, TypeVar
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from pydantic import BaseModel, ConfigDict, Field, field_validator

from workflows_app.approvals.notices import KINDS
from workflows_app.engine.schema import Schema
from workflows_app.roles import ROLES
from workflows_app.web.forms import BoundForm, SchemaForm, form_from_schema
from workflows_app.web.http import RIGHTS, offers
from workflows_app.web.values.schemas import checked_by, translated

STUDIO_ZONE: Final = "the studio's"
LONGEST: Final = 80
LONGEST_ADDRESS: Final = 254
TAKEN: Final = gettext_lazy("Somebody has this name already.")
NONE: Final = ("manage_members", "manage_tokens")
"""What no token may do: one that leaks could make others."""
LAST_YEAR: Final = 9998
"""The year after is the last that there is: some of its days end after the end of time."""
KEYS: Final = 40
OneKey = Annotated[str, Field(min_length=1, max_length=1, pattern=r"^\S$")]
Choices = Sequence[tuple[str, str]]
Said = TypeVar("Said", bound=BaseModel)
Password = TypeVar("Password", bound="SetPasswordForm[User]")


def with_plain_help(form: Password) -> Password:
    """Say in sentences what a new password must be; Django says it as a list in HTML."""
    form.fields["new_password1"].help_text = " ".join(password_validators_help_texts())
    return form


def plain_sentence(error: ValidationError) -> ValueError:
    return ValueError(error.messages[0])


class Named(BaseModel):
    """What people are told of one another."""

    display_name: str = Field(
        "",
        max_length=LONGEST,
        title=gettext_noop("Display name"),
        description=gettext_noop("How others see you, beside your name."),
    )
    email: str = Field(
        "", max_length=LONGEST_ADDRESS, title=gettext_noop("E-mail"), json_schema_extra={"format": "email"}
    )

    @field_validator("email")
    @classmethod
    def is_address(cls, text: str) -> str:
        try:
            if text:
                validate_email(text)
        except ValidationError as error:
            raise plain_sentence(error) from None
        return text


class OwnKey(BaseModel):
    """A key that a person wants to press in place of another."""

    # The form says it already, once for all of them.
    model_config = ConfigDict(json_schema_extra={"description": ""})

    press: OneKey = Field(title=gettext_noop("You press"))
    means: OneKey = Field(title=gettext_noop("In place of"))


class ProfileIn(Named):
    """What a person may say of themselves."""

    zone: str = Field(STUDIO_ZONE, title=gettext_noop("Time zone"))
    theme: Literal["auto", "light", "dark"] = Field("auto", title=gettext_noop("Theme"))
    keys: bool = Field(True, title=gettext_noop("Single letters act as keys"))
    moved: list[OwnKey] = Field(
        default=[],
        max_length=KEYS,
        title=gettext_noop("Keys of your own"),
        description=gettext_noop("A key that stands for another does nothing else, and the other does nothing."),
    )

    @field_validator("moved")
    @classmethod
    def is_clear(cls, moved: list[OwnKey]) -> list[OwnKey]:
        if len({one.press for one in moved}) < len(moved):
            raise ValueError(_("Each key can stand for one other."))
        return moved


class MailsIn(BaseModel):
    """Which mails a person wants, and what their devices are to tell them."""

    mails: list[str] = Field(default=[], title=gettext_noop("Send me a mail when"))
    digest: bool = Field(
        False,
        title=gettext_noop("A mail each morning"),
        description=gettext_noop("At eight, with everything that waits for you. Not when nothing does."),
    )
    silent: list[str] = Field(default=[], title=gettext_noop("No mails at all about"))
    pushes: list[str] = Field(default=[], title=gettext_noop("Tell me on my devices when"))
    silent_pushes: list[str] = Field(default=[], title=gettext_noop("Nothing on my devices about"))


class MemberIn(Named):
    """What a manager may say of somebody."""

    roles: list[str] = Field(default=[], title=gettext_noop("Roles and groups"))
    active: bool = Field(True, title=gettext_noop("May sign in"))


class NewMemberIn(MemberIn):
    """Somebody who is new."""

    name: str = Field(
        min_length=1,
        max_length=LONGEST,
        title=gettext_noop("Name"),
        description=gettext_noop("With which they sign in. It cannot be changed."),
        json_schema_extra={"x-order": 1},
    )

    @field_validator("name")
    @classmethod
    def is_name(cls, text: str) -> str:
        try:
            UnicodeUsernameValidator()(text)
        except ValidationError as error:
            raise plain_sentence(error) from None
        if text == "new" or User.objects.filter(username__iexact=text).exists():
            raise ValueError(str(TAKEN))
        return text


class RoleIn(BaseModel):
    """A role: a name and rights. Without rights it is a group of people."""

    name: str = Field(min_length=1, max_length=LONGEST, title=gettext_noop("Name"))
    rights: list[str] = Field(default=[], title=gettext_noop("Rights"))


class GrantIn(BaseModel):
    """Who has which role on a workflow."""

    workflow: str = Field(title=gettext_noop("Workflow"))
    group: str = Field(title=gettext_noop("Members of"))
    role: str = Field(title=gettext_noop("Have the role"))


class TokenIn(BaseModel):
    """A token that is to be made."""

    name: str = Field(
        min_length=1,
        max_length=LONGEST,
        title=gettext_noop("Name"),
        description=gettext_noop("What it is for, so that you know it again."),
    )
    scopes: list[str] = Field(min_length=1, title=gettext_noop("May"))
    ends: date | None = Field(
        None,
        title=gettext_noop("Works until"),
        description=gettext_noop("Without a day it works until it is taken back."),
    )

    @field_validator("ends")
    @classmethod
    def is_to_come(cls, day: date | None) -> date | None:
        if day is not None and day < timezone.localdate():
            raise ValueError(_("This day has passed."))
        if day is not None and day.year > LAST_YEAR:
            raise ValueError(_("This day is too far away. Leave it out for a token that works until it is taken back."))
        return day


def said(form: BoundForm, model: type[Said]) -> Said:
    """Give what a valid form says, with the defaults of what was left out."""
    return model.model_validate(form.value or {})


def form(
    model: type[BaseModel], prefix: str, choices: Mapping[str, Choices] | None = None, *, without: Sequence[str] = ()
) -> SchemaForm:
    """Make a form from a model; `choices` names the answers of its fields, as value and words."""
    schema = model.model_json_schema()
    for name in without:
        del schema["properties"][name]
    for name, offered in (choices or {}).items():
        field = schema["properties"][name]
        field.pop("enum", None)
        titled = {"oneOf": [{"const": value, "title": words} for value, words in offered]}
        if field.pop("type") == "array":
            schema["properties"][name] = {**field, "type": "array", "uniqueItems": True, "items": titled}
        else:
            schema["properties"][name] = {**field, **titled}
    return form_from_schema(translated(schema), validate=checked_by(Schema(model)), prefix=prefix)


def profile_form() -> SchemaForm:
    zones = [STUDIO_ZONE, *sorted(available_timezones())]
    without = ("email",) if is_known_by_address() else ()
    return form(ProfileIn, "profile", {"zone": [(name, name) for name in zones]}, without=without)


def is_known_by_address() -> bool:
    """Tell whether a provider's word for a mail address opens its account.

    Then nobody writes their own, or they could catch the first sign-in of whom the address belongs to.
    """
    return bool(settings.STUDIO_AUTH == "allauth")


def mails_form(workflows: Sequence[str], *, pushes: bool) -> SchemaForm:
    kinds, names = [(kind, str(words)) for kind, words in KINDS.items()], [(name, name) for name in workflows]
    choices = {"mails": kinds, "silent": names, "pushes": kinds, "silent_pushes": names}
    without = () if pushes else ("pushes", "silent_pushes")
    return form(
        MailsIn, "mails", {name: choices[name] for name in choices if name not in without}, without=without
    )  # fmt: skip


def member_form(model: type[MemberIn]) -> SchemaForm:
    return form(model, "member", {"roles": group_choices()})


def group_choices() -> Choices:
    """List the groups, the roles that there are from the beginning before the others."""
    names = Group.objects.order_by("name").values_list("name", flat=True)
    order = {name: place for place, name in enumerate(ROLES)}
    return [(name, name) for name in sorted(names, key=lambda name: order.get(name, len(order)))]


def role_form() -> SchemaForm:
    return form(RoleIn, "role", {"rights": [(right, str(capfirst(words))) for right, words in RIGHTS.items()]})


def grant_form() -> SchemaForm:
    names = sorted(offer.workflow.id for offer in offers() if offer.workflow is not None)
    groups = group_choices()
    return form(GrantIn, "grant", {"workflow": [(name, name) for name in names], "group": groups, "role": groups})


def token_form(rights: Sequence[str]) -> SchemaForm:
    return form(TokenIn, "token", {"scopes": [(right, str(capfirst(RIGHTS[right]))) for right in rights]})
