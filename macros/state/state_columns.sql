{# The columns of the shared tables, each by its name as `create table` takes it: what both were made with and are migrated to. #}
{% macro state_columns() %}
    {%- set text = dbt.type_string() -%}
    {%- set log = {} -%}
    {%- for name, type in dbt_heap.log_columns().items() -%}{%- do log.update({name: dbt_heap.log_name(name) ~ ' ' ~ type}) -%}{%- endfor -%}
    {%- set rejects = {
        'key': 'key ' ~ text, 'rows': adapter.quote('rows') ~ ' ' ~ dbt.type_bigint(),
        'first_at': 'first_at ' ~ dbt.type_timestamp(), 'last_at': 'last_at ' ~ dbt.type_timestamp(),
    } -%}
    {%- for name in ['destination', 'sync', 'run_id', 'digest', 'reason', 'property'] -%}{%- do rejects.update({name: name ~ ' ' ~ text}) -%}{%- endfor -%}
    {%- set builds = {'recorded_at': 'recorded_at ' ~ dbt.type_timestamp()} -%}
    {%- for name in ['model', 'relation', 'invocation_id', 'status', 'failed_tests', 'passed_tests'] -%}{%- do builds.update({name: name ~ ' ' ~ text}) -%}{%- endfor -%}
    {{ return({'sync_log': log, 'reject_log': rejects, 'builds': builds}) }}
{% endmacro %}
