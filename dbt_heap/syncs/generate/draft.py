"""Draft a block for one model, as YAML, from the manifest, the warehouse and the other syncs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from dbt_heap.errors import DeclarationError, Messages, SettingsError, counted, printable
from dbt_heap.project.artifacts import load_manifest, project_name_of
from dbt_heap.project.dbt_project import ProjectFile
from dbt_heap.project.files import scalar
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.project.manifest import models_of
from dbt_heap.project.nodes import Model
from dbt_heap.project.settings import Settings
from dbt_heap.project.validation import identifier
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.declare import declare
from dbt_heap.syncs.fields import sync_name
from dbt_heap.syncs.generate.model import Column, Found, Guess, Proposal, Subject, find
from dbt_heap.syncs.generate.roles import propose
from dbt_heap.syncs.invocation import sources
from dbt_heap.syncs.rules import no_relation, veto
from dbt_heap.syncs.sync import Declarations, Sync, SyncType, mistakes_of, slug

# Settings, project, its name and a model -> the model's columns in the warehouse, and why if there are none.
BuiltColumns = Callable[[Settings, ProjectFile, str, Model], tuple[Mapping[str, ValueClass], str]]


def draft(
    settings: Settings, name: str, sync_type: SyncType | None, built_columns: BuiltColumns, messages: Messages
) -> str:
    """Return a block for the model with this name, as YAML to paste.

    Needs no Environment ID; mistakes in the declarations of other models are warnings.
    Raises SettingsError, ManifestError, WarehouseError; DeclarationError for `vars: dbt_heap:`.
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
    messages.add(warnings, notes)
    return as_yaml(found, proposal, unsure)


def _others(content: Mapping[str, Any], model: Model, heap_vars: HeapVars) -> tuple[list[Sync], list[str]]:
    """Return the syncs of all other models, and a warning if their declarations have mistakes."""
    tagged = [each for each in models_of(content, tagged=True) if each.unique_id != model.unique_id]
    try:
        declarations = declare(tagged, heap_vars)
        mistakes = mistakes_of(declarations.mistaken).mistakes
    except DeclarationError as error:  # in the project's defaults
        declarations, mistakes = Declarations((), frozenset()), error.mistakes
    unknown = f"{counted(len(mistakes), 'mistake')} in the declarations of other models, see `dbt-heap check`"
    warnings = [f"{unknown}; what those models send is not known here"] if mistakes else []
    return list(declarations.syncs), warnings


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
        # Events may share names of properties.
        taken={
            (sync.type, sync.environment, each): sync.name
            for sync in others if sync.type is not SyncType.EVENTS for each in sync.properties
        },
    )  # fmt: skip


def _columns(found: Found, built: Mapping[str, ValueClass], heap_vars: HeapVars) -> Iterator[Column]:
    """Yield the warehouse's columns, in the YAML's spelling if that is unambiguous; else those of the YAML."""
    forbidden_by = veto(heap_vars.never_send, found.model)
    listed = {column.name.lower(): column for column in found.model.columns}
    for name in built or [column.name for column in listed.values()]:
        plain = name.lower()
        in_yaml = listed.get(plain)
        unambiguous = sum(each.lower() == plain for each in built) == 1
        yield Column(
            name=in_yaml.name if in_yaml and unambiguous else name,
            value_class=built.get(name),
            unique=plain in found.unique,
            not_null=plain in found.not_null,
            forbidden_by=forbidden_by(name),
            unsafe=_unsafe(name),
            declared=in_yaml is not None and "heap" in in_yaml.meta,
        )


def _unsafe(name: str) -> str | None:
    try:
        identifier(name)
    except ValueError as refusal:
        return str(refusal)
    return None


def _sync_name(model: Model, taken: set[str]) -> str | None:
    """Return a name for the sync if the model's cannot be used; None if it can."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", model.name)[:80]
    if plain == model.name and slug(plain) and slug(plain) not in taken:
        return None
    names = (f"sync_{number}_{plain}" for number in count(2))  # only the first 30 characters tell syncs apart
    return sync_name(next(name for name in names if slug(name) not in taken))


_KEYS = {"model": "models", "seed": "seeds", "snapshot": "snapshots", "source": "sources"}


def as_yaml(found: Found, proposal: Proposal, notes: Sequence[str]) -> str:
    """Return the draft as YAML to paste, with a comment that says where."""
    file, above = _above(found)
    margin = " " * (len(above[-1]) - len(above[-1].lstrip()) + 2)
    lines = [
        f"# Drafted by dbt-heap for {found.model.name} from names, types and tests. Each guess gives its reason.",
        f"# Review it, edit it, paste it into {file}, then run: dbt parse && dbt-heap check",
        *(f"# {note}" for note in notes),
        *above,
        *(margin + line for line in _block(found, proposal)),
    ]
    return "".join(f"{printable(line)}\n" for line in lines)


def _above(found: Found) -> tuple[str, list[str]]:
    """Return the file to paste into, and the keys above the block there."""
    model, name, group = found.model, scalar(found.model.name), _KEYS[found.model.resource_type]
    if found.of_package:  # only dbt_project.yml can configure a package's models
        steps = [group, *map(scalar, model.fqn or (model.package, model.name)), "+meta", "heap"]
        return "dbt_project.yml", [f"{'  ' * depth}{step}:" for depth, step in enumerate(steps)]
    if model.resource_type == "source":
        keys = ["sources:", f"  - name: {scalar(model.source)}", "    tables:", f"      - name: {name}"]
    elif model.version is not None:
        version = scalar(model.version) if isinstance(model.version, str) else str(model.version)
        keys = ["models:", f"  - name: {name}", "    versions:", f"      - v: {version}"]
    else:
        keys = [f"{group}:", f"  - name: {name}"]
    margin = " " * (keys[-1].index("- ") + 2)
    file = model.file if model.file.endswith((".yml", ".yaml")) else "a YAML file next to it"
    return file, keys + [margin + each for each in ("config:", "  meta:", "    heap:")]


def _block(found: Found, proposal: Proposal) -> Iterator[str]:
    for guess in proposal.keys:
        missing = guess.value is None
        yield f"# {guess.key}:  # missing: {guess.why}" if missing else f"{guess.key}: {_value(guess)}  # {guess.why}"
    sent = [each for each in proposal.properties if not each.doubt]
    if sent:
        yield "properties:  # all other columns, with readable names"
    for each in proposal.properties:
        pair = f"{scalar(each.name)}: {scalar(each.column)}"
        yield f"  # {pair}  # left out: {each.doubt}" if each.doubt else f"  {pair}"
    for column, why in proposal.left_out.items():
        yield f"# {scalar(column)} is left out: {why}"
    listed = {column.name.casefold() for column in found.model.columns}
    excepted = [each.column for each in proposal.properties if each.doubt and each.column.casefold() in listed]
    if sent and excepted and all(each.column.casefold() in listed for each in sent):
        yield "# Or send all listed columns under their own names, except these:"
        yield '# properties: "*"'
        yield f"# except: [{', '.join(map(scalar, excepted))}]"


def _value(guess: Guess) -> str:
    values = (guess.value,) if isinstance(guess.value, str) else guess.value or ()
    return scalar(values[0]) if len(values) == 1 else f"[{', '.join(map(scalar, values))}]"
