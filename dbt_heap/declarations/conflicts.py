"""Mistakes that two syncs make together: the same name, or the same property of the same object type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dbt_heap.declarations.blocks import Declared
from dbt_heap.declarations.drafts import Draft
from dbt_heap.declarations.sync import SyncType, slug
from dbt_heap.errors import Mistake, printable
from dbt_heap.reading import quoted


def with_conflicts(drafts: Sequence[Draft]) -> list[Draft]:
    """Return the drafts with the mistakes that two of them make together: neither can be sent until one changes."""
    shared: dict[int, list[Mistake]] = defaultdict(list)
    for mistake, one, other in (*_names_twice(drafts), *_properties_twice(drafts)):
        shared[id(one)].append(mistake)
        shared[id(other)].append(mistake)
    return [replace(each, mistakes=(*each.mistakes, *shared[id(each.declared)])) for each in drafts]


def _names_twice(drafts: Iterable[Draft]) -> Iterator[tuple[Mistake, Declared, Declared]]:
    """Yield syncs that cannot be told apart, or whose views cannot."""
    first: dict[str, Declared] = {}
    for declared in (draft.declared for draft in drafts):
        other = first.setdefault(slug(declared.name), declared) if declared.name else declared
        if other is declared:
            continue
        place, whose = declared.place.at("name"), f"of the model {_written(other)}"
        if other.name == declared.name:
            text = _one_name(declared, other)
        else:
            text = (
                f"the view of this sync, {slug(declared.name)}__synced, would be that of the sync "
                f"{quoted(other.name)} {whose} too: rename one so that their first 30 letters and digits differ"
            )
        yield place.mistake(text), declared, other


def _properties_twice(drafts: Iterable[Draft]) -> Iterator[tuple[Mistake, Declared, Declared]]:
    """Yield properties of users or accounts that two syncs would overwrite in turn."""
    first: dict[tuple[SyncType, str, str], Declared] = {}
    for draft in drafts:
        declared, sync_type = draft.declared, draft.declared.block.type
        if sync_type is None or sync_type is SyncType.EVENTS or not declared.block.enabled:
            continue
        for each in draft.properties.mapped:
            other = first.setdefault((sync_type, draft.environment, each.name), declared)
            if other is not declared:
                text = (
                    f"the property {quoted(each.name)} is sent by the sync {quoted(other.name)} too, of the model "
                    f"{_written(other)}, and each would overwrite the other: leave one out"
                )
                yield each.place.mistake(text), declared, other


def _one_name(declared: Declared, other: Declared) -> str:
    """Return what is wrong with two syncs of one name, and what to do about it."""
    if declared.model is other.model:
        return f"another block of this model has the name {quoted(declared.name)}, too: give each a `name` of its own"
    both = f"the models {_written(other)} and {_written(declared)} both declare a sync {quoted(declared.name)}"
    if declared.model.version is not None and declared.model.name == other.model.name:
        return f"{both}: leave the block on one version, or give each a `name` of its own"
    return f"{both}: give one a `name` of its own"


def _written(declared: Declared) -> str:
    """Return the model of a block with package and version, and the file that it is written in."""
    return printable(f"{declared.model.full_name} ({declared.model.block_file or declared.model.file})")
