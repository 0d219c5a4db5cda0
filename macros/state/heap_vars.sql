{#
    The block `vars: dbt_heap:` as dbt-heap finds it: that of `--vars`, else that under the project's own name, which dbt shows to no
    other package, else the one beside it.
#}
{% macro heap_vars() %}
    {%- for vars in [invocation_args_dict.get('vars'), var(project_name, none)] if vars is mapping and 'dbt_heap' in vars -%}
        {{ return(vars['dbt_heap']) }}
    {%- endfor -%}
    {{ return(var('dbt_heap', {})) }}
{% endmacro %}
