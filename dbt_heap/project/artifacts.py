"""The file itself, as plain JSON: whether it is a manifest, and which dbt wrote it."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import orjson

from dbt_heap.errors import ManifestError


def parse(content: bytes) -> Any:
    """What a file holds. Raises ValueError where it is cut short or no JSON, RecursionError where it nests too deep."""
    try:
        return orjson.loads(content)
    except ValueError:
        # dbt 1 writes a `.nan` of any model's meta as NaN, and half a surrogate pair as it is: neither is JSON.
        return json.loads(json.dumps(json.loads(content), ensure_ascii=False).encode(errors="replace"))


def mapping(node: Any, key: str) -> dict[str, Any]:
    """What stands there, if it is a mapping."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, dict) else {}


def text(node: Any, key: str) -> str:
    """What stands there, if it is a text."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, or a text alone."""
    listed = value if isinstance(value, list) else [value]
    return tuple(each for each in listed if isinstance(each, str))


def posix_path(written: str) -> str:
    """Return a path, or a `package://path`, of a manifest that was written on Windows with plain slashes."""
    head, mark, path = written.rpartition("://")
    return written if "/" in path else head + mark + path.replace("\\", "/")


class _Nodes(Mapping[str, Any]):
    """Nodes by unique id, each parsed when it is looked at and not kept: of a large project's, few are of interest."""

    def __init__(self, raw: Mapping[str, msgspec.Raw]) -> None:
        self._raw = raw

    def __getitem__(self, unique_id: str) -> Any:
        return parse(bytes(self._raw[unique_id]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class _Groups(msgspec.Struct):
    """What is read of a manifest; a file of a hundred megabytes is mostly SQL and docs."""

    metadata: dict[str, Any]
    nodes: dict[str, msgspec.Raw]
    sources: dict[str, msgspec.Raw] = {}
    unit_tests: dict[str, msgspec.Raw] = {}
    macros: dict[str, msgspec.Raw] = {}
    groups: Any = None
    selectors: Any = None


def load_manifest(path: Path) -> dict[str, Any]:
    """The file's whole content, of which `metadata` and `nodes` are known to be mappings.

    Raises ManifestError where there is none, or something else.
    """
    return _loaded(path, parse)


def scan_manifest(path: Path) -> dict[str, Any]:
    """What syncs need of the file, in little more memory than it has bytes; raises as load_manifest does.

    What is wrong with the inside of a node is found where that is looked at: within `told_of`.
    """
    return _loaded(path, _scanned)


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Has what is wrong with a file be a ManifestError that says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise ManifestError(
            f"there is no manifest at {path}: run `dbt run` (or `dbt parse`) first, or say where it is with "
            "--manifest, --target-path or --project-dir"
        ) from None
    except OSError as refusal:
        raise ManifestError(f"the manifest at {path} cannot be read: {refusal.strerror}") from None
    except (ValueError, RecursionError):
        raise ManifestError(
            f"{path} is cut short or no JSON: dbt may have been stopped while it wrote it, or is writing it now. "
            "Run `dbt parse` (or `dbt run`) again"
        ) from None


def _scanned(content: bytes) -> Any:
    try:
        groups = msgspec.json.decode(content, type=_Groups)
    except (msgspec.DecodeError, RecursionError):
        return parse(content)  # what is wrong with it, or odd, is told or borne there
    nodes = {name: _Nodes(getattr(groups, name)) for name in ("nodes", "sources", "unit_tests", "macros")}
    return {"metadata": groups.metadata, "selectors": groups.selectors, "groups": groups.groups, **nodes}


def _loaded(path: Path, parsed: Callable[[bytes], Any]) -> dict[str, Any]:
    with told_of(path):
        content = parsed(path.read_bytes())
    what = _what_else(content)
    if not what and isinstance(content, dict):
        return content
    raise ManifestError(f"{path} {what}: give the path of dbt's manifest.json, or run `dbt parse` again")


def _what_else(content: Any) -> str:
    """What it is if no manifest: dbt's catalog.json has `metadata` and `nodes`, too."""
    artifact = re.search(r"/dbt/([a-z-]+)/v\d+", text(mapping(content, "metadata"), "dbt_schema_version"))
    if artifact and artifact[1] != "manifest":
        return f"is dbt's {artifact[1]}, not its manifest"
    if isinstance(content, dict) and all(isinstance(content.get(key), Mapping) for key in ("metadata", "nodes")):
        return ""
    return "is JSON, but not a manifest of dbt"


def is_of_dbt_2(content: Mapping[str, Any]) -> bool:
    """Whether dbt 2 wrote a manifest's content."""
    return text(content["metadata"], "dbt_version").startswith("2.")


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
