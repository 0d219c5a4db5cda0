{# A mapped column as it leaves the warehouse. #}
{% macro fetched(column) %}{{ return(adapter.dispatch('fetched', 'dbt_heap')(column)) }}{% endmacro %}

{% macro default__fetched(column) %}{{ return(column.stored) }}{% endmacro %}

{# PySpark gives an instant as the wall clock of the machine it runs on; without a zone it gives what the session's clock said, which is UTC's. #}
{% macro spark__fetched(column) %}
    {{ return('cast(' ~ column.stored ~ ' as timestamp_ntz)' if column.value_class == 'timestamptz' else column.stored) }}
{% endmacro %}

{% macro databricks__fetched(column) %}{{ return(column.stored) }}{% endmacro %}
