{#
    The schema of the state: what the project's generate_schema_name gives to a model with `schema: dbt_heap`. If the name makes no
    difference there, models are in that schema too, and the state gets one of its own: the target's, with the name behind it. No node of
    the project has a say, so the schema is the same from every command and hook, whatever models come and go.
#}
{% macro state_schema(schema) %}{{ return(adapter.dispatch('state_schema', 'dbt_heap')(schema)) }}{% endmacro %}

{% macro default__state_schema(schema) %}
    {%- set generated = dbt_heap.generated_schema(schema) -%}
    {%- set others = [dbt_heap.generated_schema(none), dbt_heap.generated_schema(schema ~ '_2'), target.schema, '', 'None', 'none'] -%}
    {{ return(target.schema ~ '_' ~ schema if generated in others else generated) }}
{% endmacro %}

{# What dbt would call the schema of a model with a custom schema, or with none. #}
{% macro generated_schema(custom_schema) %}
    {{ return(generate_schema_name(custom_schema, dbt_heap.state_node(custom_schema)) | string | trim) }}
{% endmacro %}

{# A model of the root project, as naming macros may look at it; the state's tables are not models. #}
{% macro state_node(custom_schema) %}
    {%- set path = 'dbt_heap/state/dbt_heap_state.sql' -%}
    {{ return({
        'resource_type': 'model', 'package_name': project_name, 'name': 'dbt_heap_state', 'alias': 'dbt_heap_state',
        'unique_id': 'model.' ~ project_name ~ '.dbt_heap_state', 'fqn': [project_name, 'dbt_heap', 'state', 'dbt_heap_state'],
        'path': path, 'original_file_path': 'models/' ~ path, 'database': target.database, 'schema': target.schema,
        'tags': [], 'meta': {}, 'columns': {}, 'access': 'protected', 'group': none, 'version': none, 'language': 'sql',
        'depends_on': {'nodes': [], 'macros': []}, 'unrendered_config': {'schema': custom_schema},
        'config': {'schema': custom_schema, 'database': none, 'alias': none, 'materialized': 'table', 'enabled': true, 'tags': [], 'meta': {}, 'group': none},
    }) }}
{% endmacro %}
