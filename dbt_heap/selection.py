"""--select, --exclude and --selector with dbt's own syntax, resolved by dbt's own code over the manifest.

Imported only where one of them is given: it loads dbt, and the manifest into dbt's classes.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.compilation import Linker
from dbt.config.selectors import selector_config_from_data, selector_data_from_root
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.state import PreviousState
from dbt.flags import set_from_args
from dbt.graph.cli import parse_difference
from dbt.graph.selector import NodeSelector
from dbt.graph.selector_spec import SelectionSpec
from dbt_common.exceptions import DbtBaseException
from mashumaro.exceptions import InvalidFieldValue, MissingField

from dbt_heap.errors import ManifestError, SettingsError
from dbt_heap.manifest import load_manifest


def select(
    manifest_path: Path,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    selector: str | None = None,
    state: Path | None = None,
    project_dir: Path,
) -> frozenset[str]:
    """The unique ids that dbt would select.

    Raises SettingsError where dbt does not understand the selection, ManifestError where it cannot read the manifest.
    """
    set_from_args(Namespace(which="list", project_dir=str(project_dir), state=state), None)
    manifest = _load(manifest_path)
    try:
        spec = _specification(include, exclude, selector, project_dir)
        previous = PreviousState(state.resolve(), manifest_path.parent, project_dir) if state else None
        selecting = NodeSelector(Linker().get_graph(manifest), manifest, previous_state=previous)
        return frozenset(selecting.get_selected(spec, warn_on_no_nodes=False))
    except DbtBaseException as refusal:
        raise SettingsError(f"the selection does not work: {_one_line(refusal)}") from None


def _specification(
    include: Sequence[str], exclude: Sequence[str], selector: str | None, project_dir: Path
) -> SelectionSpec:
    if selector is None:
        return parse_difference(list(include) or None, list(exclude) or None)
    selectors: dict[str, Any] = selector_config_from_data(selector_data_from_root(str(project_dir)) or {})
    if selector not in selectors:
        known = ", ".join(sorted(selectors)) or "none"
        raise SettingsError(f"--selector {selector}: selectors.yml has no such selector; it has: {known}")
    definition: SelectionSpec = selectors[selector]["definition"]
    return definition


def _load(path: Path) -> Manifest:
    content = load_manifest(path)
    try:
        written = WritableManifest.from_dict(content)
        return Manifest.from_writable_manifest(written)
    except (DbtBaseException, InvalidFieldValue, MissingField, ValueError, KeyError, TypeError) as refusal:
        raise ManifestError(
            f"{path}: --select needs a dbt-core that can read this manifest, and the one installed cannot "
            f"({type(refusal).__name__}). Install the one that wrote it beside dbt-heap, or leave the selection out."
        ) from None


def _one_line(refusal: Exception) -> str:
    return " ".join(str(refusal).split())
