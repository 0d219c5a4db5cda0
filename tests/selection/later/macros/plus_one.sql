{% macro plus_one(column) %}1 + {{ column }}{% endmacro %}
