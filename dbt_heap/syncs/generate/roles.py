"""Which column is what, by its name, its class and dbt's tests."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.fields import property_name
from dbt_heap.syncs.generate import vocabulary
from dbt_heap.syncs.generate.model import Column, Guess, Property, Subject
from dbt_heap.syncs.sync import SyncType

_TIMES = (ValueClass.DATE, ValueClass.TIMESTAMP, ValueClass.TIMESTAMPTZ)


def identity(subject: Subject) -> Column | None:
    """The column of Heap's identity. Never an email: those change."""
    named = _likeliest(subject.columns, "identity", lambda each: vocabulary.rank(each.name, vocabulary.IDENTITIES))
    return named or (_plain_id(subject, "identity") if vocabulary.is_of_users(subject.name) else None)


def account(subject: Subject) -> Column | None:
    """The column of an account's id."""
    named = _likeliest(subject.columns, "account_id", lambda each: vocabulary.rank(each.name, vocabulary.ACCOUNT_IDS))
    return named or (_plain_id(subject, "account_id") if vocabulary.is_of_accounts(subject.name) else None)


def sdk_id(subject: Subject) -> Column | None:
    """The column of the id of Heap's own SDK."""
    return _likeliest(subject.columns, "heap_user_id", lambda each: vocabulary.rank(each.name, vocabulary.SDK_IDS))


def event_name(subject: Subject) -> Column | None:
    """The column of events' names."""
    texts = [each for each in subject.columns if each.value_class in (None, ValueClass.TEXT, ValueClass.OTHER)]
    return _likeliest(texts, "event_name_column", lambda each: vocabulary.rank(each.name, vocabulary.EVENT_NAMES))


def json_properties(subject: Subject) -> Column | None:
    """The JSON column whose keys are properties."""
    there = [each for each in subject.columns if each.value_class is ValueClass.JSON]
    return _likeliest(there, "properties_column", lambda each: vocabulary.rank(each.name, vocabulary.JSON_PROPERTIES))


def time(subject: Subject) -> Column | None:
    """The column of when it happened."""

    def likely(column: Column) -> int | None:
        named = vocabulary.rank_of_time(column.name, subject.name)
        if named is None and column.value_class in _TIMES and not vocabulary.is_no_time(column.name):
            return 100  # a time by its class alone: after all that have a name
        return named

    return _likeliest(subject.columns, "timestamp", likely)


def own_key(subject: Subject, others: Iterable[Column | None]) -> Guess | None:
    """The key that rows have beside those `others`, which name whom they are about."""
    about = {each.name for each in others if each}
    there = [each for each in subject.columns if each.fits("unique_key") and each.name not in about]
    free = [each for each in there if vocabulary.personal(each.name) is None]
    for each in free:
        if subject.snapshot and each.name.lower() == "dbt_scd_id":
            return Guess("unique_key", each.name, "dbt's own key of a snapshot's rows")
    for each in free:
        if each.unique:
            return Guess("unique_key", each.name, "dbt says that it is unique")
    several = _all_of(subject.key, subject)
    if not about.issuperset(several):
        return Guess("unique_key", several, "dbt takes it for the primary key")
    return _by_name(free, subject)


def _by_name(free: list[Column], subject: Subject) -> Guess | None:
    own = (f"{vocabulary.noun(subject.name)}_{end}" for end in vocabulary.PLAIN_IDS)
    known = (*vocabulary.EVENT_IDS, *own, *vocabulary.PLAIN_IDS)
    named = _first(free, lambda each: vocabulary.rank(each.name, known))
    if named is not None:
        return Guess("unique_key", named.name, "its name, and no test says that it is unique: add one")
    first = subject.columns[0] if subject.columns else None
    if first in free and vocabulary.is_id(first.name) and not _names_somebody(first):
        return Guess("unique_key", first.name, "the first column, and no test says that it is unique: add one")
    merged = _all_of(subject.merged_by, subject)
    if merged and any(name in merged for name in (each.name for each in free)):
        return Guess("unique_key", merged, "the model's own `unique_key`, which may as well be a day: look at it")
    return None


def _names_somebody(column: Column) -> bool:
    return any(
        vocabulary.rank(column.name, ids) is not None
        for ids in (vocabulary.IDENTITIES, vocabulary.ACCOUNT_IDS, vocabulary.SDK_IDS)
    )


def _plain_id(subject: Subject, key: str) -> Column | None:
    """The id of a model that is about those who are looked for."""
    return _likeliest(subject.columns, key, lambda each: vocabulary.rank(each.name, vocabulary.PLAIN_IDS))


def _all_of(key: tuple[str, ...], subject: Subject) -> tuple[str, ...]:
    """The columns of a key, spelled and ordered as the model does; none where one is not there or will not do."""
    wanted = {name.lower() for name in key}
    there = [each.name for each in subject.columns if each.fits("unique_key") and each.name.lower() in wanted]
    return tuple(there) if {name.lower() for name in there} == wanted else ()


def _likeliest(columns: Iterable[Column], key: str, likely: Callable[[Column], int | None]) -> Column | None:
    """The column that may be sent as a key and is the likeliest; of two as likely the unique, else the first."""
    return _first((each for each in columns if each.is_sent_as(key)), likely)


def _first(columns: Iterable[Column], likely: Callable[[Column], int | None]) -> Column | None:
    ranked = [(rank, each) for each in columns if (rank := likely(each)) is not None]
    return min(ranked, key=lambda pair: (pair[0], not pair[1].unique), default=(0, None))[1]


def properties(
    subject: Subject, sync_type: SyncType, environment: str, used: Container[str]
) -> tuple[tuple[Property, ...], Mapping[str, str]]:
    """What becomes of all columns but the used ones: properties, in order, and those that cannot be one, with why."""
    mapped: list[Property] = []
    left_out: dict[str, str] = {}
    for column in subject.columns:
        if column.name in used:
            continue
        if why := _unsendable(column):
            left_out[column.name] = why
            continue
        name = _unlike(_name(column, subject, sync_type), {each.name for each in mapped})
        mapped.append(Property(name, column.name, _doubt(column, name, subject, sync_type, environment)))
    return tuple(mapped), left_out


def _unsendable(column: Column) -> str | None:
    """Why a column cannot be a property of the block."""
    if column.unsafe:
        return column.unsafe
    if column.forbidden_by:
        return f"vars.dbt_heap.never_send forbids it by {column.forbidden_by}"
    if column.speaks:
        return "its own `meta.heap` says what it is"
    return "bytes are never sent" if column.value_class is ValueClass.BYTES else None


def _doubt(column: Column, name: str, subject: Subject, sync_type: SyncType, environment: str) -> str:
    """Why a property is better not sent unread."""
    what = vocabulary.personal(column.name)
    if vocabulary.snake(column.name) == "name" and sync_type is SyncType.USER_PROPERTIES:
        what = "a person's name"
    if what:
        return f"may hold {what}"
    if vocabulary.is_of_a_loader(column.name):
        return "tells how the row was loaded"
    other = subject.taken.get((sync_type, environment, name))
    return f"the sync {other} sends this property" if other else ""


def _name(column: Column, subject: Subject, sync_type: SyncType) -> str:
    """A property's name as people write it, but Heap's own and the project's where they have one."""
    plain = vocabulary.snake(column.name)
    if plain == "email" and sync_type is SyncType.USER_PROPERTIES:
        return "email"
    of_account = vocabulary.rank(column.name, vocabulary.ACCOUNT_IDS) == 0 and sync_type is SyncType.USER_PROPERTIES
    name = subject.account_id_property if of_account and subject.account_id_property else vocabulary.nice(column.name)
    try:
        return property_name(name)
    except ValueError:  # Heap keeps it for itself
        return f"{vocabulary.nice(vocabulary.noun(subject.name))} {name}"


def _unlike(name: str, others: Container[str]) -> str:
    """A name that no other property has."""
    count = 2
    unlike = name
    while unlike in others:
        unlike, count = f"{name} {count}", count + 1
    return unlike
