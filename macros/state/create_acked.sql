{# Where a run's verdicts go: a batch that was decided as a whole bears no seq. #}
{% macro create_acked(acked) %}
create table {{ acked }} (
    batch {{ dbt.type_bigint() }}, seq {{ dbt.type_bigint() }}, verdict {{ dbt.type_string() }},
    reason {{ dbt.type_string() }}, property {{ dbt.type_string() }}, {{ adapter.quote('at') }} {{ dbt.type_timestamp() }}
) {{ dbt_heap.stored_as() }}
{% endmacro %}
