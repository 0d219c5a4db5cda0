"""Validate YAML values with strict pydantic models, and report all mistakes at once, in sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dbt_heap.errors import Mistake, did_you_mean, printable

M = TypeVar("M", bound=BaseModel)

_SHOWN = 60
_MAX_IDENTIFIER = 255
_UNSAFE = '"`\\'


@dataclass(frozen=True)
class Place:
    """A place in the project, as its author would look for it."""

    model: str
    file: str
    key: str

    def at(self, *steps: str | int) -> Place:
        """Return a place below this one: a key of a mapping, or an item of a list by its number from 0."""
        key = self.key
        for step in steps:
            key += f"[{step}]" if isinstance(step, int) else f".{_shown(step)}"
        return replace(self, key=key.lstrip("."))

    def item(self, name: str) -> Place:
        """Return the place of an item of a list by its name."""
        return replace(self, key=f"{self.key}[{printable(name)}]")

    def mistake(self, text: str) -> Mistake:
        """Return a mistake at this place."""
        return Mistake(self.model, self.file, self.key, text)


@dataclass(frozen=True)
class Validated(Generic[M]):
    """A model of the valid keys; the keys in `broken` are left out of `value`, each with a mistake."""

    value: M
    broken: frozenset[str]
    mistakes: tuple[Mistake, ...]


def parse_model(
    cls: type[M], raw: Mapping[str, Any], place: Place, unknown: Callable[[str], str] | None = None
) -> Validated[M]:
    """Parse `raw` as a model of `cls`, all of whose fields have defaults.

    Args:
        cls: The pydantic model.
        raw: The mapping as in YAML.
        place: Its place, for mistakes.
        unknown: Returns what is wrong with a key that `cls` does not have.
    """
    texts = {key: value for key, value in raw.items() if isinstance(key, str) and key.isprintable()}
    mistakes = [place.mistake(_invalid_key(key)) for key in raw if key not in texts]
    try:
        return Validated(cls.model_validate(texts), frozenset(), tuple(mistakes))
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False)
    for error in errors:
        if error["type"] == "extra_forbidden":
            mistakes.append(_unknown_key(cls, place, error["loc"], unknown))
        else:
            mistakes.append(place.at(*(step for step in error["loc"] if step != "[key]")).mistake(_sentence(error)))
    broken = frozenset(str(error["loc"][0]) for error in errors)
    rest = {key: value for key, value in texts.items() if key not in broken}
    return Validated(cls.model_validate(rest), broken, tuple(mistakes))


def _invalid_key(key: Any) -> str:
    why = "" if isinstance(key, str) else f": {AS_TRUE_OR_FALSE}"
    return f"{describe(key)} is not a valid key{why}"


def _sentence(error: ErrorDetails) -> str:
    """Return a pydantic error as a sentence of ours."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "invalid_key" or error["loc"][-1] == "[key]":
        return f"a key must be text, not {describe(error['input'])}: {AS_TRUE_OR_FALSE}"
    if error["type"] == "string_unicode":
        return "a key contains half of a surrogate pair, which is not text"
    if error["type"] in ("dict_type", "model_type"):
        return f"must be a mapping, not {describe(error['input'])}"
    return error["msg"]


def _unknown_key(
    cls: type[BaseModel], place: Place, loc: tuple[str | int, ...], unknown: Callable[[str], str] | None
) -> Mistake:
    *parents, key = loc
    if not parents and unknown is not None:
        return place.at(key).mistake(unknown(str(key)))
    for parent in parents:
        cls = cast("type[BaseModel]", cls.model_fields[str(parent)].annotation)
    return place.at(*loc).mistake(unknown_key(str(key), keys(cls)))


def keys(cls: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys of a model as in YAML."""
    return tuple(field.alias or name for name, field in cls.model_fields.items())


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return the message about an unknown key."""
    known = tuple(known)
    return f"unknown key{did_you_mean(key, known) or '. Keys: ' + ', '.join(known)}"


AS_TRUE_OR_FALSE = "YAML reads on, yes and true as true, off, no and false as false, null and ~ as null; quote it"


def describe(value: Any) -> str:
    """Return a YAML value in a few words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, date):
        return f"the date {value.isoformat()}"
    if isinstance(value, str):
        return quoted(value)
    return "a mapping" if isinstance(value, Mapping) else "a list"


def alternatives(items: Iterable[str], word: str = "or") -> str:
    """Return items as a person lists them: a, b or c."""
    *others, last = items
    return f"{', '.join(others)} {word} {last}" if others else last


def quoted(text: str) -> str:
    """Return a text in quotes, shortened, with control characters escaped."""
    return "'" + _shown(text) + "'"


def _shown(text: str) -> str:
    """Return a text shortened and on one line."""
    return printable(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def text(value: Any) -> str:
    """Return text that is not blank. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError(f"must be text, not {describe(value)}: {AS_TRUE_OR_FALSE}")
    if value is None:
        raise ValueError("must be text, not null: if you mean the word, quote it")
    if isinstance(value, (int, float, date)):
        raise ValueError(f"must be text, not {describe(value)}: quote it")
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {describe(value)}")
    if not value.strip():
        raise ValueError("must not be blank")
    if re.search("[\0\ud800-\udfff]", value):
        raise ValueError(f"{quoted(value)} contains a NUL or half of a surrogate pair, which warehouses refuse")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Return one text or a list of texts as a tuple. Raises ValueError."""
    if isinstance(value, (list, tuple)):
        if not value:
            raise ValueError("must be text or a list of texts, not an empty list")
        return tuple(text(each) for each in value)
    return (text(value),)


def identifier(value: Any) -> str:
    """Return a warehouse name that can be quoted safely. Raises ValueError."""
    name = text(value)
    unsafe = next((letter for letter in name if letter in _UNSAFE or not letter.isprintable()), None)
    if unsafe is not None:
        raise ValueError(f"{quoted(name)} contains {quoted(unsafe)}, which cannot be quoted safely")
    if len(name) > _MAX_IDENTIFIER:
        raise ValueError(f"must have at most {_MAX_IDENTIFIER} characters, not {len(name)}")
    return name


def whole_number(value: Any) -> int:
    """Return a number from 1; text is accepted because environment variables are text. Raises ValueError."""
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else value
    if isinstance(number, int) and not isinstance(number, bool) and number >= 1:
        return number
    raise ValueError(f"must be a whole number from 1, not {describe(value)}")


def one_of(value: Any, choices: Iterable[str]) -> str:
    """Return one of the choices. Raises ValueError that suggests the nearest."""
    known = tuple(choices)
    if isinstance(value, str) and value in known:
        return value
    near = did_you_mean(value, known) if isinstance(value, str) else ""
    raise ValueError(f"must be {alternatives(map(quoted, known))}, not {describe(value)}{near}")


def flag(value: Any) -> bool:
    """Return true or false. Raises ValueError."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"must be true or false, not {describe(value)}")
