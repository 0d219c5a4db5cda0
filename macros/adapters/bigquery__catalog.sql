{#
    Each dataset has an information_schema of its own. Querying that of a missing dataset is an error, so check first
    that it exists:
    https://cloud.google.com/bigquery/docs/information-schema-columns
#}
{% macro bigquery__catalog(relations) %}
    {%- set queries = [] -%}
    {%- for relation in relations -%}
        {%- set database = relation.database or target.database -%}
        {%- if adapter.check_schema_exists(database, relation.schema) -%}
            {%- set dataset = api.Relation.create(database=database, schema=relation.schema).without_identifier() -%}
            {%- set query -%}
select table_catalog, table_schema, table_name, column_name, data_type, ordinal_position
from {{ dataset }}.INFORMATION_SCHEMA.COLUMNS
{%- if relation.identifier %} where {{ dbt_heap.same_name('table_name', relation.identifier) }}{% endif %}
            {%- endset -%}
            {%- do queries.append(query) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not queries -%}{{ return("select '' as table_catalog, '' as table_schema, '' as table_name, '' as column_name, '' as data_type") }}{%- endif -%}
select table_catalog, table_schema, table_name, column_name, data_type
from ({{ queries | join('\nunion distinct\n') }}) as seen
order by table_catalog, table_schema, table_name, ordinal_position
{% endmacro %}
