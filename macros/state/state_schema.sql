{# The name of the state schema, as the project names its schemas. #}
{% macro state_schema(schema) %}{{ return(generate_schema_name(schema, none) | trim) }}{% endmacro %}
