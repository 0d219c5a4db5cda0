"""The rules of a block: which keys it must have, and which exclude each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from dbt_heap.errors import Mistake, did_you_mean, printable
from dbt_heap.project.heap_vars import MAIN, HeapVars, NeverSend
from dbt_heap.project.nodes import Column, Model, Relation
from dbt_heap.project.validation import quoted
from dbt_heap.syncs.block import RIVALS, SENT_COLUMNS, TYPES_OF, suits
from dbt_heap.syncs.parsing import Declared
from dbt_heap.syncs.sync import SyncType

Veto = Callable[[str], str | None]


def veto(never_send: NeverSend, model: Model) -> Veto:
    """Return a function that returns the rule of `never_send` that forbids a column; None if it can be sent.

    Names are compared without case, so another spelling does not get around the rule.
    """
    listed: dict[str, list[Column]] = {}
    for column in model.columns:
        listed.setdefault(column.name.casefold(), []).append(column)

    def forbidden_by(name: str) -> str | None:
        plain = name.casefold()
        for glob in never_send.columns:
            if fnmatchcase(plain, glob.casefold()):
                return f"the pattern `{printable(glob)}`"
        for column in listed.get(plain, ()):
            for tag in never_send.tags:
                if tag in column.tags:
                    return f"the column's tag `{printable(tag)}`"
            for key in never_send.meta:
                if column.meta.get(key):
                    return f"the column's meta `{printable(key)}`"
        return None

    return forbidden_by


_SUBJECT = {
    SyncType.EVENTS: ("identity", "the column with the identity of the user who did it"),
    SyncType.USER_PROPERTIES: ("identity", "the column with the user's identity"),
    SyncType.ACCOUNT_PROPERTIES: ("account_id", "the column with the account's ID"),
    SyncType.USER_DELETIONS: ("identity", "the column with the identity of the user to delete"),
}
_SNAPSHOT_KEY = ("dbt_scd_id",)
_PART = r'"[^"]+"|`[^`\\]+`|[\w$-]+'  # of a relation's name, quoted or plain


def broken_rules(declared: Declared, forbidden_by: Veto) -> Iterator[Mistake]:
    """Yield the mistakes of a block, except those of its properties."""
    sync_type = declared.block.type
    if declared.model.relation is None:
        yield declared.place.mistake(no_relation(declared.model))
    elif not _plain(declared.model.relation):
        written = quoted(declared.model.relation.sql)
        yield declared.place.mistake(
            f"dbt-heap expects the relation {declared.model.relation}, but dbt wrote it as {written}"
        )
    if sync_type is None:
        if "type" not in declared.own:
            yield declared.place.at("type").mistake(f"`type` is required: {_listed([str(each) for each in SyncType])}")
        return
    yield from _keys_of_other_types(declared, sync_type)
    if declared.name and declared.name in (declared.block.renamed_from or ()):
        yield declared.place.at("renamed_from").mistake(
            f"{quoted(declared.name)} is the sync's current name; list only earlier names here"
        )
    yield from _subject(declared, sync_type)
    if sync_type is SyncType.EVENTS:
        yield from _event(declared)
    if sync_type is SyncType.USER_DELETIONS:
        yield from _deletion(declared)
    for key in SENT_COLUMNS:
        column = getattr(declared.block, key)
        if suits(key, sync_type) and column is not None and (by := forbidden_by(column)):
            yield declared.place.at(key).mistake(never_sent(column, by))


def never_sent(column: str, by: str) -> str:
    """Return the message about a column that the project forbids to send."""
    return f"the column {quoted(column)} must not be sent: vars.dbt_heap.never_send forbids it by {by}"


def environment(declared: Declared, heap_vars: HeapVars) -> tuple[str, list[Mistake]]:
    """Return the environment that a block's rows go to; empty, with a mistake, if it is not clear."""
    names, chosen = heap_vars.environment_names, declared.block.environment
    place = declared.where("environment")
    if chosen is None and "environment" not in declared.broken:
        default = names[0] if len(names) == 1 else MAIN
        if default in names:
            return default, []
        return "", [
            place.mistake(f"must be {_listed(names)}: the project has several environments, and none is {MAIN}")
        ]
    if chosen is not None and chosen not in names:
        near = did_you_mean(chosen, names)
        there_is = f"vars.dbt_heap.environments has {_listed(names, 'and')}"
        if not heap_vars.environments:
            there_is = f"the project has only {MAIN}, because vars.dbt_heap.environments is not set"
        return "", [place.mistake(f"unknown environment {quoted(chosen)}: {there_is}{near}")]
    return chosen or "", []


def unique_key(declared: Declared) -> tuple[str, ...]:
    """Return the columns of the unique key; empty if there is none."""
    if declared.block.type is not SyncType.EVENTS:
        return ()
    return declared.block.unique_key or (_SNAPSHOT_KEY if declared.model.resource_type == "snapshot" else ())


def _keys_of_other_types(declared: Declared, sync_type: SyncType) -> Iterator[Mistake]:
    for key in sorted((declared.own - declared.meant) & TYPES_OF.keys()):
        if not suits(key, sync_type):
            types = _listed([str(each) for each in TYPES_OF[key]], "and")
            yield declared.place.at(key).mistake(f"this key belongs to {types}, but the type is {sync_type}")


def _subject(declared: Declared, sync_type: SyncType) -> Iterator[Mistake]:
    key, meaning = _SUBJECT[sync_type]
    if sync_type in (SyncType.EVENTS, SyncType.USER_DELETIONS):
        alternative = "(or `heap_user_id`: the column with the numeric ID that Heap's SDK assigns)"
        yield from _exactly_one(declared, key, f"`{key}` is required: {meaning} {alternative}")
    elif not declared.given(key):
        yield declared.place.at(key).mistake(f"`{key}` is required: {meaning}")


def _event(declared: Declared) -> Iterator[Mistake]:
    yield from _exactly_one(
        declared,
        "event_name",
        "`event_name` is required: the name of every event (or `event_name_column`: the column that holds it)",
    )
    if not unique_key(declared) and "unique_key" not in declared.broken:
        yield declared.place.at("unique_key").mistake(
            "`unique_key` is required: the column, or the list of columns, that no two events share"
            + _proposal(declared.model)
        )


def _deletion(declared: Declared) -> Iterator[Mistake]:
    allowance = declared.block.max_rows
    if "max_rows" in declared.own and allowance is not None and allowance.rows is None:
        yield declared.place.at("max_rows").mistake(
            f"must be a number of rows, not {allowance}: deletions have no rows in state to take a percentage of"
        )


def _exactly_one(declared: Declared, key: str, if_none: str) -> Iterator[Mistake]:
    given = [each for each in (key, RIVALS[key]) if declared.given(each)]
    if not given:
        yield declared.place.at(key).mistake(if_none)
    if len(given) == 2:
        yield declared.place.at(given[1]).mistake(
            f"`{key}` is set too, and a block can only have one of them: remove one"
        )


def _proposal(model: Model) -> str:
    """Return dbt's candidates for the key as text. One may be the day of a partition, so none is used by itself."""
    candidates = dict.fromkeys(_listed(columns, "and") for columns in (model.primary_key, model.unique_key) if columns)
    return f"; dbt suggests {' or '.join(candidates)}" if candidates else ""


def no_relation(model: Model) -> str:
    """Return the message about a model that has a block and no relation."""
    if model.materialized == "ephemeral":
        return "the model is ephemeral, so it has no table or view to read: materialize it as a table or view"
    return f"dbt builds no relation for this {printable(model.resource_type)}, so there are no rows to send"


def _plain(relation: Relation) -> bool:
    """Return whether the name that dbt wrote is only that relation: it becomes part of statements as it is."""
    parts = re.fullmatch(rf"(?:({_PART})\.)?(?:({_PART})\.)?({_PART})", relation.sql)
    written = [part.strip('"`').lower() for part in parts.groups() if part] if parts else []
    whole = [part.lower() for part in (relation.database, relation.schema, relation.identifier) if part]
    return bool(written) and written == whole[-len(written) :]


def _listed(names: list[str] | tuple[str, ...], word: str = "or") -> str:
    shown = [printable(name) for name in names]
    return f" {word} ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
