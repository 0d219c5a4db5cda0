{#
    Spark has no information_schema. This macro runs `show` while it is rendered, once per schema, and returns a
    statement that holds the rows it found. Fields of a struct are indented further:
    https://spark.apache.org/docs/latest/sql-ref-syntax-aux-show-table.html
#}
{% macro spark__catalog(relations) %}
    {%- set rows = dbt_heap.columns_from_show(relations) -%}
select * from values {{ rows | join(', ') if rows else "('', '', '', '', '')" }} as seen (table_catalog, table_schema, table_name, column_name, data_type)
{% endmacro %}

{# Return a row of literals for each column of relations in one catalog (Spark's default catalog if none is given). #}
{% macro columns_from_show(relations, catalog=none) %}
    {%- set schemas = run_query('show schemas' ~ (' in ' ~ adapter.quote(catalog) if catalog else '')).columns[0].values() | map('lower') | list -%}
    {%- set rows = [] -%}
    {%- for schema, wanted in relations | groupby('schema') if schema | lower in schemas -%}
        {%- set names = wanted | map(attribute='identifier') | list -%}
        {%- set pattern = names | join('|') if names | select | list | length == names | length else '*' -%}
        {%- set relation = api.Relation.create(database=catalog, schema=schema).without_identifier() -%}
        {%- for found in run_query('show table extended in ' ~ relation ~ ' like ' ~ dbt_heap.literal(pattern)).rows if found[0] -%}
            {%- for line in found[3].splitlines() if line.startswith(' |-- ') -%}
                {%- set name, type = line[5:].rsplit(' (nullable', 1)[0].rsplit(': ', 1) -%}
                {%- set row = [] -%}
                {%- for text in (catalog or '', found[0], found[1], name, type) -%}{%- do row.append(dbt_heap.literal(text)) -%}{%- endfor -%}
                {%- do rows.append('(' ~ row | join(', ') ~ ')') -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{% endmacro %}
