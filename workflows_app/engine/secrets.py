"""Secrets: values that only steps see. Everybody else, in every result, event, page and log, sees the mask.

A field is secret when its type says so (`SecretStr`, `SecretBytes`, `Secret[…]`, `Annotated[…, Sensitive]`) and,
on an engine whose vault knows names, when its key is one of them, such as `password` or `api_key`. In the JSON of
a value a secret stands under a *seal*: an object whose only key is a NUL character, which no other data can
have, since NUL is refused in every key and text. The seal holds

* a list with the secret itself, while a value is on its way to the journal, and in an engine without a vault;
* a text that the vault made of it (see `vault.py`), in everything that an engine with a vault records.

`Value.data` puts the mask in place of every seal, so whatever is made of it is fit to be shown. Inside the
engine `Value.raw` keeps the seals, so that merging, mapping or forking does not lose them. For the time of a
call `perform` opens them, and what was opened is *known* then: a text that the step gives back and that holds a
known secret is sealed in its turn, and in errors, titles and log lines the mask takes its place.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from typing import Any, TypeAlias

from pydantic_core import from_json

Json: TypeAlias = Any
MASK = "**********"
KEY = "\0"
SEAL = '{"\\u0000":'
"""How a seal begins in JSON text; an escaped backslash there would be two of them."""
SHORTEST = 6
"""Secrets of fewer characters are not looked for in texts: too much else would look like them."""
Opener = Callable[[str], str]

NAMES = frozenset(
    {
        "password", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "jwt", "bearer", "authorization",
        "api_key", "apikey", "access_key", "accesskey", "secret_key", "secretkey", "private_key", "privatekey",
        "credential", "credentials", "cookie",
    }
)  # fmt: skip
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Seal(dict[str, Any]):
    """A secret in the plain data of a value. Shape: {"\\0": [secret]}, or {"\\0": what a vault made of it}"""

    __slots__ = ()

    @classmethod
    def of(cls, secret: Json) -> Seal:
        return cls({KEY: [secret]})

    def opened(self, opener: Opener) -> Json:
        held = self[KEY]
        return held[0] if isinstance(held, list) else from_json(opener(held))


def is_seal(data: Json) -> bool:
    return isinstance(data, dict) and KEY in data


def replaced(data: Json, replace: Callable[[Seal], Json]) -> Json:
    """Put something in the place of every seal."""
    if isinstance(data, dict):
        if KEY in data:
            return replace(Seal(data))
        return {key: replaced(value, replace) for key, value in data.items()}
    if isinstance(data, list):
        return [replaced(value, replace) for value in data]
    return data


def masked(data: Json) -> Json:
    """Put the mask in the place of every seal."""
    return replaced(data, lambda seal: MASK)


def sealed(data: Json) -> Json:
    """Read data from JSON so that its seals pass for what they are."""
    return replaced(data, lambda seal: seal)


def opened(data: Json, opener: Opener) -> Json:
    """Put the secret itself in the place of every seal, and remember it for the call under way."""

    def open_one(seal: Seal) -> Json:
        secret = seal.opened(opener)
        learn(secret)
        return secret

    return replaced(data, open_one)


def unsealed(data: Json) -> Json:
    """Take the seals off that no vault has closed."""
    return replaced(data, lambda seal: seal[KEY][0] if isinstance(seal[KEY], list) else seal)


# Names


def name_of(key: str) -> str:
    """Spell a key in lower case with underscores: `X-Api-Key` and `xApiKey` are `x_api_key`."""
    return "_".join(WORD.findall(key)).lower()


class Names:
    """Which keys mean that a value is secret: those that are, or end with, one of some names."""

    def __init__(self, added: Iterable[str] = (), plain: Iterable[str] = ()) -> None:
        self.names = NAMES | {name_of(name) for name in added}
        self.plain = {name_of(name) for name in plain}
        SUSPECT.add(self.names)

    def __contains__(self, key: object) -> bool:
        name = name_of(key) if isinstance(key, str) else ""
        return name not in self.plain and ends_with(name, self.names)

    def sealed(self, data: Json) -> Json:
        """Seal what stands under such a key, except what tells nothing: null, a boolean, an empty text."""
        return self.over(data, Seal.of)

    def over(self, data: Json, replace: Callable[[Json], Json]) -> Json:
        """Put something in the place of what stands under such a key."""
        if isinstance(data, dict):
            if KEY in data:
                return data
            return {key: self._one(key, value, replace) for key, value in data.items()}
        if isinstance(data, list):
            return [self.over(value, replace) for value in data]
        return data

    def _one(self, key: str, value: Json, replace: Callable[[Json], Json]) -> Json:
        tells = value is not None and not isinstance(value, bool) and value != "" and not is_seal(value)
        return replace(unsealed(value)) if tells and key in self else self.over(value, replace)


def ends_with(name: str, names: Iterable[str]) -> bool:
    return name in names or any(name.endswith(f"_{one}") for one in names)


class Suspect:
    """Tells keys that some engine of this process might take for a secret's name, fast.

    Keys that were looked at once are remembered, so that a value costs one test per object it holds.
    """

    MOST = 10_000

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._harmless: set[object] = set()

    def add(self, names: Iterable[str]) -> None:
        if not self.names.issuperset(names):
            self.names.update(names)
            self._harmless.clear()

    def among(self, keys: Mapping[Any, Any]) -> bool:
        return not self._harmless.issuperset(keys) and self._look(keys)

    def _look(self, keys: Mapping[Any, Any]) -> bool:
        if len(self._harmless) > self.MOST:
            self._harmless.clear()
        found = {key for key in keys if isinstance(key, str) and ends_with(name_of(key), self.names)}
        self._harmless.update(key for key in keys if key not in found)
        return bool(found)


SUSPECT = Suspect()


def masked_place(data: Json, place: str = "") -> str:
    """Find where the mask itself was given for a secret; an empty text if nowhere."""
    if isinstance(data, list):
        pairs = [(str(index), value) for index, value in enumerate(data)]
    elif isinstance(data, dict) and not is_seal(data):
        pairs = list(data.items())
    else:
        return ""
    for key, value in pairs:
        here = f"{place}.{key}" if place else key
        secret = value if is_seal(value) else {KEY: [value]} if SUSPECT.among({key: None}) else {}
        if secret.get(KEY) == [MASK]:
            return here
        if found := masked_place(value, here):
            return found
    return ""


# What the call under way knows

KNOWN: ContextVar[set[str] | None] = ContextVar("known_secrets", default=None)


class Knowing:
    """Notes the secrets that are opened inside, which are looked for in what comes out. Every step passes here."""

    __slots__ = ("_known", "_token")
    _token: Token[set[str] | None]

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = set(known)

    def __enter__(self) -> set[str]:
        self._token = KNOWN.set(self._known)
        return self._known

    def __exit__(self, *_: object) -> None:
        KNOWN.reset(self._token)


def learn(secret: Json) -> None:
    """Remember the texts of a secret that was opened."""
    known = KNOWN.get()
    if known is None:
        return
    if isinstance(secret, str):
        known |= {secret} if len(secret) >= SHORTEST else set()
    elif isinstance(secret, int | float) and not isinstance(secret, bool):
        learn(str(secret))
    elif isinstance(secret, dict | list):
        for part in secret.values() if isinstance(secret, dict) else secret:
            learn(part)


def covered(data: Json) -> Json:
    """Seal every text that holds a known secret."""
    known = KNOWN.get()
    return _covered(data, known) if known else data


def _covered(data: Json, known: set[str]) -> Json:
    if isinstance(data, str):
        return Seal.of(data) if any(secret in data for secret in known) else data
    if isinstance(data, dict):
        return data if KEY in data else {key: _covered(value, known) for key, value in data.items()}
    if isinstance(data, list):
        return [_covered(value, known) for value in data]
    return data


def hidden(data: Json) -> Json:
    """Put the mask in the place of every known secret, wherever in a text it stands."""
    known = KNOWN.get()
    return _hidden(data, sorted(known, key=len, reverse=True)) if known else data


def _hidden(data: Json, known: list[str]) -> Json:
    if isinstance(data, str):
        for secret in known:
            data = data.replace(secret, MASK)
        return data
    if isinstance(data, dict):
        return {key: _hidden(value, known) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_hidden(value, known) for value in data)
    return data


class LogFilter(logging.Filter):
    """Puts the mask in the place of secrets that the call under way knows, in message and traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if KNOWN.get():
            record.msg, record.args = hidden(record.getMessage()), None
            if record.exc_info and record.exc_text is None:
                record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_text = hidden(record.exc_text)
        return True
