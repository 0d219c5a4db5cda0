"""Versions of a model: a block that is written on the model is inherited by all of them, and means the latest.

https://docs.getdbt.com/docs/mesh/govern/model-versions
"""

from __future__ import annotations

from collections.abc import Sequence

from dbt_heap.manifest import Model


def without_older_versions(models: Sequence[Model]) -> list[Model]:
    """Return the models without those versions that have the same block as the latest one of their model."""
    latest = {_model(each): each.heap for each in models if each.is_latest}
    return [each for each in models if each.is_latest or not _inherits(each, latest)]


def _inherits(model: Model, latest: dict[tuple[str, str], object]) -> bool:
    return model.version is not None and _model(model) in latest and latest[_model(model)] == model.heap


def _model(version: Model) -> tuple[str, str]:
    return version.package, version.name
