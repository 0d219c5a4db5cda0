"""Read manifest.json as plain JSON, and lenient readers for single values in it."""

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
    """Return the parsed JSON. Raises ValueError if it is cut short or not JSON, RecursionError if it nests too deep."""
    try:
        return orjson.loads(content)
    except ValueError:
        # dbt 1 writes a `.nan` of any model's meta as NaN, and half a surrogate pair as it is: neither is JSON.
        return json.loads(json.dumps(json.loads(content), ensure_ascii=False).encode(errors="replace"))


def mapping(node: Any, key: str) -> dict[str, Any]:
    """Return the value of a key if it is a mapping, else an empty one."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, dict) else {}


def text(node: Any, key: str) -> str:
    """Return the value of a key if it is text, else an empty one."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list, or a single text, as a tuple."""
    listed = value if isinstance(value, list) else [value]
    return tuple(each for each in listed if isinstance(each, str))


def posix_path(written: str) -> str:
    """Return a path or `package://path` with forward slashes; manifests written on Windows have backslashes."""
    head, mark, path = written.rpartition("://")
    return written if "/" in path else head + mark + path.replace("\\", "/")


class _Nodes(Mapping[str, Any]):
    """Nodes by unique ID, each parsed when it is accessed and not kept: few nodes of a large project matter."""

    def __init__(self, raw: Mapping[str, msgspec.Raw]) -> None:
        self._raw = raw

    def __getitem__(self, unique_id: str) -> Any:
        return parse(bytes(self._raw[unique_id]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class _Groups(msgspec.Struct):
    """The parts of a manifest that are read; a file of a hundred megabytes is mostly SQL and docs."""

    metadata: dict[str, Any]
    nodes: dict[str, msgspec.Raw]
    sources: dict[str, msgspec.Raw] = {}
    unit_tests: dict[str, msgspec.Raw] = {}
    macros: dict[str, msgspec.Raw] = {}
    groups: Any = None
    selectors: Any = None


def load_manifest(path: Path) -> dict[str, Any]:
    """Return the whole content of a manifest, whose `metadata` and `nodes` are mappings.

    Raises ManifestError if there is no file, or if it is not a manifest.
    """
    return _loaded(path, parse)


def scan_manifest(path: Path) -> dict[str, Any]:
    """Return the parts that syncs need, in little more memory than the file has bytes. Raises as `load_manifest` does.

    Nodes are parsed when they are accessed, so access them within `manifest_errors`.
    """
    return _loaded(path, _scanned)


@contextmanager
def manifest_errors(path: Path) -> Iterator[None]:
    """Turn errors in reading a manifest into a ManifestError that says what to do."""
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
        return parse(content)  # it reports what is wrong, or accepts what is only odd
    nodes = {name: _Nodes(getattr(groups, name)) for name in ("nodes", "sources", "unit_tests", "macros")}
    return {"metadata": groups.metadata, "selectors": groups.selectors, "groups": groups.groups, **nodes}


def _loaded(path: Path, parsed: Callable[[bytes], Any]) -> dict[str, Any]:
    with manifest_errors(path):
        content = parsed(path.read_bytes())
    wrong = _not_a_manifest(content)
    if not wrong and isinstance(content, dict):
        return content
    raise ManifestError(f"{path} {wrong}: give the path of dbt's manifest.json, or run `dbt parse` again")


def _not_a_manifest(content: Any) -> str:
    """Return what a file is instead of a manifest: dbt's catalog.json has `metadata` and `nodes`, too."""
    artifact = re.search(r"/dbt/([a-z-]+)/v\d+", text(mapping(content, "metadata"), "dbt_schema_version"))
    if artifact and artifact[1] != "manifest":
        return f"is dbt's {artifact[1]}, not its manifest"
    if isinstance(content, dict) and all(isinstance(content.get(key), Mapping) for key in ("metadata", "nodes")):
        return ""
    return "is JSON, but not a dbt manifest"


def is_of_dbt_2(content: Mapping[str, Any]) -> bool:
    """Return whether dbt 2 wrote a manifest."""
    return text(content["metadata"], "dbt_version").startswith("2.")


_GROUPS = ("nodes", "sources", "exposures", "metrics")


@dataclass(frozen=True)
class ProjectName:
    """A project's name, and whether it is only assumed."""

    name: str
    assumed: bool = False


def project_name_of(content: Mapping[str, Any], checkout: str = "") -> ProjectName:
    """Return the project's name: as written, else the package that matches dbt's `project_id`, else the likeliest one.

    `project_id` is the MD5 of the name. `checkout` is the name in dbt_project.yml, if there is one.
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
