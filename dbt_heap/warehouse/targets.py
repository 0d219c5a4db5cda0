"""Find the target that a manifest was built under: by its nodes' relations, then by the name in dbt's results.

manifest.json does not name its target (https://schemas.getdbt.com/dbt/manifest/v12.json). So the project's naming
macros name each node under the active target, and the result is compared with the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dbt.clients.jinja import MacroGenerator, get_rendered
from dbt.config.runtime import RuntimeConfig
from dbt.context.configured import generate_schema_yml_context
from dbt.context.providers import generate_generate_name_macro_context
from dbt.contracts.graph.manifest import MacroManifest
from dbt.contracts.graph.nodes import ModelNode, SeedNode, SnapshotNode
from dbt_common.dataclass_schema import ValidationError
from dbt_common.exceptions import DbtBaseException

from dbt_heap.errors import SettingsError, TargetError
from dbt_heap.project.nodes import Manifest
from dbt_heap.project.profile import ProfileTargets
from dbt_heap.project.run_results import FILE_NAME, NamedTarget, named_target
from dbt_heap.project.validation import quoted

Place = Mapping[str, str]  # database, schema and, if the project names them itself, alias; in lower case

_COMPONENTS = ("database", "schema", "alias")
_CLASSES: Mapping[str, Any] = {"model": ModelNode, "seed": SeedNode, "snapshot": SnapshotNode}


class Naming:
    """The names that dbt gives to nodes under one target."""

    def __init__(self, config: RuntimeConfig, macros: MacroManifest, renderer: Any) -> None:
        """Create the naming; `renderer` renders the Jinja in dbt_project.yml under the same target."""
        self._root = config.project_name
        self._macros = macros
        self._config = config
        self._renderer = renderer
        macro = macros.find_generate_macro_by_name("schema", self._root)
        self._context = generate_generate_name_macro_context(macro, config, macros)  # type: ignore[arg-type]

    def place(self, node: Mapping[str, Any]) -> Place:
        """Return where dbt would put a node of manifest.json: the parts of its relation that are known.

        Raises dbt's errors if a macro fails.
        """
        if node.get("resource_type") == "source":
            return self._of_source(node)
        real = _as_dbt_node(node)
        found = {each: self._component(each, node, real) for each in _COMPONENTS}
        return {each: name for each, name in found.items() if name is not None}

    def state_schema(self, schema: str) -> tuple[str, bool]:
        """Return the schema of the state, and whether the project's own macro named it, as for dbt's hooks."""
        ours = self._context["dbt_heap"]
        named = str(ours["state_schema"](schema)).strip()
        return named, named == str(ours["generated_schema"](schema)).strip()

    def _of_source(self, node: Mapping[str, Any]) -> Place:
        """Return a source's place: no macro names it, but the Jinja in its YAML may depend on the target."""
        context = generate_schema_yml_context(self._config, str(node.get("package_name")))
        written = {each: node.get(f"unrendered_{each}") for each in ("database", "schema")}
        jinja = {each: text for each, text in written.items() if isinstance(text, str) and "{{" in text}
        return {each: str(get_rendered(text, context)).strip().lower() for each, text in jinja.items()}

    def _component(self, component: str, node: Mapping[str, Any], real: Any) -> str | None:
        package = node.get("package_name")
        macro = self._macros.find_generate_macro_by_name(component, self._root, imported_package=package)
        macro = macro or self._macros.find_generate_macro_by_name(component, self._root)
        config = node.get("config") or {}
        varies = "{{" in str((node.get("unrendered_config") or {}).get(component))
        if macro is None or (component == "alias" and macro.package_name == "dbt" and not varies):
            return None  # without Jinja, dbt's own alias is the same under every target
        fixed = config.get(f"target_{component}") if node.get("resource_type") == "snapshot" else None
        if fixed:
            return str(self._rendered(node, f"target_{component}", fixed)).lower()
        custom = self._rendered(node, component, config.get(component))
        return str(MacroGenerator(macro, self._context)(custom, real)).strip().lower()

    def _rendered(self, node: Mapping[str, Any], key: str, value: Any) -> Any:
        """Return a configured name under this target, from its Jinja in manifest.json."""
        written = (node.get("unrendered_config") or {}).get(key)
        return self._renderer.render_value(written) if isinstance(written, str) and "{{" in written else value


def _as_dbt_node(node: Mapping[str, Any]) -> Any:
    """Return a node as dbt passes it to naming macros; as a mapping if this dbt cannot parse it: Jinja reads both."""
    try:
        return _CLASSES[str(node.get("resource_type"))].from_dict(dict(node))
    except (ValidationError, DbtBaseException, LookupError, ValueError, TypeError, AttributeError):
        return node


Node = Mapping[str, Any]  # of manifest.json


@dataclass(frozen=True)
class OtherTarget:
    """A manifest that was not built under the active target."""

    target: str | None  # the target it was built under; None if no target of the profile puts its nodes there
    node: str = ""  # a node that the active target would put elsewhere
    there: str = ""  # where the manifest has it
    expected: str = ""  # where it would be under the active target


@dataclass(frozen=True)
class Built:
    """What is known of a manifest's target."""

    adapter_type: str  # empty if the manifest does not say
    nodes: Sequence[Node]
    named: str | None  # the target that dbt's results name
    named_by_default: bool  # dbt's results name no target, so the profile's default was used


class Targets:
    """The targets of the profile, to compare with a manifest."""

    def __init__(self, profile: ProfileTargets, macros: MacroManifest, config: RuntimeConfig) -> None:
        """Create the targets; `config` is dbt's configuration under the active target."""
        self._profile = profile
        self._macros = macros
        self._config = config
        self.active = str(config.target_name)
        self._adapter_type = str(config.credentials.type)
        self._naming: dict[tuple[str, str], Naming | None] = {}

    def naming(self, target: str, called: str = "") -> Naming | None:
        """Return how dbt names nodes under a target; `called` is another name for the target.

        None if the target cannot be rendered here, or uses another adapter.
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
            # If both targets put their nodes in the same place, only the name shows which one was built last.
            return OtherTarget(known) if known and self._fits(known, built.nodes) else None
        if named and named not in self._profile.names and self._difference(self.active, built.nodes, named) is None:
            return None  # the dbt platform has another name for the same target
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
            return None  # its adapter is not loaded
        try:
            profile = self._profile.render(target)
            profile.target_name = called
            config = self._profile.config(profile)
            config.dependencies = self._config.dependencies
            return Naming(config, self._macros, self._profile.project_renderer(profile))
        except (DbtBaseException, SettingsError):  # for example, a variable that is set only on another machine
            return None


def _differences(naming: Naming, nodes: Sequence[Node]) -> Iterator[OtherTarget]:
    for node in nodes:
        try:
            expected = naming.place(node)
        except DbtBaseException:  # the macro cannot name it here, so nothing is known
            continue
        there = {each: str(node.get(each) or "none").lower() for each in expected}
        if any(there[each] != (expected[each] or "none") for each in expected):
            yield OtherTarget(None, str(node.get("name")), _joined(there), _joined(expected))


def _joined(place: Mapping[str, str]) -> str:
    return ".".join(name for name in place.values() if name and name != "none")


@dataclass(frozen=True)
class ReadManifest:
    """A manifest, and the target that dbt's results next to it name."""

    path: Path
    manifest: Manifest
    named: NamedTarget

    @classmethod
    def at(cls, path: Path, manifest: Manifest) -> ReadManifest:
        """Return the manifest with the results next to it."""
        return cls(path, manifest, named_target(path.parent / FILE_NAME, manifest.invocation_id))


def raise_if_other_target(read: ReadManifest, targets: Targets, environments: Callable[[str], str]) -> None:
    """Raise TargetError if a manifest was built under another target than the active one.

    The error names both targets and their Heap environments, which `environments` returns for a target.
    """
    manifest, named = read.manifest, read.named
    built = Built(manifest.adapter_type, manifest.placed, named.name, named.by_default)
    if other := targets.other_than_active(built):
        raise TargetError(_refusal(read.path, targets.active, other, environments))


def _refusal(file: Path, active: str, other: OtherTarget, environments: Callable[[str], str]) -> str:
    here = f"{quoted(active)} ({environments(active)})"
    evidence = f" It has {other.node} in {other.there}; under {active}, dbt puts it in {other.expected}."
    evidence = evidence if other.node else ""
    if other.target is None:
        return (
            f"{file} was not built under the active target {here}, nor under any other target of the profile."
            f"{evidence} Nothing was read or sent. Build it here: dbt build --target {active}; or give the target the "
            f"schema and database of the manifest. {_OVERRIDE}"
        )
    there = f"{quoted(other.target)} ({environments(other.target)})"
    return (
        f"{file} was built under the target {there}, and the active target is {here}.{evidence} Rows of {other.target} "
        f"would go to the Heap environment of {active}; nothing was read or sent. Build {active} first: dbt build "
        f"--target {active}; or use what was built: --target {other.target}. {_OVERRIDE}"
    )


_OVERRIDE = "To continue anyway, once: --allow-target-mismatch"
