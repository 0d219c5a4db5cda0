{#
    Select the rows of one of the state's views, for a model. Before the first sync, select none, with the same
    `columns` (name: type).
#}
{% macro state_rows(view, columns) %}
    {%- set relation = dbt_heap.state_view(view) -%}
    {%- if relation -%}
    {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list %}
select {% for name, type in columns.items() %}{{ dbt_heap.log_value(name, type, found) ~ ' as ' if name not in found and '"' not in name and '`' not in name }}{{ name }}{{ ', ' if not loop.last }}{% endfor %} from {{ relation }}
    {%- else -%}
select *
from (select {% for name, type in columns.items() %}{{ dbt.cast('null', type) }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %}) as nothing
where 1 = 0
    {%- endif -%}
{% endmacro %}

{#
    Return the view, or none if it does not exist. Log that it is missing, because a model without rows looks as if
    nothing were wrong.
#}
{% macro state_view(view) %}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set declared = dbt_heap.declared_relation(view) -%}
    {%- set relation = load_relation(declared) -%}
    {%- if not relation -%}
        {%- do log('dbt_heap: there is no view ' ~ view ~ ' in the schema ' ~ declared.schema ~ ': no sync has run yet, or elsewhere', info=true) -%}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}

{#
    Return a relation of the state for the project's models and hooks, from `vars: dbt_heap: schema`, in which dbt
    does not render `env_var`.
#}
{% macro declared_relation(identifier) %}
    {%- set name = dbt_heap.heap_vars().get('schema', 'dbt_heap') -%}
    {{ return(dbt_heap.state_relation(dbt_heap.state_schema(render(name) if '{' in name else name), identifier)) }}
{% endmacro %}

{#
    Return the block `vars: dbt_heap:` as dbt-heap finds it: from `--vars`, under the project's own name (which dbt
    does not show to other packages), or at the top level.
#}
{% macro heap_vars() %}
    {%- for vars in [invocation_args_dict.get('vars'), var(project_name, none)] if vars is mapping and 'dbt_heap' in vars -%}
        {{ return(vars['dbt_heap']) }}
    {%- endfor -%}
    {{ return(var('dbt_heap', {})) }}
{% endmacro %}
