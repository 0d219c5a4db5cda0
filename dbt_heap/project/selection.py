"""Resolve --select, --exclude and --selector with dbt's own graph code. Loads dbt."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from dbt.compilation import Linker
from dbt.config.selectors import selector_config_from_data, selector_data_from_root
from dbt.contracts.graph.manifest import Manifest
from dbt.flags import set_from_args
from dbt.graph.cli import parse_difference, parse_union
from dbt.graph.selector import NodeSelector
from dbt.graph.selector_spec import SelectionCriteria, SelectionSpec
from dbt_common.events.contextvars import task_contextvars
from dbt_common.events.event_manager_client import cleanup_event_logger
from dbt_common.exceptions import DbtBaseException

from dbt_heap.errors import SettingsError
from dbt_heap.project.artifacts import is_of_dbt_2, load_manifest, mapping, posix_path, project_name_of, text
from dbt_heap.project.dbt_graph import CRASHES, earlier_state, graph_manifest, nodes_of
from dbt_heap.project.dbt_project import ProjectFile
from dbt_heap.project.profile import ProfileTargets
from dbt_heap.project.settings import Settings
from dbt_heap.project.validation import quoted

FILE_NAME = "selectors.yml"


@dataclass(frozen=True)
class Selectors:
    """The project's selectors as dbt parsed them, by name."""

    named: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str = FILE_NAME

    @property
    def default(self) -> str | None:
        """Return the selector that dbt uses if there is no selection."""
        return next((name for name, each in self.named.items() if each["default"] is True), None)

    def definition(self, name: str) -> SelectionSpec:
        """Return the definition of a selector. Raises SettingsError if there is none with this name."""
        if name not in self.named:
            known = ", ".join(sorted(self.named)) or "none"
            raise SettingsError(f"--selector {name}: {self.source} has no such selector; it has: {known}")
        found: SelectionSpec = self.named[name]["definition"]
        return found


def read_selectors(settings: Settings, project: ProjectFile, manifest: Mapping[str, Any]) -> Selectors:
    """Return the project's selectors.

    Raises SettingsError if their file cannot be read or its Jinja cannot be rendered, and dbt's own errors.
    """
    if project.raw and _uses_file(settings, manifest):
        return Selectors(selector_config_from_data(_of_file(settings, project)))
    if is_of_dbt_2(manifest):
        # It omits the part after the dot of a method, and which selector is the default (tested with 2.0.0-alpha.4).
        return Selectors(source="without a checkout, a manifest of dbt 2")
    written = list(mapping(manifest, "selectors").values())
    return Selectors(selector_config_from_data({"selectors": written}), "the manifest")


def _uses_file(settings: Settings, manifest: Mapping[str, Any]) -> bool:
    """Return whether the project's file counts; with a manifest from elsewhere, only if that does not have them."""
    return not settings.from_elsewhere or (is_of_dbt_2(manifest) and (settings.project_dir / FILE_NAME).exists())


def _of_file(settings: Settings, project: ProjectFile) -> dict[str, Any]:
    """Return the file's content with its Jinja rendered as dbt does, for the active target."""
    try:
        data: dict[str, Any] = selector_data_from_root(str(settings.project_dir)) or {}
    except OSError as refusal:
        raise SettingsError(f"{settings.project_dir / FILE_NAME} cannot be read: {refusal.strerror}") from None
    if "{{" not in str(data) and "{%" not in str(data):
        return data
    try:
        targets = ProfileTargets(settings.dbt_project(project))
        renderer = targets.project_renderer(targets.render())
    except DbtBaseException as refusal:  # its text may contain secrets of the profile
        raise SettingsError(
            f"selectors.yml has Jinja, which needs your profile, and the profile cannot be used "
            f"({type(refusal).__name__}). Run `dbt-heap debug`"
        ) from None
    rendered: dict[str, Any] = renderer.render_selectors(data)
    return rendered


@dataclass(frozen=True)
class Selection:
    """The nodes that dbt selects."""

    unique_ids: frozenset[str]
    unmatched: tuple[str, ...]  # criteria of --select and --exclude that match no enabled node
    unknown: tuple[str, ...]  # warnings about entries that the installed dbt cannot read
    notes: tuple[str, ...]  # that the default selector was used

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings, most often about a misspelt name."""
        unmatched = (
            f"The selection criterion {quoted(each)} does not match any enabled nodes" for each in self.unmatched
        )
        return (*self.unknown, *unmatched)

    def unmatched_names(self) -> Iterator[str]:
        """Yield the names in unmatched criteria, without dbt's graph operators."""
        for criterion in self.unmatched:
            for word in criterion.split(","):
                yield re.sub(r"^(?:@|\d*\+)|\+\d*$", "", word)


def select(settings: Settings, manifest_path: Path, project: ProjectFile) -> Selection | None:
    """Return the nodes that dbt selects; None if there is no selection and no default selector.

    `project` is dbt_project.yml, empty if there is none. Raises SettingsError if dbt refuses the selection,
    ManifestError if it cannot read the manifest.
    """
    cleanup_event_logger()  # dbt would log to stdout
    content = load_manifest(manifest_path)
    content["metadata"]["project_name"] = project_name_of(content, project.name).name
    try:
        _set_flags(settings)
        selectors = read_selectors(settings, project, content) if _needs_selectors(settings) else Selectors()
        default = None if settings.selecting else selectors.default
        if not settings.selecting and default is None:
            return None
        specification = _specification(settings, selectors, default)
        files = _files(content) if _asks_for_files(specification) else iter(())
        with _root(settings, project, files) as root, task_contextvars(project_root=str(root)):
            graph = graph_manifest(manifest_path, content, macros=settings.state is not None)
            selecting = _node_selector(settings, manifest_path, graph.manifest, selectors)
            chosen = _selected(selecting, specification)
            notes = (f"as in dbt, the selector {quoted(default)} is used: it has `default: true`",) if default else ()
            criteria = None if settings.selector or default else " ".join((*settings.select, *settings.exclude))
            unknown = tuple(graph.warnings(content, criteria))
            return Selection(frozenset(chosen), tuple(_unmatched(settings, selecting)), unknown, notes)
    except DbtBaseException as refusal:
        raise SettingsError(f"dbt refuses the selection: {_one_line(refusal)}") from None
    except CRASHES as crash:
        raise SettingsError(f"dbt fails on the selection: {_one_line(crash)} ({type(crash).__name__})") from None


def _set_flags(settings: Settings) -> None:
    """Set dbt's flags, including the project's: one of them defines what `state:modified` compares."""
    arguments = Namespace(
        which="list", project_dir=str(settings.project_dir), profiles_dir=str(settings.profiles_folder),
        vars=dict(settings.cli_vars), state=settings.state, warn_error=False,
    )  # fmt: skip
    set_from_args(arguments, None)


def _needs_selectors(settings: Settings) -> bool:
    """Return whether selectors are needed: reading them may require a profile."""
    words = (*settings.select, *settings.exclude)
    return bool(settings.selector) or not words or any("selector:" in word for word in words)


def _specification(settings: Settings, selectors: Selectors, default: str | None) -> SelectionSpec:
    if name := settings.selector or default:
        return selectors.definition(name)
    return parse_difference(list(settings.select) or None, list(settings.exclude) or None)


def _asks_for_files(specification: SelectionSpec) -> bool:
    """Return whether dbt may look into the project's folder: for a path, also in a selector that it reads later."""
    if isinstance(specification, SelectionCriteria):
        return str(specification.method) in ("path", "selector")
    return any(map(_asks_for_files, specification))


def _selected(selecting: NodeSelector, specification: SelectionSpec) -> set[str]:
    """Return what dbt selects. dbt 1.8 to 1.10 always warn if that is nothing; later versions do not."""
    may_be_quiet = "warn_on_no_nodes" in signature(selecting.get_selected).parameters
    quiet = {"warn_on_no_nodes": False} if may_be_quiet else {}
    return set(map(str, selecting.get_selected(specification, **quiet)))


def _unmatched(settings: Settings, selecting: NodeSelector) -> Iterator[str]:
    """Yield the criteria that match nothing, which dbt warns about too."""
    if not settings.selector:
        for word in dict.fromkeys((*settings.select, *settings.exclude)):
            if not _selected(selecting, parse_union([word], expect_exists=True)):
                yield word


def _node_selector(settings: Settings, manifest_path: Path, manifest: Manifest, selectors: Selectors) -> NodeSelector:
    from_1_12_on = "selectors" in signature(NodeSelector).parameters
    named = {"selectors": selectors.named} if from_1_12_on else {}
    return NodeSelector(
        Linker().get_graph(manifest),
        manifest,
        previous_state=earlier_state(settings, manifest_path.parent) if settings.state else None,
        include_empty_nodes=True,  # as `dbt ls` does
        **named,
    )


@contextmanager
def _root(settings: Settings, project: ProjectFile, files: Iterator[PurePosixPath]) -> Iterator[Path]:
    """Yield the folder that `path:` searches; without a checkout, one with these files, empty."""
    if project.raw and not settings.from_elsewhere:
        yield settings.project_dir.absolute()
        return
    with TemporaryDirectory() as folder:
        for file in files:
            with suppress(OSError, ValueError):  # such as a name that this file system refuses
                path = Path(folder, file)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        yield Path(folder)


def _files(content: Mapping[str, Any]) -> Iterator[PurePosixPath]:
    """Yield the files of the project's own nodes, except paths outside of the project."""
    project = text(content["metadata"], "project_name")
    for node in nodes_of(content):
        if text(node, "package_name") == project:
            named = (text(node, "original_file_path"), text(node, "patch_path").rpartition("://")[2])
            for file in map(PurePosixPath, map(posix_path, filter(None, named))):
                if not file.is_absolute() and ".." not in file.parts:
                    yield file


def _one_line(refusal: BaseException) -> str:
    return " ".join(str(refusal).split())
