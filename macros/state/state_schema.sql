{#
    Return the schema of the state: what the project's generate_schema_name returns for a model with `schema:
    dbt_heap`. If that ignores the custom schema, models live there too, and the state gets a schema of its own: the
    target's name followed by this one. No node of the project has any influence, so every command and hook finds the
    same schema.
#}
{% macro state_schema(schema) %}{{ return(adapter.dispatch('state_schema', 'dbt_heap')(schema)) }}{% endmacro %}

{% macro default__state_schema(schema) %}
    {%- set generated = dbt_heap.generated_schema(schema) -%}
    {%- set others = [dbt_heap.generated_schema(none), dbt_heap.generated_schema(schema ~ '_2'), target.schema, '', 'None', 'none'] -%}
    {{ return(target.schema ~ '_' ~ schema if generated in others else generated) }}
{% endmacro %}

{# Return what dbt would name the schema of a model with a custom schema, or with none. #}
{% macro generated_schema(custom_schema) %}
    {{ return(generate_schema_name(custom_schema, dbt_heap.state_node(custom_schema)) | string | trim) }}
{% endmacro %}

{# Return a model of the root project for naming macros to look at. The state's tables are not models. #}
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
