{# Takes a dead run's lock out of the way. The new name bears that run's id, so that of two takers one is refused. #}
{% macro move_lock(state, lock, aside) %}{{ return(adapter.dispatch('move_lock', 'dbt_heap')(state, lock, aside)) }}{% endmacro %}

{% macro default__move_lock(state, lock, aside) %}alter table {{ lock }} rename to {{ adapter.quote(aside) }}{% endmacro %}

{# A name without its schema would move the table: https://docs.snowflake.com/en/sql-reference/sql/alter-table #}
{% macro snowflake__move_lock(state, lock, aside) %}
alter table {{ lock }} rename to {{ dbt_heap.state_relation(state.schema, aside) }}
{% endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-alter-view.html #}
{% macro spark__move_lock(state, lock, aside) %}
alter view {{ lock }} rename to {{ dbt_heap.state_relation(state.schema, aside) }}
{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table #}
{% macro databricks__move_lock(state, lock, aside) %}{{ return(dbt_heap.snowflake__move_lock(state, lock, aside)) }}{% endmacro %}
