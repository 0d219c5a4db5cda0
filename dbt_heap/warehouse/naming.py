"""The project's naming macros, called as dbt calls them: where dbt would put a node under a target.

https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/parser/base.py, class RelationUpdate
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dbt.clients.jinja import MacroGenerator, get_rendered
from dbt.config.runtime import RuntimeConfig
from dbt.context.configured import generate_schema_yml_context
from dbt.context.providers import generate_generate_name_macro_context
from dbt.contracts.graph.manifest import MacroManifest
from dbt.contracts.graph.nodes import ModelNode, SeedNode, SnapshotNode
from dbt_common.dataclass_schema import ValidationError
from dbt_common.exceptions import DbtBaseException

Place = Mapping[str, str]  # database, schema and, if the project names them itself, alias; in lower case

_COMPONENTS = ("database", "schema", "alias")
_CLASSES: Mapping[str, Any] = {"model": ModelNode, "seed": SeedNode, "snapshot": SnapshotNode}


class Naming:
    """The names that dbt gives under one target."""

    def __init__(self, config: RuntimeConfig, macros: MacroManifest, renderer: Any) -> None:
        """`renderer` renders the Jinja of dbt_project.yml under the same target."""
        self._root = config.project_name
        self._macros = macros
        self._config = config
        self._renderer = renderer
        macro = macros.find_generate_macro_by_name("schema", self._root)
        self._context = generate_generate_name_macro_context(macro, config, macros)  # type: ignore[arg-type]

    def place(self, node: Mapping[str, Any]) -> Place:
        """Return where dbt would put a node of manifest.json: the parts of its relation that can be told.

        Raises dbt's errors if a macro fails.
        """
        if node.get("resource_type") == "source":
            return self._of_source(node)
        real = _as_dbt_has_it(node)
        found = {each: self._component(each, node, real) for each in _COMPONENTS}
        return {each: name for each, name in found.items() if name is not None}

    def state_schema(self, schema: str) -> tuple[str, bool]:
        """Return the schema of the state, and whether the project's own macro named it. dbt's hooks do the same."""
        ours = self._context["dbt_heap"]
        named = str(ours["state_schema"](schema)).strip()
        return named, named == str(ours["generated_schema"](schema)).strip()

    def _of_source(self, node: Mapping[str, Any]) -> Place:
        """No macro names a source, but the Jinja in its YAML may look at the target."""
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
        """A configured name under this target: manifest.json has what it was under its own, and the text before."""
        written = (node.get("unrendered_config") or {}).get(key)
        return self._renderer.render_value(written) if isinstance(written, str) and "{{" in written else value


def _as_dbt_has_it(node: Mapping[str, Any]) -> Any:
    """A node as naming macros get it; as a mapping if this dbt's classes cannot hold it: Jinja reads both alike."""
    try:
        return _CLASSES[str(node.get("resource_type"))].from_dict(dict(node))
    except (ValidationError, DbtBaseException, LookupError, ValueError, TypeError, AttributeError):
        return node
