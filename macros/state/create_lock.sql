{# Creating a relation is test-and-set on every engine: of two runs one is refused. #}
{% macro create_lock(lock, holder) %}{{ return(adapter.dispatch('create_lock', 'dbt_heap')(lock, holder)) }}{% endmacro %}

{% macro default__create_lock(lock, holder) %}
create table {{ lock }} as
{{ dbt_heap.lock_row(holder, dbt.current_timestamp()) }}
{% endmacro %}

{#
    A killed CTAS leaves a folder behind that blocks the table's name for ever, and a lock has to have the same name always. A view has no
    folder; its time is this run's own, as a view would tell another time whenever it is read.
#}
{% macro spark__create_lock(lock, holder) %}
create view {{ lock }} as
{{ dbt_heap.lock_row(holder, dbt_heap.literal(modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S'))) }}
{% endmacro %}

{% macro databricks__create_lock(lock, holder) %}{{ return(dbt_heap.default__create_lock(lock, holder)) }}{% endmacro %}

{# Who holds it. #}
{% macro lock_row(holder, at) %}
select
    {{ dbt.cast(dbt_heap.literal(holder.run_id), dbt.type_string()) }} as run_id,
    {{ dbt.cast(dbt_heap.literal(holder.host), dbt.type_string()) }} as host,
    {{ dbt.cast(holder.pid, dbt.type_bigint()) }} as pid,
    {{ dbt.cast(at, dbt.type_timestamp()) }} as {{ adapter.quote('at') }}
{% endmacro %}
