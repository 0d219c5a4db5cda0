"""A proposed block for one model, as text: manifest, warehouse and the other syncs asked, then guessed and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from dbt_heap.errors import DeclarationError, SettingsError
from dbt_heap.project.artifacts import load_manifest, project_name_of
from dbt_heap.project.dbt_project import ProjectFile
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.project.manifest import models_of
from dbt_heap.project.nodes import Model
from dbt_heap.project.settings import Settings
from dbt_heap.project.validation import identifier
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.declare import declare
from dbt_heap.syncs.fields import sync_name
from dbt_heap.syncs.generate.model import Column, Found, Subject, find
from dbt_heap.syncs.generate.proposal import as_yaml, propose
from dbt_heap.syncs.invocation import raise_if_warn_error, sources
from dbt_heap.syncs.rules import no_relation, veto
from dbt_heap.syncs.sync import Declarations, Sync, SyncType, mistakes_of, slug

# Settings, project, its name and a model -> the model's columns as the warehouse has them, and why if there are none.
BuiltColumns = Callable[[Settings, ProjectFile, str, Model], tuple[Mapping[str, ValueClass], str]]


@dataclass(frozen=True)
class Draft:
    """What is to be pasted, and what to know of it."""

    text: str
    warnings: tuple[str, ...]
    notes: tuple[str, ...]  # whose manifest it is


def draft(settings: Settings, name: str, sync_type: SyncType | None, built_columns: BuiltColumns) -> Draft:
    """A proposal for the model of that name. No app id is needed, and other models' mistakes are only told.

    Raises SettingsError, ManifestError, WarehouseError; DeclarationError of `vars: dbt_heap:`.
    """
    project, path, notes = sources(settings)
    content = load_manifest(path)
    found = find(content, name)
    model = found.model
    if model.relation is None:
        raise SettingsError(f"{model.name}: {no_relation(model)}")
    built, why = built_columns(settings, project, project_name_of(content, project.name).name, model)
    if not built and not model.columns:
        raise SettingsError(f"{model.name}: {why}; or list its columns in its YAML")
    others, warnings = _others(content, model, project.heap_vars)
    proposal = propose(_subject(found, built, others, project.heap_vars), sync_type)
    unsure = [] if built else [f"{why}: these are the columns that its YAML lists, of unknown types"]
    warnings += [f"{model.name}: {note}" for note in unsure]
    warnings += [f"{model.name}: `{guess.key}` is missing: {guess.why}" for guess in proposal.missing]
    raise_if_warn_error(warnings, settings)
    return Draft(as_yaml(found, proposal, unsure), tuple(warnings), notes)


def _others(content: Mapping[str, Any], model: Model, heap_vars: HeapVars) -> tuple[list[Sync], list[str]]:
    """The syncs of all other models, with a warning if declarations have mistakes."""
    tagged = [each for each in models_of(content, tagged=True) if each.unique_id != model.unique_id]
    try:
        declarations = declare(tagged, heap_vars)
        mistakes = mistakes_of(declarations.mistaken).mistakes
    except DeclarationError as error:  # of the project's defaults, which are beneath every block
        declarations, mistakes = Declarations((), frozenset()), error.mistakes
    if not mistakes:
        return list(declarations.syncs), []
    told = f"{len(mistakes)} mistakes stand in the declarations of other models, see `dbt-heap check`"
    return list(declarations.syncs), [f"{told}; what those send already is not known here"]


def _subject(found: Found, built: Mapping[str, ValueClass], others: list[Sync], heap_vars: HeapVars) -> Subject:
    model = found.model
    return Subject(
        name=model.name,
        columns=tuple(_columns(found, built, heap_vars)),
        snapshot=model.resource_type == "snapshot",
        key=model.primary_key,
        merged_by=model.unique_key,
        sync_name=_sync_name(model, {slug(sync.name) for sync in others}),
        account_id_property=heap_vars.account_id_property,
        environments=heap_vars.environment_names,
        taken=_taken(others),
    )


def _taken(others: list[Sync]) -> Mapping[tuple[SyncType, str, str], str]:
    """Which sync sends a property of users or of accounts; events may share names."""
    objects = [sync for sync in others if sync.type is not SyncType.EVENTS]
    return {(sync.type, sync.environment, each): sync.name for sync in objects for each in sync.properties}


def _columns(found: Found, built: Mapping[str, ValueClass], heap_vars: HeapVars) -> Iterator[Column]:
    """The warehouse's columns, in the YAML's spelling where that is clear; where there are none, those of the YAML."""
    forbidden_by = veto(heap_vars.never_send, found.model)
    listed = {column.name.lower(): column.name for column in found.model.columns}
    speaking = {column.name.lower() for column in found.model.columns if "heap" in column.meta}
    for name in built or listed.values():
        plain = name.lower()
        alone = sum(each.lower() == plain for each in built) == 1
        yield Column(
            name=listed.get(plain, name) if alone else name,
            value_class=built.get(name),
            unique=plain in found.unique,
            not_null=plain in found.not_null,
            forbidden_by=forbidden_by(name),
            unsafe=_unsafe(name),
            speaks=plain in speaking,
        )


def _unsafe(name: str) -> str | None:
    try:
        identifier(name)
    except ValueError as refusal:
        return str(refusal)
    return None


def _sync_name(model: Model, taken: set[str]) -> str | None:
    """The name that the sync needs where the model's will not do; None where it does."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", model.name)[:80]
    if plain == model.name and slug(plain) and slug(plain) not in taken:
        return None
    versioned = [f"{plain}_v{model.version}"] if isinstance(model.version, int) else []
    names = chain(versioned, (f"sync_{number}_{plain}" for number in count(2)))
    return sync_name(next(name for name in names if slug(name) not in taken))
