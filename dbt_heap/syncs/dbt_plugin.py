"""Check declarations when dbt parses, so mistakes are reported before anything is built.

dbt 1 calls this plugin after each parse that writes a manifest; dbt 2 does not. dbt does not document plugins; see
https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/plugins/manager.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dbt.flags import get_flags
from dbt.plugins.manager import dbt_hook, dbtPlugin
from dbt_common.events.base_types import EventLevel
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from dbt_heap.errors import HeapError
from dbt_heap.project.dbt_project import read_project
from dbt_heap.project.manifest import models_of
from dbt_heap.project.nodes import Model
from dbt_heap.project.source_files import Checkout, located
from dbt_heap.syncs.declare import declare

VARIABLE = "DBT_HEAP_PARSE_CHECK"
_MODES = ("warn", "error", "off")


class HeapDeclarations(dbtPlugin):
    """Report mistakes in `meta.heap` and `vars: dbt_heap:`."""

    @dbt_hook  # type: ignore[untyped-decorator]
    def get_manifest_artifacts(self, manifest: Any) -> dict[str, Any]:
        """Check the manifest, and return no artifacts. Raises HeapError if mistakes must stop dbt."""
        mode = os.environ.get(VARIABLE, "warn").lower()
        if mode not in _MODES:
            _warn(f"{VARIABLE} must be one of {', '.join(_MODES)}; using warn")
        if mode == "off":
            return {}
        flags = get_flags()  # type: ignore[no-untyped-call]
        try:
            warnings = _warnings(manifest, Path(flags.PROJECT_DIR), flags.VARS or {})
            if warnings and flags.WARN_ERROR:
                raise HeapError("\n".join(warnings))
            for warning in warnings:
                _warn(warning)
        except HeapError as mistakes:
            if mode == "error" or flags.WARN_ERROR:
                raise HeapError(f"dbt-heap: {mistakes}") from None
            _warn(str(mistakes))
        except Exception as failure:  # noqa: BLE001 - an unexpected error here must not stop dbt
            _warn(f"the declarations could not be checked ({type(failure).__name__}); `dbt-heap check` may say more")
        return {}


def _warnings(manifest: Any, project_dir: Path, cli_vars: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the warnings about the declarations. Raises HeapError if they have mistakes."""
    project = read_project(project_dir, cli_vars, os.environ)
    models = sorted(_models(manifest), key=lambda model: model.unique_id)
    checkout = Checkout(project_dir, project.name, project.raw, whole=True)
    return declare(located(models, checkout), project.heap_vars).correct().warnings


def _models(manifest: Any) -> Iterator[Model]:
    tagged = {unique_id: node.to_dict() for unique_id, node in manifest.nodes.items() if _may_be_tagged(node)}
    sources = {unique_id: node.to_dict() for unique_id, node in manifest.sources.items() if _may_be_tagged(node)}
    return models_of({"metadata": {}, "nodes": tagged, "sources": sources}, tagged=True)


def _may_be_tagged(node: Any) -> bool:
    """Return whether a node or one of its columns has `meta.heap`; other nodes are not copied."""
    holders = (
        node,
        node.config,
        *node.columns.values(),
        *(getattr(each, "config", None) for each in node.columns.values()),
    )
    return any("heap" in (getattr(holder, "meta", None) or ()) for holder in holders)


def _warn(text: str) -> None:
    fire_event(Note(msg=f"dbt-heap: {text}"), EventLevel.WARN)


plugins = [HeapDeclarations]
