"""The blocks of a model: each read, named, and with the project's defaults beneath."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dbt_heap.declarations.block import RIVALS, TYPES_OF, Block, suits
from dbt_heap.declarations.counterparts import counterpart
from dbt_heap.declarations.sync import SyncType
from dbt_heap.declarations.terms import sync_name
from dbt_heap.errors import Mistake
from dbt_heap.manifest import Model
from dbt_heap.project import FILE_NAME, HeapVars
from dbt_heap.reading import Place, Reading, found, keys, read
from dbt_heap.spelling import did_you_mean, nearest

_DEFAULTS = Place(FILE_NAME, FILE_NAME, "vars.dbt_heap.defaults")
_OWN_ONLY = ("type", "name", "renamed_from")
_CLOSE = 0.8  # of a name that is only misspelt
_NEEDED = "a block, or a list of blocks, is needed"


@dataclass(frozen=True)
class Declared:
    """One block of a model: what it says, and where."""

    model: Model
    place: Place
    name: str  # empty where it has none that could be used
    block: Block
    own: frozenset[str]  # the keys that the block gives itself, be it wrongly; the others are defaults
    meant: frozenset[str]  # those of them that an unknown key stands for, by what its mistake says
    broken: frozenset[str]  # those that could not be read, each with a mistake
    mistakes: tuple[Mistake, ...] = ()  # of its keys and its name

    def where(self, key: str) -> Place:
        """Where a key was given: here or in the project's defaults."""
        from_defaults = key not in self.own and key in self.block.model_fields_set
        return (_DEFAULTS if from_defaults else self.place).at(key)

    def given(self, key: str) -> bool:
        """Whether a key stands there, be it wrongly or as a default."""
        return key in self.own or key in self.block.model_fields_set


def default_block(heap_vars: HeapVars) -> tuple[Block, list[Mistake]]:
    """`vars.dbt_heap.defaults` as a block; what is wrong there is told once, not by every block."""
    raw = {key: value for key, value in heap_vars.defaults.items() if key not in _OWN_ONLY}
    reading = read(Block, raw, _DEFAULTS, partial(_unknown_key, sync_type=None))
    misplaced = [key for key in heap_vars.defaults if key in _OWN_ONLY]
    return reading.value, [
        *reading.mistakes,
        *(_DEFAULTS.at(key).mistake("this key has no default: it stands in each block itself") for key in misplaced),
    ]


def declared_blocks(model: Model, defaults: Block) -> tuple[list[Declared], list[Mistake]]:
    """Return the blocks of a model, each with its own mistakes, and the mistakes of what is no block."""
    place = Place(model.name, model.block_file or model.file, model.heap_key)
    if isinstance(model.heap, Mapping):
        return [_declared(model, place, model.heap, defaults)], []
    if not isinstance(model.heap, list):
        return [], [place.mistake(f"{_NEEDED}, found {found(model.heap)}")]
    if not model.heap:
        return [], [place.mistake(f"{_NEEDED}, found an empty list")]
    items = [(place.at(index), item) for index, item in enumerate(model.heap)]
    several = len(items) > 1
    blocks = [
        _declared(model, where, item, defaults, several=several) for where, item in items if isinstance(item, Mapping)
    ]
    strange = [(where, item) for where, item in items if not isinstance(item, Mapping)]
    return blocks, [where.mistake(f"a block is needed, found {found(item)}") for where, item in strange]


def _declared(
    model: Model, place: Place, raw: Mapping[Any, Any], defaults: Block, *, several: bool = False
) -> Declared:
    reading = read(Block, raw, place, partial(_unknown_key, sync_type=raw.get("type")))
    given = frozenset(key for key in raw if isinstance(key, str))
    meant = frozenset(filter(None, (_meant(key, raw.get("type")) for key in given - set(keys(Block))))) - given
    broken = reading.broken | meant
    name = reading.value.name or ("" if several or "name" in broken else model.name)
    declared = Declared(model, place, name, _over(reading, defaults), given | meant, meant, broken)
    return replace(declared, mistakes=(*reading.mistakes, *_names(declared)))


def _over(reading: Reading[Block], defaults: Block) -> Block:
    """A block with the defaults beneath that suit it."""
    block = reading.value
    if block.type is None:
        return block
    own = block.model_fields_set | reading.broken
    beneath = {
        key: getattr(defaults, key)
        for key in defaults.model_fields_set
        if key not in own and RIVALS.get(key) not in own and suits(key, block.type)
    }
    return block.model_copy(update=beneath)


def _names(declared: Declared) -> Iterator[Mistake]:
    """What is wrong with a name that is missing, or taken from the model."""
    place = declared.place.at("name")
    if "name" in declared.own:
        return
    if not declared.name:
        yield place.mistake("a name is needed, since the model has several blocks")
        return
    try:
        sync_name(declared.name)
    except ValueError as refusal:
        yield place.mistake(f"the model's name cannot be the sync's, so that one is needed here: {refusal}")


def _meant(key: str, sync_type: Any) -> str | None:
    """Return the key that an unknown one most likely stands for: that this one is missing is no second mistake."""
    if near := "identity" if key == "user_id" else nearest(key, keys(Block), cutoff=_CLOSE):
        return near
    instead = counterpart(key, _type(sync_type)) or ""
    return next((each for each in keys(Block) if instead.startswith(f"use `{each}`")), None)


def _type(sync_type: Any) -> SyncType | None:
    return SyncType(sync_type) if sync_type in list(SyncType) else None


def _unknown_key(key: str, sync_type: Any) -> str:
    """Return what is wrong with a key that no block has, or that none of this type has."""
    if key == "user_id":
        return (
            "unknown key: `identity` names the column that holds Heap's identity, "
            "`heap_user_id` that of the Heap SDK's own numeric ID"
        )
    of_type = _type(sync_type)
    known = [each for each in keys(Block) if of_type is None or suits(each, of_type)]
    if near := nearest(key, keys(Block), cutoff=_CLOSE):
        types = ", ".join(TYPES_OF.get(near, ()))
        return f"unknown key; did you mean `{near}`?" + ("" if near in known else f" It belongs to: {types}")
    if instead := counterpart(key, of_type):
        return f"unknown key; {instead}"
    title = f"Keys for {of_type}" if of_type else "Keys"
    return f"unknown key{did_you_mean(key, known) or f'. {title}: ' + ', '.join(known)}"
