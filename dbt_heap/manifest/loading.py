"""The file itself, as plain JSON: whether it is a manifest, and which dbt wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt_heap.errors import ManifestError
from dbt_heap.manifest.artifacts import mapping, parse, text


def load_manifest(path: Path) -> dict[str, Any]:
    """The file's whole content, of which `metadata` and `nodes` are known to be mappings.

    Raises ManifestError where there is none, or something else.
    """
    try:
        content = parse(path.read_bytes())
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
    what = _what_else(content)
    if not what and isinstance(content, dict):
        return content
    raise ManifestError(f"{path} {what}: give the path of dbt's manifest.json, or run `dbt parse` again")


def _what_else(content: Any) -> str:
    """What it is if no manifest: dbt's catalog.json has `metadata` and `nodes`, too."""
    artifact = re.search(r"/dbt/([a-z-]+)/v\d+", text(mapping(content, "metadata"), "dbt_schema_version"))
    if artifact and artifact[1] != "manifest":
        return f"is dbt's {artifact[1]}, not its manifest"
    if isinstance(content, dict) and all(isinstance(content.get(key), dict) for key in ("metadata", "nodes")):
        return ""
    return "is JSON, but not a manifest of dbt"


def is_of_dbt_2(content: Mapping[str, Any]) -> bool:
    """Whether dbt 2 wrote a manifest's content."""
    return text(content["metadata"], "dbt_version").startswith("2.")
