{# One insert of how models were built. What tests are not known yet, is null. #}
{% macro insert_builds(builds) %}
{%- set names = ['model', 'relation', 'status', 'failed_tests', 'passed_tests'] -%}
insert into {{ dbt_heap.declared_relation('builds') }} ({{ names | join(', ') }}, invocation_id, recorded_at)
{%- for build in builds %}
select
    {%- for name in names %}
    {%- set text = build[name] if build[name] is none or build[name] is string else build[name] | join(', ') %}
    {{ dbt.cast(dbt_heap.literal(text), dbt.type_string()) }},
    {%- endfor %}
    {{ dbt.cast(dbt_heap.literal(invocation_id), dbt.type_string()) }},
    {{ dbt_heap.now() }}
{{- ' union all' if not loop.last }}
{%- endfor %}
{% endmacro %}

{# One of them: a node of dbt's, how it ended, and the names of its tests by how they ended. #}
{% macro build_of(node, status, failed_tests=none, passed_tests=none) %}
    {{ return({
        'model': node.unique_id, 'relation': node.relation_name or '', 'status': status,
        'failed_tests': failed_tests, 'passed_tests': passed_tests,
    }) }}
{% endmacro %}
