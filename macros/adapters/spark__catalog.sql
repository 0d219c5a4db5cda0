{#
    There is no information_schema here. The look happens while this is rendered, one statement for each schema; what it saw are the
    rows of the statement that is returned. A struct's own fields are indented further:
    https://spark.apache.org/docs/latest/sql-ref-syntax-aux-show-table.html
#}
{% macro spark__catalog(relations) %}
    {%- set rows = dbt_heap.shown_columns(relations) -%}
select * from values {{ rows | join(', ') if rows else "('', '', '', '', '')" }} as seen (table_catalog, table_schema, table_name, column_name, data_type)
{% endmacro %}

{# A row of literals for each column of some relations of one catalog (Spark's own if none is named). #}
{% macro shown_columns(relations, catalog=none) %}
    {%- set there = run_query('show schemas' ~ (' in ' ~ adapter.quote(catalog) if catalog else '')).columns[0].values() | map('lower') | list -%}
    {%- set rows = [] -%}
    {%- for schema, wanted in relations | groupby('schema') if schema | lower in there -%}
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

{# `show table extended` shows every relation. #}
{% macro spark__unlisted_columns(relations) %}{{ return([]) }}{% endmacro %}

{# Who may read what, Spark leaves to others. #}
{% macro spark__access(relation) %}
    {%- set there = run_query('show schemas').columns[0].values() | map('lower') | list -%}
select '{{ 'no_relation' if relation.schema | lower in there else 'no_schema' }}' as fact, '' as name
{% endmacro %}
