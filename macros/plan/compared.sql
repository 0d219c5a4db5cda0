{# A column of the state as it is compared: texts by their bytes, also those that an older version stored with the collation of the model's column. #}
{% macro compared(expression, value_class) %}
    {{- return(dbt_heap.bytewise(expression) if value_class in ['text', 'other', 'array', 'json', 'bytes'] else expression) -}}
{% endmacro %}
