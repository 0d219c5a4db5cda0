{# Removes what no entry of the log names any more. #}
{% macro drop_table(relation) %}drop table if exists {{ relation }}{% endmacro %}
