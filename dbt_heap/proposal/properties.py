"""Which of the other columns become properties, and under which names."""

from __future__ import annotations

from collections.abc import Container, Mapping

from dbt_heap.declarations.sync import SyncType
from dbt_heap.declarations.terms import property_name
from dbt_heap.mapping import ValueClass
from dbt_heap.proposal import names
from dbt_heap.proposal.nouns import Column, Property, Subject


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
    what = names.personal(column.name)
    if names.snake(column.name) == "name" and sync_type is SyncType.USER_PROPERTIES:
        what = "a person's name"
    if what:
        return f"may hold {what}"
    if names.is_of_a_loader(column.name):
        return "tells how the row was loaded"
    other = subject.taken.get((sync_type, environment, name))
    return f"the sync {other} sends this property" if other else ""


def _name(column: Column, subject: Subject, sync_type: SyncType) -> str:
    """A property's name as people write it, but Heap's own and the project's where they have one."""
    plain = names.snake(column.name)
    if plain == "email" and sync_type is SyncType.USER_PROPERTIES:
        return "email"
    of_account = names.rank(column.name, names.ACCOUNT_IDS) == 0 and sync_type is SyncType.USER_PROPERTIES
    name = subject.account_id_property if of_account and subject.account_id_property else names.nice(column.name)
    try:
        return property_name(name)
    except ValueError:  # Heap keeps it for itself
        return f"{names.nice(names.noun(subject.name))} {name}"


def _unlike(name: str, others: Container[str]) -> str:
    """A name that no other property has."""
    count = 2
    unlike = name
    while unlike in others:
        unlike, count = f"{name} {count}", count + 1
    return unlike
