"""Find where a model's block was written: in its YAML file, in its `config()`, or as `+meta` in a dbt_project.yml.

The manifest only has the merged result: https://docs.getdbt.com/reference/define-configs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dbt_heap.errors import SettingsError
from dbt_heap.project.artifacts import mapping
from dbt_heap.project.dbt_project import FILE_NAME
from dbt_heap.project.files import read_yaml
from dbt_heap.project.instants import parse_instant
from dbt_heap.project.nodes import Model

_FOLDER = "dbt_packages"


def package_folder(package: str, raw_project: Mapping[str, Any]) -> Path:
    """Return the folder of an installed package, relative to the project, whether it is there or not.

    https://docs.getdbt.com/reference/project-configs/packages-install-path
    """
    said = raw_project.get("packages-install-path")
    return Path(said if isinstance(said, str) and "{{" not in said else _FOLDER, package)


def restricts_access(project_dir: Path, raw_project: Mapping[str, Any], package: str) -> bool:
    """Return whether an installed package lets no other project refer to its protected models.

    https://docs.getdbt.com/reference/project-configs/restrict-access; False if the package is not installed.
    """
    try:
        content = read_yaml(project_dir / package_folder(package, raw_project) / FILE_NAME, "a dbt project").content
    except SettingsError:
        return False
    return content.get("restrict-access") is True


# https://docs.getdbt.com/reference/project-configs/model-paths and its neighbors
_PATHS = {"model-paths": "models", "seed-paths": "seeds", "snapshot-paths": "snapshots"}


def newer_files(project_dir: Path, raw: Mapping[str, Any], generated_at: str) -> list[str]:
    """Return the project's YAML files that mention Heap and are newer than an instant, relative to the project.

    `raw` is dbt_project.yml. Empty if the instant cannot be read.
    """
    instant = parse_instant(generated_at)
    if instant is None:
        return []
    seconds = instant.timestamp()
    return sorted(
        file.relative_to(project_dir).as_posix() for file in _files(project_dir, raw) if _is_newer(file, seconds)
    )


def _files(project_dir: Path, raw: Mapping[str, Any]) -> Iterator[Path]:
    if any("heap" in str(raw.get(key, "")) for key in ("models", "seeds", "snapshots", "sources")):
        yield project_dir / FILE_NAME
    for key, default in _PATHS.items():
        folders = raw.get(key)
        for folder in folders if isinstance(folders, list) else [default]:
            if isinstance(folder, str) and "{" not in folder:
                yield from (each for each in (project_dir / folder).rglob("*.y*ml"))


def _is_newer(file: Path, seconds: float) -> bool:
    try:
        return file.stat().st_mtime > seconds and b"heap" in file.read_bytes()
    except OSError:
        return False


_SECTIONS = {"model": "models", "seed": "seeds", "snapshot": "snapshots", "source": "sources"}


@dataclass(frozen=True)
class Checkout:
    """The folder of a project, which may have dbt_project.yml, YAML files and installed packages."""

    project_dir: Path
    name: str
    raw_project: Mapping[str, Any]
    whole: bool  # whether the manifest was written here, so a missing file means something


def located(models: Iterable[Model], checkout: Checkout) -> list[Model]:
    """Return the models with the file, and the key in it, that each one's block was written in, as far as is known.

    Each YAML file is read once, and only if a dbt_project.yml may have the block too.
    """
    read = cache(_content)
    return [_located(model, checkout, read) for model in models]


def _content(path: Path) -> Any:
    """Return what a YAML file contains; None if it cannot be read."""
    try:
        return yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _located(model: Model, checkout: Checkout, read: Callable[[Path], Any]) -> Model:
    folder = _folder(model, checkout)
    if folder is None:  # of a package that is not installed here
        file = f"{model.package}:{model.file}"
        block_file = f"{model.package}:{model.block_file}" if model.block_file else ""
    else:
        file = (folder / model.file).as_posix()
        block_file = (folder / model.block_file).as_posix() if model.block_file else ""
    model = replace(model, file=file, block_file=block_file)
    return model if block_file or model.heap is None else _configured(model, checkout, folder, read)


def _configured(model: Model, checkout: Checkout, folder: Path | None, read: Callable[[Path], Any]) -> Model:
    """Return the model with the place of its block, which is not in its SQL."""
    found = next(_configs(model, checkout, folder), None)
    if model.patched and found is None and checkout.whole:
        return model
    holds = _holds(read(checkout.project_dir / model.file), model.name) if model.patched else False
    if holds:
        return model
    if found and holds is False:
        return replace(model, block_file=found[0], heap_key=f"{found[1]}.heap")
    return replace(model, block_file=f"{model.file}, or +meta in {FILE_NAME}")


def _folder(model: Model, checkout: Checkout) -> Path | None:
    """Return the folder of a model's project relative to the checkout; None if it is not there."""
    if model.package in ("", checkout.name) or not checkout.name:
        return Path()
    folder = package_folder(model.package, checkout.raw_project)
    return folder if (checkout.project_dir / folder).is_dir() else None


def _configs(model: Model, checkout: Checkout, folder: Path | None) -> Iterator[tuple[str, str]]:
    """Yield the project files that configure a block for a model, with the key in each: the root project's wins."""
    if key := _key(checkout.raw_project, model):
        yield FILE_NAME, key
    if folder and folder.parts:
        file = folder / FILE_NAME
        try:
            of_package = read_yaml(checkout.project_dir / file, "a dbt project").content
        except SettingsError:
            return
        if key := _key(of_package, model):
            yield file.as_posix(), key


def _key(raw_project: Mapping[str, Any], model: Model) -> str | None:
    """Return the key of the nearest `meta` with a block above a model, such as `models.shop.marts.+meta`."""
    section = _SECTIONS.get(model.resource_type, "")
    node, path, nearest = raw_project.get(section), [section], None
    for part in (*model.fqn, ""):
        if not isinstance(node, dict):
            break
        for key in ("+meta", "meta"):
            if "heap" in mapping(node, key):
                nearest = ".".join((*path, key))
        node, path = node.get(part), [*path, part]
    return nearest


def _holds(content: Any, name: str) -> bool | None:
    """Return whether a YAML file's content has a block for a model of this name; None if there is no content."""
    if content is None:
        return None
    return any(_has_block(entry) for entry in _entries(content) if entry.get("name") == name)


def _entries(content: Any) -> Iterator[Mapping[str, Any]]:
    for group in ("models", "seeds", "snapshots"):
        yield from _list(content, group)
    for source in _list(content, "sources"):
        yield from ({**source, "name": table.get("name")} for table in _list(source, "tables"))
        yield from _list(source, "tables")


def _has_block(entry: Mapping[str, Any]) -> bool:
    metas = (mapping(each, "meta") for each in (entry, mapping(entry, "config")))
    return any("heap" in meta for meta in metas) or any(map(_has_block, _list(entry, "versions")))


def _list(node: Any, key: str) -> list[dict[str, Any]]:
    value = node.get(key) if isinstance(node, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
