"""Write syncs as dbt exposures, so Heap appears in the graph: https://docs.getdbt.com/docs/build/exposures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from dbt_heap.errors import counted
from dbt_heap.project.files import scalar
from dbt_heap.project.heap_vars import ExposureVars
from dbt_heap.project.nodes import Group, Model
from dbt_heap.syncs.sync import Sync, SyncType

# Independent of flags and path, so `--check` compares only what is declared.
MARK = "# Written by dbt-heap."
_HEADER = f"{MARK} To update it: dbt-heap exposures --output-file <this file>"
_DEFAULT_OWNER = "Heap"  # dbt requires a name or an email

_WHAT = {
    SyncType.USER_PROPERTIES: "User properties",
    SyncType.ACCOUNT_PROPERTIES: "Account properties",
    SyncType.EVENTS: "Events",
    SyncType.USER_DELETIONS: "Deletions of users",
}


def exposures(syncs: Iterable[Sync], configured: ExposureVars, project: str, groups: Sequence[Group] = ()) -> str:
    """Return the YAML file that declares one exposure per sync, by name.

    `project` is the one that the file is for. `configured` sets the owner; else the model's group among `groups` does.
    """
    lines = [line for sync in sorted(syncs, key=_name) for line in _lines(sync, configured, project, groups)]
    return "\n".join([_HEADER, "exposures:" if lines else "exposures: []", *lines, ""])


def unreferable_reason(model: Model, project: str, restricts_access: Callable[[str], bool]) -> str | None:
    """Return why no exposure of the project may refer to a model; None if one may.

    As in dbt: `is_invalid_private_ref` and `is_invalid_protected_ref` in
    https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/contracts/graph/manifest.py. An exposure has no group.
    """
    if model.access == "private":
        return "its model has `access: private`, so dbt lets no exposure refer to it"
    if model.access == "protected" and model.package not in ("", project) and restricts_access(model.package):
        return f"the package {model.package} has `restrict-access: true`, and its model is not public"
    return None


def _lines(sync: Sync, configured: ExposureVars, project: str, groups: Sequence[Group]) -> Iterator[str]:
    owner = dict(_owner(sync.model, configured, groups))
    yield f"  - name: {scalar(_name(sync))}"
    yield f"    label: {_text(f'Heap: {sync.name}')}"
    yield "    type: application"
    if configured.url:
        yield f"    url: {_text(configured.url)}"
    yield f"    description: {_text(_description(sync))}"
    yield "    depends_on:"
    yield f"      - {_reference(sync.model, project)}"
    yield "    owner:"
    yield from (f"      {key}: {value}" for key, value in owner.items())


def _owner(model: Model, configured: ExposureVars, groups: Sequence[Group]) -> Iterator[tuple[str, str]]:
    """Yield the owner's name, email, or both, as dbt requires; emails can be a list since dbt 1.9."""
    given = {"name": configured.owner_name, "email": configured.owner_email}
    if any(given.values()):
        yield from ((key, _text(value)) for key, value in given.items() if value)
        return
    of_group = [each for each in groups if model.group and each.name == model.group]
    group = next((each for each in of_group if each.package == model.package), next(iter(of_group), None))
    if group and group.owner_name:
        yield "name", _text(group.owner_name)
    if group and len(group.owner_emails) == 1:
        yield "email", _text(group.owner_emails[0])
    elif group and group.owner_emails:
        yield "email", f"[{', '.join(map(_text, group.owner_emails))}]"
    if not group or not (group.owner_name or group.owner_emails):
        yield "name", _DEFAULT_OWNER


def _name(sync: Sync) -> str:
    """Return the sync's name in characters that dbt allows, with a suffix so `--select` tells it from the model.

    Names are unique: it is a mistake if syncs differ only in other characters, because they would share a view.
    """
    return re.sub(r"[^A-Za-z0-9_]", "_", sync.name) + "__to_heap"


def _description(sync: Sync) -> str:
    what = _WHAT[sync.type]
    if sync.type is SyncType.USER_DELETIONS:
        return f"{what} by `{sync.subject_column}`; dbt-heap asks the Heap environment {sync.environment} for them."
    if sync.type is SyncType.EVENTS:
        what += f" `{sync.event_name}`" if sync.event_name else f" named by `{sync.event_name_column}`"
    count = len(sync.properties)
    content = [counted(count, "property", "properties")] if count else []
    if count:
        content[0] += f" ({', '.join(sync.properties)})"
    if sync.properties_column:
        content.append(f"the keys of `{sync.properties_column}`")
    return (
        f"{what} with {' and '.join(content) or 'no properties'}, identified by `{sync.subject_column}`; "
        f"dbt-heap sends them to the Heap environment {sync.environment}."
    )


def _reference(model: Model, project: str) -> str:
    """Return the call that refers to a model: https://docs.getdbt.com/reference/dbt-jinja-functions/ref."""
    if model.resource_type == "source":
        return _plain(f"source({_literal(model.source)}, {_literal(model.name)})")
    arguments = [] if model.package in ("", project) else [_literal(model.package)]
    arguments.append(_literal(model.name))
    if model.version is not None:
        version = _literal(model.version) if isinstance(model.version, str) else model.version
        arguments.append(f"v={version}")
    return _plain(f"ref({', '.join(arguments)})")


def _plain(call: str) -> str:
    """Return a call as a YAML scalar, without quotes if possible."""
    return call if re.fullmatch(r"[A-Za-z0-9_'(),.= ]+", call) else scalar(call)


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _text(text: str) -> str:
    """Return a YAML scalar that stays the same when dbt renders its Jinja."""
    return scalar(re.sub(r"\{(?=[{%#])", "{{ '{' }}", text))
