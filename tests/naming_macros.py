"""Common `generate_schema_name` macros, each with the schema that the state should get for target `dev`."""

from __future__ import annotations

FALLBACK = "dbt_me_dbt_heap"  # the target's schema with the name appended

# name -> (body of the macro; None for dbt's own, schema of the state)
MACROS: dict[str, tuple[str | None, str]] = {
    "dbt's own": (None, FALLBACK),
    "dbt's for environments": ("{{ generate_schema_name_for_env(custom_schema_name, node) }}", FALLBACK),
    "custom schemas in production alone": (
        "{%- if target.name == 'prod' and custom_schema_name is not none -%}{{ custom_schema_name | trim }}"
        "{%- else -%}{{ target.schema }}{%- endif -%}",
        FALLBACK,
    ),
    "the custom schema as it is": ("{{ custom_schema_name or target.schema }}", "dbt_heap"),
    "the target's schema for all": ("{{ target.schema }}", FALLBACK),
    "one schema for all": ("everything", FALLBACK),
    "one schema for all that have a custom one": (
        "{{ target.schema if custom_schema_name is none else 'custom' }}", FALLBACK
    ),
    "nothing for a name that it does not know": (
        "{%- if custom_schema_name in ('marts', 'finance') -%}{{ custom_schema_name }}"
        "{%- elif custom_schema_name is none -%}{{ target.schema }}{%- endif -%}",
        FALLBACK,
    ),
    "none for a name that it does not know": (
        "{{ return(target.schema ~ '_' ~ custom_schema_name if custom_schema_name in ('marts', 'finance') "
        "else target.schema if custom_schema_name is none else none) }}",
        FALLBACK,
    ),
    "an environment variable": ("{{ env_var('SHOP_ENV') }}_{{ custom_schema_name or 'base' }}", "blue_dbt_heap"),
    "an environment variable with a default": (
        "{{ env_var('SHOP_OTHER', 'green') }}_{{ custom_schema_name or target.schema }}", "green_dbt_heap"
    ),
    "the model's folder": ("{{ target.schema }}_{{ node.fqn[1] }}", FALLBACK),
    "the model's folder and the custom schema": (
        "{{ target.schema }}_{{ node.fqn[1] }}_{{ custom_schema_name }}", "dbt_me_dbt_heap_dbt_heap"
    ),
    "the model's path": ("{{ target.schema }}_{{ node.path.split('/')[0] | replace('.', '_') }}", FALLBACK),
    "a config of the model": (
        "{{ target.schema }}_{{ node.config.get('group') or 'all' }}_{{ custom_schema_name or '' }}",
        "dbt_me_all_dbt_heap",
    ),
    "a meta of the model": (
        "{{ target.schema }}_{{ node.config.meta.get('team', 'all') }}_{{ custom_schema_name or '' }}",
        "dbt_me_all_dbt_heap",
    ),
    "the kind of resource": (
        "{{ target.schema }}{{ '_seeds' if node.resource_type == 'seed' else '_' ~ (custom_schema_name or 'x') }}",
        "dbt_me_dbt_heap",
    ),
    "the package of the model": (
        "{{ target.schema if node.package_name == project_name else 'others' }}_{{ custom_schema_name or 'x' }}",
        "dbt_me_dbt_heap",
    ),
    "tags of the model": (
        "{{ target.schema }}_{{ 'daily' if 'daily' in node.tags else 'other' }}_{{ custom_schema_name or 'x' }}",
        "dbt_me_other_dbt_heap",
    ),
    "the target's name": ("{{ target.name }}_{{ custom_schema_name or 'base' }}", "dev_dbt_heap"),
    "a macro of a package": ("{{ kit.env_name() }}_{{ custom_schema_name or 'base' }}", "dev_env_dbt_heap"),
    "a macro of a package that the project overrides": (
        "{{ return(kit.schema_for(custom_schema_name, node)) }}", "dispatched_dbt_heap"
    ),
    "a var under the project's own name": ("{{ var('prefix') }}_{{ custom_schema_name or 'base' }}", "team_a_dbt_heap"),
    "a macro of the project": ("{{ base_schema() }}_{{ custom_schema_name or 'base' }}", "of_dbt_me_dbt_heap"),
}  # fmt: skip
