{#
    Unity Catalog has an information_schema in every catalog. `hive_metastore` has none and is read as on Spark:
    https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema
#}
{% macro databricks__catalog(relations) %}
    {%- set in_hive = [] -%}
    {%- set in_unity = [] -%}
    {%- for relation in relations -%}
        {%- do (in_hive if (relation.database or 'hive_metastore') | lower == 'hive_metastore' else in_unity).append(relation) -%}
    {%- endfor -%}
    {%- if not in_hive -%}{{ return(dbt_heap.default__catalog(in_unity)) }}{%- endif -%}
    {%- set rows = dbt_heap.columns_from_show(in_hive, 'hive_metastore') or ["('', '', '', '', '')"] -%}
select * from values {{ rows | join(', ') }} as seen (table_catalog, table_schema, table_name, column_name, data_type)
    {%- if in_unity %}
union all
select * from ({{ dbt_heap.default__catalog(in_unity) }}) as listed
    {%- endif -%}
{% endmacro %}

{% macro databricks__access(relation) %}
select 'role' as fact, current_user() as name
union all
select 'no_relation', ''
{% endmacro %}
