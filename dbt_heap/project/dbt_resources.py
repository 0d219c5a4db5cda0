"""Load entries of a manifest into the installed dbt's classes, even if another dbt wrote them.

dbt's classes refuse a whole manifest for one unknown value. Here only that value is left out, or the entry if the value
is required.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dbt.artifacts import resources as of_dbt
from mashumaro.exceptions import InvalidFieldValue, MissingField

from dbt_heap.project.artifacts import mapping, text

resources: Any = of_dbt  # its exports are incomplete for type checkers

_ATTEMPTS = 50  # values of one entry that can be left out
_NODES: Mapping[str, Any] = {
    "model": resources.Model,
    "seed": resources.Seed,
    "snapshot": resources.Snapshot,
    "analysis": resources.Analysis,
    "operation": resources.HookNode,
    "sql_operation": resources.SqlOperation,
    "sql operation": resources.SqlOperation,
}
_GROUPS: Mapping[str, Any] = {
    "sources": resources.SourceDefinition,
    "exposures": resources.Exposure,
    "metrics": resources.Metric,
    "unit_tests": resources.UnitTestDefinition,
    "semantic_models": resources.SemanticModel,
    "saved_queries": resources.SavedQuery,
    "functions": getattr(resources, "Function", None),  # since dbt 1.11
    "macros": resources.Macro,
}
GROUPS = ("nodes", *_GROUPS)

# Required values, for entries that lack them.
_DEFAULTS: Mapping[str, Callable[[list[str]], Any]] = {
    "name": lambda parts: parts[-1],
    "resource_type": lambda parts: parts[0],
    "package_name": lambda parts: parts[1],
    "unique_id": ".".join,
    "fqn": lambda parts: parts[1:],
    "alias": lambda parts: parts[-1],
    "identifier": lambda parts: parts[-1],
    "loader": lambda parts: "",
    "source_name": lambda parts: parts[-2],
    "source_description": lambda parts: "",
    "schema": lambda parts: "",
    "database": lambda parts: None,
    "path": lambda parts: "",
    "original_file_path": lambda parts: "",
    "checksum": lambda parts: {"name": "none", "checksum": ""},
    "macro_sql": lambda parts: "",
}


def resource(group: str, unique_id: str, raw: Mapping[str, Any]) -> Any | None:
    """Return an entry of a manifest group as an object of dbt's class; None if no class can represent it."""
    kind = _class(group, raw)
    given = dict(raw)
    if kind is None:
        return None
    for _ in range(_ATTEMPTS):
        try:
            return kind.from_dict(given)
        except (InvalidFieldValue, MissingField) as refusal:
            if not _corrected(given, refusal, unique_id.split(".")):
                return None
        except (ValueError, LookupError, AttributeError, TypeError):
            return None
    return None


def _class(group: str, raw: Mapping[str, Any]) -> Any | None:
    if group != "nodes":
        return _GROUPS[group]
    if text(raw, "resource_type") == "test":
        # dbt's own loader would read a generic test as a singular one, and `test_name:` would not find it.
        return resources.GenericTest if mapping(raw, "test_metadata") else resources.SingularTest
    return _NODES.get(text(raw, "resource_type"))


def _corrected(given: dict[str, Any], refusal: BaseException, parts: list[str]) -> bool:
    """Leave out the value that was refused, or add one that is missing. Return whether that was possible."""
    path = _path(refusal)
    if isinstance(refusal, MissingField):
        return _filled(given, refusal.field_name, parts)
    *above, last = path
    holder = given
    for key in above:
        below = holder.get(key)
        if not isinstance(below, dict):  # such as an item of a list: the whole value is left out
            last = key
            break
        holder[key] = holder = dict(below)
    if last not in holder:
        last, holder = path[0], given
    if last not in holder:
        return False
    del holder[last]
    if holder is given and last in _DEFAULTS:
        return _filled(given, last, parts)
    return True


def _path(refusal: BaseException) -> list[str]:
    """Return the keys down to the refused value, without keys of dictionaries such as columns."""
    path = []
    found: BaseException | None = refusal
    while isinstance(found, InvalidFieldValue):
        path.append(str(found.field_name))
        found = found.__context__
    return path


def _filled(given: dict[str, Any], name: str, parts: list[str]) -> bool:
    if name not in _DEFAULTS or len(parts) < 2:
        return False
    given[name] = _DEFAULTS[name](parts)
    return True
