{# How many rows a table has. #}
{% macro count_rows(relation) %}select count(*) as found from {{ relation }}{% endmacro %}
