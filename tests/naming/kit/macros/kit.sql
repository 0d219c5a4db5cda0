{% macro generate_schema_name(custom_schema_name, node) %}kit_of_{{ target.schema }}{% endmacro %}

{% macro env_name() %}{{ return(target.name ~ '_env') }}{% endmacro %}

{% macro schema_for(custom_schema_name, node) %}
    {{ return(adapter.dispatch('schema_for', 'kit')(custom_schema_name, node)) }}
{% endmacro %}

{% macro default__schema_for(custom_schema_name, node) %}{{ return('nowhere') }}{% endmacro %}
