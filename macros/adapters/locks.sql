{# Take a lock by creating a relation, which is test-and-set on every warehouse: of two runs, one is refused. #}
{% macro create_lock(lock, holder) %}{{ return(adapter.dispatch('create_lock', 'dbt_heap')(lock, holder)) }}{% endmacro %}

{% macro default__create_lock(lock, holder) %}
create table {{ lock }} as
{{ dbt_heap.lock_row(holder, dbt.current_timestamp()) }}
{% endmacro %}

{#
    A killed CTAS leaves a folder behind that blocks the table's name forever, and a lock always has the same name. A
    view has no folder. Its time is this run's clock, because the warehouse's would advance with each read of the
    view.
#}
{% macro spark__create_lock(lock, holder) %}
create view {{ lock }} as
{{ dbt_heap.lock_row(holder, dbt_heap.literal(modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S'))) }}
{% endmacro %}

{# Select the one row of a lock: the process that holds it. #}
{% macro lock_row(holder, at) %}
select
    {{ dbt.cast(dbt_heap.literal(holder.run_id), dbt.type_string()) }} as run_id,
    {{ dbt.cast(dbt_heap.literal(holder.host), dbt.type_string()) }} as host,
    {{ dbt.cast(holder.pid, dbt.type_bigint()) }} as pid,
    {{ dbt.cast(at, dbt.type_timestamp()) }} as {{ adapter.quote('at') }}
{% endmacro %}

{# Release a lock. #}
{% macro drop_lock(lock) %}{{ return(adapter.dispatch('drop_lock', 'dbt_heap')(lock)) }}{% endmacro %}

{% macro default__drop_lock(lock) %}drop table if exists {{ lock }}{% endmacro %}

{# The lock is a view: see `create_lock`. #}
{% macro spark__drop_lock(lock) %}drop view if exists {{ lock }}{% endmacro %}

{#
    Move a dead run's lock out of the way. The new name contains that run's ID, so of two runs that move it, one is
    refused.
#}
{% macro move_lock(state, lock, aside) %}{{ return(adapter.dispatch('move_lock', 'dbt_heap')(state, lock, aside)) }}{% endmacro %}

{% macro default__move_lock(state, lock, aside) %}alter table {{ lock }} rename to {{ adapter.quote(aside) }}{% endmacro %}

{# A name without a schema would move the table: https://docs.snowflake.com/en/sql-reference/sql/alter-table #}
{% macro snowflake__move_lock(state, lock, aside) %}
alter table {{ lock }} rename to {{ dbt_heap.state_relation(state.schema, aside) }}
{% endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-alter-view.html #}
{% macro spark__move_lock(state, lock, aside) %}
alter view {{ lock }} rename to {{ dbt_heap.state_relation(state.schema, aside) }}
{% endmacro %}
