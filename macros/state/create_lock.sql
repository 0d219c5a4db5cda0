{# Creating a table is test-and-set on every engine: of two runs one is refused. #}
{% macro create_lock(lock, holder) %}
create table {{ lock }} as
select
    {{ dbt.cast(dbt_heap.literal(holder.run_id), dbt.type_string()) }} as run_id,
    {{ dbt.cast(dbt_heap.literal(holder.host), dbt.type_string()) }} as host,
    {{ dbt.cast(holder.pid, dbt.type_bigint()) }} as pid,
    {{ dbt.cast(dbt.current_timestamp(), dbt.type_timestamp()) }} as {{ adapter.quote('at') }}
{% endmacro %}
