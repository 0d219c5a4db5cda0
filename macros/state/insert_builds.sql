{# One insert of how models were built. `failed_tests` is empty where none failed, null where that is not known yet. #}
{% macro insert_builds(builds) %}
insert into {{ dbt_heap.declared_relation('builds') }} (model, invocation_id, status, failed_tests, recorded_at)
{%- for build in builds %}
select
    {{ dbt.cast(dbt_heap.literal(build.model), dbt.type_string()) }},
    {{ dbt.cast(dbt_heap.literal(invocation_id), dbt.type_string()) }},
    {{ dbt.cast(dbt_heap.literal(build.status), dbt.type_string()) }},
    {{ dbt.cast(dbt_heap.literal(build.failed_tests), dbt.type_string()) }},
    {{ dbt_heap.now() }}
{{- ' union all' if not loop.last }}
{%- endfor %}
{% endmacro %}
