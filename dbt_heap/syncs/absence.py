"""Messages about relations and columns that cannot be read, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dbt_heap.errors import counted
from dbt_heap.project.nodes import Model, Relation

_SHOWN = 3  # relations
_BUILD = {"model": "run", "seed": "seed", "snapshot": "snapshot"}


class Why(StrEnum):
    """Why a relation cannot be read: the first reason that applies."""

    NO_DATABASE = "no_database"
    NO_SCHEMA = "no_schema"
    NO_USAGE = "no_usage"  # of the schema
    NO_SELECT = "no_select"
    NO_COLUMN = "no_column"  # some columns cannot be selected
    HIDDEN = "hidden"  # missing or not granted: the warehouse does not say which
    NO_RELATION = "no_relation"


@dataclass(frozen=True)
class Absence:
    """Why one relation, or some of its columns, cannot be read."""

    why: Why
    role: str = ""  # the connected role; empty if the warehouse has no roles
    columns: tuple[str, ...] = ()  # that the role cannot select
    needs: tuple[str, ...] = ()  # the missing grants: usage, select, columns
    detail: str = ""  # what the profile connects to, or the warehouse's own words

    def cause(self, model: Model) -> tuple[object, ...]:
        """Return a key that is equal for models that one message can be about."""
        relation = model.relation
        place: tuple[object, ...] = (relation.database, relation.schema) if relation else ()
        if self.why is Why.NO_DATABASE:
            place = place[:1]
        elif self.why is Why.NO_COLUMN:
            place = (str(relation), *self.columns)
        elif self.why is Why.NO_RELATION:
            place = ()
        return (self.why, *place, model.resource_type if self.granted else model.resource_type in _BUILD, self.needs)

    @property
    def granted(self) -> bool:
        """Return whether only grants are missing."""
        return self.why in (Why.NO_USAGE, Why.NO_SELECT, Why.NO_COLUMN)


def absent(models: Sequence[Model], absence: Absence, grants: Sequence[str] = ()) -> str:
    """Return why the relations of some models cannot be read, and what to type.

    Whether the manifest was built for another target is checked before.
    """
    relations = [each.relation for each in models if each.relation]
    return absent_relations(relations, absence, _remedy(models, absence), grants)


def absent_relations(relations: Sequence[Relation], absence: Absence, remedy: str, grants: Sequence[str] = ()) -> str:
    """Return why relations cannot be read; `remedy` is what to do if they do not exist."""
    first, many = relations[0], len(relations) > 1
    named, are = _some(relations), "are" if many else "is"
    role = f"the role {absence.role}" if absence.role else "the role of this profile"
    owner = f". Ask an owner to run: {'; '.join(grants)}" if grants else ". Ask an owner to grant it"
    if absence.why is Why.NO_DATABASE:
        here = f" connects to {absence.detail}, and" if absence.detail else ""
        return f"the profile{here} cannot reach the database {first.database}, which holds {named}. {remedy}"
    if absence.why is Why.NO_SCHEMA:
        where = f"{first.database}.{first.schema}" if first.database else first.schema
        return f"{named} {are} not in the warehouse: the schema {where} does not exist. {remedy}"
    if absence.why is Why.NO_USAGE:
        return f"{role} may not use the schema {first.schema}, which holds {named}{owner}"
    if absence.why is Why.NO_SELECT:
        said = f" ({absence.detail})" if absence.detail else ""
        return f"{role} may not read {named}{said}{owner}"
    if absence.why is Why.NO_COLUMN:
        column = "columns" if len(absence.columns) > 1 else "column"
        return f"{role} may not read the {column} {enumerated(absence.columns)} of {named}{owner}"
    if absence.why is Why.HIDDEN:
        seen = f"{named} {are} not in the warehouse, or {role} may not read {'them' if many else 'it'}"
        return (
            f"{seen}: the warehouse shows only what is granted. {remedy}; or ask an owner to run: {'; '.join(grants)}"
        )
    return f"{named} {are} not in the warehouse. {remedy}"


def enumerated(items: Iterable[object]) -> str:
    """Return items as a list in words: a, b and c."""
    *others, last = [str(each) for each in items]
    return f"{', '.join(others)} and {last}" if others else last


def _some(relations: Sequence[Relation]) -> str:
    """Return all of a few relations, or the first of many; the message names all models."""
    shown = [str(each) for each in relations[:_SHOWN]]
    if rest := len(relations) - len(shown):
        shown.append(counted(rest, "other"))
    return enumerated(shown)


def _remedy(models: Sequence[Model], absence: Absence) -> str:
    if models[0].resource_type not in _BUILD:
        keys = "`database`, `schema` and `identifier`"
        return f"dbt does not build sources: load {'it' if len(models) == 1 else 'them'}, or correct {keys} in the YAML"
    if absence.why is Why.NO_DATABASE:
        return "Use the profile and target that dbt built with, or correct `database` of the model"
    kinds = {_BUILD[each.resource_type] for each in models}
    command = kinds.pop() if len(kinds) == 1 else "build"
    names = (each.name if each.version is None else f"{each.name}.v{each.version}" for each in models)
    return f"Run `dbt {command} --select {' '.join(dict.fromkeys(names))}`"
