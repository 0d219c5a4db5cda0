{# Lets others in. #}
{% macro drop_lock(lock) %}{{ return(adapter.dispatch('drop_lock', 'dbt_heap')(lock)) }}{% endmacro %}

{% macro default__drop_lock(lock) %}drop table if exists {{ lock }}{% endmacro %}

{# A lock is a view here: see create_lock. #}
{% macro spark__drop_lock(lock) %}drop view if exists {{ lock }}{% endmacro %}

{% macro databricks__drop_lock(lock) %}{{ return(dbt_heap.default__drop_lock(lock)) }}{% endmacro %}
