{# Removes what no entry of the log names any more. #}
{% macro drop_state_table(relation) %}drop table if exists {{ relation }}{% endmacro %}
