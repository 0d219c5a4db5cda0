"""Syncs as exposures of dbt, so that Heap stands in the graph: https://docs.getdbt.com/docs/build/exposures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dbt_heap.declarations.sync import Sync, SyncType
from dbt_heap.manifest import Model
from dbt_heap.project import ExposureVars
from dbt_heap.scalars import scalar

# The same whatever the flags and the path, so that `--check` compares what is declared.
MARK = "# Written by dbt-heap."
_HEADER = f"{MARK} To make it anew: dbt-heap exposures --output-file <this file>"
_SOMEBODY = "Heap"  # dbt wants a name or an email

_WHAT = {
    SyncType.USER_PROPERTIES: "User properties",
    SyncType.ACCOUNT_PROPERTIES: "Account properties",
    SyncType.EVENTS: "Events",
    SyncType.USER_DELETIONS: "Deletions of users",
}


def exposures(syncs: Iterable[Sync], said: ExposureVars, project: str) -> str:
    """The YAML file that declares one exposure a sync, by name; `project` is the one whose file it is."""
    lines = [line for sync in sorted(syncs, key=_name) for line in _lines(sync, said, project)]
    return "\n".join([_HEADER, "exposures:" if lines else "exposures: []", *lines, ""])


def _lines(sync: Sync, said: ExposureVars, project: str) -> Iterator[str]:
    owner = {"name": said.owner_name, "email": said.owner_email}
    if not any(owner.values()):
        owner["name"] = _SOMEBODY
    yield f"  - name: {scalar(_name(sync))}"
    yield f"    label: {_text(f'Heap: {sync.name}')}"
    yield "    type: application"
    if said.url:
        yield f"    url: {_text(said.url)}"
    yield f"    description: {_text(_description(sync))}"
    yield "    depends_on:"
    yield f"      - {_reference(sync.model, project)}"
    yield "    owner:"
    yield from (f"      {key}: {_text(value)}" for key, value in owner.items() if value)


def _name(sync: Sync) -> str:
    """The sync's name in the letters that dbt allows. It differs from the model's, so that `--select` tells them apart.

    No two are the same: syncs whose names differ by other letters alone are a mistake, as their views would be one.
    """
    return re.sub(r"[^A-Za-z0-9_]", "_", sync.name) + "__to_heap"


def _description(sync: Sync) -> str:
    what = _WHAT[sync.type]
    if sync.type is SyncType.USER_DELETIONS:
        return f"{what} by `{sync.subject_column}`; dbt-heap asks the Heap environment {sync.environment} for them."
    if sync.type is SyncType.EVENTS:
        what += f" `{sync.event_name}`" if sync.event_name else f" named by `{sync.event_name_column}`"
    count = len(sync.properties)
    content = ["1 property" if count == 1 else f"{count} properties"] if count else []
    if count:
        content[0] += f" ({', '.join(sync.properties)})"
    if sync.properties_column:
        content.append(f"the keys of `{sync.properties_column}`")
    return (
        f"{what} with {' and '.join(content) or 'no properties'}, identified by `{sync.subject_column}`; "
        f"dbt-heap sends them to the Heap environment {sync.environment}."
    )


def _reference(model: Model, project: str) -> str:
    """The call by which dbt knows a model: https://docs.getdbt.com/reference/dbt-jinja-functions/ref."""
    if model.resource_type == "source":
        return _plain(f"source({_literal(model.source)}, {_literal(model.name)})")
    arguments = [] if model.package in ("", project) else [_literal(model.package)]
    arguments.append(_literal(model.name))
    if model.version is not None:
        version = _literal(model.version) if isinstance(model.version, str) else model.version
        arguments.append(f"v={version}")
    return _plain(f"ref({', '.join(arguments)})")


def _plain(call: str) -> str:
    """A call as people write it in YAML, where nothing in it needs quotes."""
    return call if re.fullmatch(r"[A-Za-z0-9_'(),.= ]+", call) else scalar(call)


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _text(text: str) -> str:
    """A text that dbt, which renders it as a template, gives back as it is."""
    return scalar(re.sub(r"\{(?=[{%#])", "{{ '{' }}", text))
