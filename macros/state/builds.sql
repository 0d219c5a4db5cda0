{#
    Create the table `builds`, and its schema, if they are missing. Checked by a statement of dbt-heap's own: dbt's
    check may start a transaction that nothing commits after a run, and the hook's rows would be lost (tried on
    DuckDB).
#}
{% macro create_builds() %}
    {%- set builds = dbt_heap.declared_relation('builds') -%}
    {%- set wanted = {'database': builds.database, 'schema': builds.schema, 'identifier': builds.identifier} -%}
    {%- if run_query(dbt_heap.catalog([wanted])).rows | selectattr(2) | list -%}{{ return(none) }}{%- endif -%}
    {%- if not dbt_heap.schema_exists(builds.schema) -%}{%- do run_query(dbt_heap.create_state_schema(builds.schema)) -%}{%- endif -%}
    {%- do run_query('create table if not exists ' ~ builds ~ ' (' ~ dbt_heap.state_columns().builds.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as()) -%}
{% endmacro %}

{# Insert how models were built. Tests are null if they are not known yet. #}
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

{# Return one of them: a dbt node, how it ended, and the names of its tests by how they ended. #}
{% macro build_of(node, status, failed_tests=none, passed_tests=none) %}
    {{ return({
        'model': node.unique_id, 'relation': node.relation_name or '', 'status': status,
        'failed_tests': failed_tests, 'passed_tests': passed_tests,
    }) }}
{% endmacro %}

{# Select, for each model, everything since its newest build and the newest of every kind before; newest first. #}
{% macro read_builds(state) %}
{%- set built = ['built'] -%}
{%- for status, outcome in dbt_heap.statuses().models.items() if outcome == 'built' -%}{%- do built.append(status) -%}{%- endfor -%}
{%- set known = 'case when failed_tests is null then 0 else 1 end' -%}
select model, relation, invocation_id, status, failed_tests, passed_tests
from (
    select
        builds.*,
        max(case when status in ('{{ built | join("', '") }}') then recorded_at end) over (partition by model, relation) as built_at,
        row_number() over (partition by model, relation, status, {{ known }} order by recorded_at desc) as newness
    from {{ state.builds }} as builds
) as builds
where newness = 1 or recorded_at >= built_at
order by model, relation, recorded_at desc, {{ known }} desc
{% endmacro %}
