"""The file itself, as plain JSON: whether it is a manifest, and which dbt wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from dbt_heap.errors import ManifestError
from dbt_heap.manifest.artifacts import mapping, parse, text


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
