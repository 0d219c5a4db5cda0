{# The table of one sync, `<sync>__log`: one row a property that Heap accepted. Safe to repeat. #}
{% macro create_log(log) %}
create table if not exists {{ log }} (
    destination {{ dbt.type_string() }}, key {{ dbt.type_string() }}, property {{ dbt.type_string() }}, value {{ dbt.type_string() }},
    sent_at {{ dbt.type_timestamp() }}, run_id {{ dbt.type_string() }}
) {{ dbt_heap.stored_as() }}
{% endmacro %}
