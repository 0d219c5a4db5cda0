"""Under which target of the profile a manifest was built: by where its nodes are, then by the name that dbt noted.

manifest.json does not name its target (https://schemas.getdbt.com/dbt/manifest/v12.json). So each node is named anew
under the active target, by the project's own macros, and compared with where the manifest has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dbt.config.runtime import RuntimeConfig
from dbt.contracts.graph.manifest import MacroManifest
from dbt_common.exceptions import DbtBaseException

from dbt_heap.errors import SettingsError
from dbt_heap.project.profile import ProfileTargets
from dbt_heap.warehouse.naming import Naming

Node = Mapping[str, Any]  # of manifest.json


@dataclass(frozen=True)
class OtherTarget:
    """A manifest that was not built under the active target."""

    target: str | None  # the one it was built under; None if no target of the profile puts its nodes there
    node: str = ""  # a node that the active target would put elsewhere
    there: str = ""  # where the manifest has it
    expected: str = ""  # where it would be under the active target


@dataclass(frozen=True)
class Built:
    """What is known of a manifest's target."""

    adapter_type: str  # empty if the manifest does not say
    nodes: Sequence[Node]
    named: str | None  # the target that dbt's results name
    named_by_default: bool  # dbt's results name none, so the profile's default counted


class Targets:
    """The profile's targets, held against a manifest."""

    def __init__(self, profile: ProfileTargets, macros: MacroManifest, config: RuntimeConfig) -> None:
        """`config` is dbt's under the active target."""
        self._profile = profile
        self._macros = macros
        self._config = config
        self.active = str(config.target_name)
        self._adapter_type = str(config.credentials.type)
        self._naming: dict[tuple[str, str], Naming | None] = {}

    def naming(self, target: str, called: str = "") -> Naming | None:
        """Return how dbt names nodes under a target, or under one that has another name (`called`).

        None if the target cannot be rendered here, or is of another adapter.
        """
        key = (target, called or target)
        if key not in self._naming:
            self._naming[key] = self._made(*key)
        return self._naming[key]

    def other_than_active(self, built: Built) -> OtherTarget | None:
        """Return what is known of a manifest that was built under another target; None if it fits the active one."""
        if built.adapter_type not in ("", self._adapter_type):
            return self._of_another_adapter(built)
        named = self._named(built)
        known = named if named in self._profile.names and named != self.active else None
        difference = self._difference(self.active, built.nodes)
        if difference is None:
            # Where both put their nodes in one place, only the name tells who built there last.
            return OtherTarget(known) if known and self._fits(known, built.nodes) else None
        if named and named not in self._profile.names and self._difference(self.active, built.nodes, named) is None:
            return None  # dbt platform calls the same target otherwise
        others = [each for each in (known, *self._profile.names) if each and each != self.active]
        return replace(difference, target=next((each for each in others if self._fits(each, built.nodes)), None))

    def _of_another_adapter(self, built: Built) -> OtherTarget:
        fitting = [each for each in self._profile.names if self._profile.type_of(each) == built.adapter_type]
        named = self._named(built)
        target = named if named in fitting else fitting[0] if len(fitting) == 1 else None
        return OtherTarget(target, "its nodes", f"a warehouse of the type {built.adapter_type}", self._adapter_type)

    def _named(self, built: Built) -> str | None:
        return self._profile.fixed_default if built.named_by_default else built.named

    def _fits(self, target: str, nodes: Sequence[Node]) -> bool:
        return self.naming(target) is not None and self._difference(target, nodes) is None

    def _difference(self, target: str, nodes: Sequence[Node], called: str = "") -> OtherTarget | None:
        naming = self.naming(target, called)
        return next(_differences(naming, nodes), None) if naming else None

    def _made(self, target: str, called: str) -> Naming | None:
        if target == called == self.active:
            return Naming(self._config, self._macros, self._profile.project_renderer(self._config))
        if self._profile.type_of(target) not in (self._adapter_type, ""):
            return None  # another adapter is not loaded for its names
        try:
            profile = self._profile.render(target)
            profile.target_name = called
            config = self._profile.config(profile)
            config.dependencies = self._config.dependencies
            return Naming(config, self._macros, self._profile.project_renderer(profile))
        except (DbtBaseException, SettingsError):  # such as a variable that only another machine has
            return None


def _differences(naming: Naming, nodes: Sequence[Node]) -> Iterator[OtherTarget]:
    for node in nodes:
        try:
            expected = naming.place(node)
        except DbtBaseException:  # a macro that cannot name it here tells nothing
            continue
        there = {each: str(node.get(each) or "none").lower() for each in expected}
        if any(there[each] != (expected[each] or "none") for each in expected):
            yield OtherTarget(None, str(node.get("name")), _joined(there), _joined(expected))


def _joined(place: Mapping[str, str]) -> str:
    return ".".join(name for name in place.values() if name and name != "none")
