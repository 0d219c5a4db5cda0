"""What names of columns and models say: lists of words, the likelier first."""

from __future__ import annotations

import re
from collections.abc import Iterable

_USERS = ("user", "person", "customer", "member", "subscriber", "contact", "profile", "shopper", "student", "patient")
_ACCOUNTS = (
    "account", "company", "organization", "organisation", "org", "tenant", "workspace", "team", "business", "group",
)  # fmt: skip
_ID = ("id", "uuid", "guid", "key", "identifier")


def _ids(nouns: Iterable[str], ends: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{noun}_{end}" for end in ends for noun in nouns)


IDENTITIES = (*_ids(_USERS, _ID[:1]), "identity", "heap_identity", "userid", *_ids(_USERS, _ID[1:]))
ACCOUNT_IDS = _ids(_ACCOUNTS, _ID)
EVENT_IDS = ("event_id", "message_id", "event_uuid", "event_key")
PLAIN_IDS = ("id", "uuid", "guid", "key", "pk")
EVENT_NAMES = ("event_name", "event", "event_type", "action", "action_name", "activity", "activity_name")
JSON_PROPERTIES = (
    "properties", "event_properties", "props", "attributes", "payload", "params", "event_params", "details", "metadata",
)  # fmt: skip
SDK_IDS = ("heap_user_id",)
EMAIL = re.compile(r"(.+_)?e_?mail(_address)?")

# An event's time, the likelier first; `{noun}` is the model's, a long one without its last letter: purchased_at.
_TIMES = (
    r"(event_)?(occurred|happened)_(at|on)|dbt_valid_from",
    r"event_(time|timestamp|ts|at|date|datetime)",
    r"timestamp|ts|time|datetime|occurred",
    r"{noun}\w*_(at|time|timestamp|ts|on|date)",
    r"created(_at|_on|_date|_time)?",
    r".+_(at|time|timestamp|ts|datetime)",
    r".+_(on|date|day)|date|day",
)
# What a row went through later, or what becomes of it yet, is no time of an event.
_NO_TIMES = frozenset({
    "update", "updated", "modified", "changed", "deleted", "archived", "expires", "expired", "expiry", "end", "ends",
    "ended", "renews", "due", "to", "until", "birth", "birthday", "dob", "loaded", "synced", "ingested", "extracted",
    "inserted", "etl", "fivetran", "airbyte", "dlt", "sdc", "last", "next",
})  # fmt: skip

_LOADERS = re.compile(r"(dbt|fivetran|airbyte|dlt|sdc|etl)_\w+|(loaded|synced|ingested|extracted)_at|row_hash")
_PERSONAL = {
    "an email": EMAIL.pattern,
    "a phone number": r"(.+_)?(phone|mobile|fax|tel|telephone|cell)(_number|_no)?",
    "a person's name": r"(.+_)?((first|last|full|middle|given|family|maiden|nick|display|legal|preferred|user|person"
    r"|customer|member|contact|patient|student)_?name|surname)",
    "an address": r"(.+_)?(address|street|postcode|postal_code|zip|zip_?code|ip|latitude|longitude|lat|lng|lon)"
    r"(_line)?(_\d|_address)?",
    "a number of identity": r"(.+_)?(ssn|social_security(_number)?|passport(_\w+)?|tax_id|national_id|iban|vat_id"
    r"|licen[cs]e_number|credit_card(_\w+)?|card_number|account_number)",
    "a date of birth": r"(.+_)?(dob|birth_?date|birth_?day|date_of_birth|birth_year)",
    "a secret": r"(.+_)?(password|passwd|secret|token|api_key)(_\w+)?",
    "free text": r"(.+_)?(notes?|comments?|message|body|description|remarks?)",
}
_LAYERS = frozenset({"fct", "fact", "dim", "stg", "int", "heap", "raw", "mart", "rpt", "base", "src", "snap"})
_IN_CAPITALS = frozenset({"id", "url", "ltv", "arr", "mrr", "utm", "ip", "nps", "sku", "vat", "usd", "eur", "gbp"})


def snake(name: str) -> str:
    """A name as most are written: user_id for userId, USER_ID and "User ID"."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[\W_]+", "_", apart).strip("_").lower()


def nice(name: str) -> str:
    """A name as people write it in Heap: Lifetime Value for lifetime_value."""
    words = filter(None, snake(name).split("_"))
    return " ".join(word.upper() if word in _IN_CAPITALS else word.capitalize() for word in words) or name


def subject(model: str) -> str:
    """What a model is about, without the prefix of its layer: orders for fct_orders."""
    words = snake(model).split("_")
    while len(words) > 1 and words[0] in _LAYERS:
        words = words[1:]
    return "_".join(words)


def noun(model: str) -> str:
    """One of what a model is about: order for fct_orders."""
    word = subject(model).rpartition("_")[2]
    if word == "people":
        return "person"
    for plural, one in (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", "")):
        if word.endswith(plural):
            return word.removesuffix(plural) + one
    return word


def is_of_users(model: str) -> bool:
    """Whether a model is about users by its name."""
    return noun(model) in _USERS


def is_of_accounts(model: str) -> bool:
    """Whether a model is about accounts by its name."""
    return noun(model) in _ACCOUNTS


def is_id(column: str) -> bool:
    """Whether a column holds ids by its name."""
    return snake(column).rpartition("_")[2] in _ID


def rank(column: str, known: tuple[str, ...]) -> int | None:
    """How likely it is that a column is one of these: 0 the likeliest, None not at all."""
    plain = snake(column)
    return known.index(plain) if plain in known else None


def rank_of_time(column: str, model: str) -> int | None:
    """How likely it is that a column holds when something happened, by its name alone; None where it does not."""
    plain, one = snake(column), noun(model)
    if is_no_time(column):
        return None
    stem = re.escape(one[:-1] if len(one) > 4 else one or "-")
    ranks = (place for place, each in enumerate(_TIMES) if re.fullmatch(each.replace("{noun}", stem), plain))
    return next(ranks, None)


def is_no_time(column: str) -> bool:
    """Whether a time is surely not when something happened."""
    return not _NO_TIMES.isdisjoint(snake(column).split("_"))


def personal(column: str) -> str | None:
    """What a column may hold that is better not sent; None where its name says nothing of the kind."""
    return next((what for what, each in _PERSONAL.items() if re.fullmatch(each, snake(column))), None)


def is_of_a_loader(column: str) -> bool:
    """Whether a column tells of how the row came here, not what it says."""
    return bool(_LOADERS.fullmatch(snake(column))) or column.startswith("_")
