"""What the names of columns and models suggest: lists of words, the likelier first."""

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

# When an event happened; `{noun}` is the model's, without the last letter if it is long: purchased_at.
_TIMES = (
    r"(event_)?(occurred|happened)_(at|on)|dbt_valid_from",
    r"event_(time|timestamp|ts|at|date|datetime)",
    r"timestamp|ts|time|datetime|occurred",
    r"{noun}\w*_(at|time|timestamp|ts|on|date)",
    r"created(_at|_on|_date|_time)?",
    r".+_(at|time|timestamp|ts|datetime)",
    r".+_(on|date|day)|date|day",
)
# Times of later changes, of loading, or in the future are not when an event happened.
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
    "an ID number": r"(.+_)?(ssn|social_security(_number)?|passport(_\w+)?|tax_id|national_id|iban|vat_id"
    r"|licen[cs]e_number|credit_card(_\w+)?|card_number|account_number)",
    "a date of birth": r"(.+_)?(dob|birth_?date|birth_?day|date_of_birth|birth_year)",
    "a secret": r"(.+_)?(password|passwd|secret|token|api_key)(_\w+)?",
    "free text": r"(.+_)?(notes?|comments?|message|body|description|remarks?)",
}
_LAYERS = frozenset({"fct", "fact", "dim", "stg", "int", "heap", "raw", "mart", "rpt", "base", "src", "snap"})
_IN_CAPITALS = frozenset({"id", "url", "ltv", "arr", "mrr", "utm", "ip", "nps", "sku", "vat", "usd", "eur", "gbp"})


def snake(name: str) -> str:
    """Return a name in snake case: user_id for userId, USER_ID and "User ID"."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[\W_]+", "_", apart).strip("_").lower()


def nice(name: str) -> str:
    """Return a name as people write it in Heap: Lifetime Value for lifetime_value."""
    words = filter(None, snake(name).split("_"))
    return " ".join(word.upper() if word in _IN_CAPITALS else word.capitalize() for word in words) or name


def subject(model: str) -> str:
    """Return what a model is about, without the prefix of its layer: orders for fct_orders."""
    words = snake(model).split("_")
    while len(words) > 1 and words[0] in _LAYERS:
        words = words[1:]
    return "_".join(words)


def noun(model: str) -> str:
    """Return the singular of what a model is about: order for fct_orders."""
    word = subject(model).rpartition("_")[2]
    if word == "people":
        return "person"
    for plural, one in (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", "")):
        if word.endswith(plural):
            return word.removesuffix(plural) + one
    return word


def is_about_users(model: str) -> bool:
    """Return whether a model's name says that it is about users."""
    return noun(model) in _USERS


def is_about_accounts(model: str) -> bool:
    """Return whether a model's name says that it is about accounts."""
    return noun(model) in _ACCOUNTS


def rank(column: str, known: tuple[str, ...]) -> int | None:
    """Return the position of a column among known names: 0 is the likeliest, None means that it is not one."""
    plain = snake(column)
    return known.index(plain) if plain in known else None


def rank_of_time(column: str, model: str) -> int | None:
    """Return how likely a column's name makes it the time of an event: 0 is the likeliest, None means not at all."""
    plain, one = snake(column), noun(model)
    if is_no_time(column):
        return None
    stem = re.escape(one[:-1] if len(one) > 4 else one or "-")
    ranks = (place for place, each in enumerate(_TIMES) if re.fullmatch(each.replace("{noun}", stem), plain))
    return next(ranks, None)


def is_no_time(column: str) -> bool:
    """Return whether a column's name says that it is not the time of an event."""
    return not _NO_TIMES.isdisjoint(snake(column).split("_"))


def personal(column: str) -> str | None:
    """Return the kind of personal data that a column's name suggests; None if it suggests none."""
    return next((what for what, each in _PERSONAL.items() if re.fullmatch(each, snake(column))), None)


def is_from_loader(column: str) -> bool:
    """Return whether a column describes how its row was loaded."""
    return bool(_LOADERS.fullmatch(snake(column))) or column.startswith("_")


def is_id(column: str) -> bool:
    """Return whether a column's name says that it holds IDs."""
    return snake(column).rpartition("_")[2] in _ID


def names_someone(column: str) -> bool:
    """Return whether a column's name says that it identifies a user or an account."""
    return any(rank(column, ids) is not None for ids in (IDENTITIES, ACCOUNT_IDS, SDK_IDS))
