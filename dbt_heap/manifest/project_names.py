"""The name of the project that a manifest is of. Before dbt 1.6, a manifest does not say it.

https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/artifacts/schemas/manifest/v12/manifest.py
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dbt_heap.manifest.artifacts import mapping, text, texts

_GROUPS = ("nodes", "sources", "exposures", "metrics")


@dataclass(frozen=True)
class ProjectName:
    """A project's name, and whether it is only assumed."""

    name: str
    assumed: bool = False


def project_name_of(content: Mapping[str, Any], checkout: str = "") -> ProjectName:
    """Return the name that a manifest says, or the package whose digest it holds; else the most plausible package.

    The digest is dbt's `project_id`, the MD5 of the name. `checkout` is the name in dbt_project.yml, if there is one.
    """
    metadata = content["metadata"]
    if said := text(metadata, "project_name"):
        return ProjectName(said)
    packages = Counter(_packages(content))
    project_id = text(metadata, "project_id")
    for name in packages:
        if hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() == project_id:
            return ProjectName(name)
    if checkout in packages:
        return ProjectName(checkout)
    # A package cannot refer to the project that installs it: the project is used by no other package.
    used = {other for package, other in _uses(content) if other != package}
    unused = {name: count for name, count in packages.items() if name not in used} or packages
    return ProjectName(max(sorted(unused), key=lambda name: unused[name]), assumed=True) if unused else ProjectName("")


def _packages(content: Mapping[str, Any]) -> Iterator[str]:
    for group in _GROUPS:
        for node in _nodes(content, group):
            if package := text(node, "package_name"):
                yield package


def _uses(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the package of each node with that of each node it depends on."""
    for group in _GROUPS:
        for node in _nodes(content, group):
            for unique_id in texts(mapping(node, "depends_on").get("nodes")):
                yield text(node, "package_name"), unique_id.partition(".")[2].partition(".")[0]


def _nodes(content: Mapping[str, Any], group: str) -> Iterator[Any]:
    found = content.get(group)
    yield from found.values() if isinstance(found, Mapping) else ()
