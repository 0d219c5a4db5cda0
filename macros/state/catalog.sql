{# The columns of some relations (of a whole schema where no identifier is given), in order: one look for all syncs. #}
{% macro catalog(relations) %}{{ return(adapter.dispatch('catalog', 'dbt_heap')(relations)) }}{% endmacro %}

{% macro default__catalog(relations) %}
    {%- set views = {} -%}
    {%- for each in relations -%}{%- do views.setdefault(dbt_heap.columns_view(each.database), []).append(each) -%}{%- endfor -%}
select table_catalog, table_schema, table_name, column_name, data_type
from (
    {%- for view, wanted in views.items() %}
    select table_catalog, table_schema, table_name, column_name, {{ dbt_heap.whole_type() }} as data_type, ordinal_position
    from {{ view }}
    where {% for each in wanted %}
        {{- 'or ' if not loop.first }}({{ dbt_heap.same_name('table_schema', each.schema) }}
        {%- if each.database %} and {{ dbt_heap.same_name('table_catalog', each.database) }}{% endif %}
        {%- if each.identifier %} and {{ dbt_heap.same_name('table_name', each.identifier) }}{% endif %})
    {% endfor %}
    {{- 'union all' if not loop.last }}
    {%- endfor %}
) as seen
order by table_catalog, table_schema, table_name, ordinal_position
{% endmacro %}

{# A column's type with all that its values depend on: a decimal of fewer digits would round. #}
{% macro whole_type() %}{{ return(adapter.dispatch('whole_type', 'dbt_heap')()) }}{% endmacro %}

{% macro default__whole_type() %}{{ return('data_type') }}{% endmacro %}

{# https://www.postgresql.org/docs/current/infoschema-columns.html #}
{% macro postgres__whole_type() %}
    {%- set decimals = "case when data_type = 'numeric' then data_type || '(' || numeric_precision || ',' || numeric_scale || ')' end" -%}
    {{ return("coalesce(" ~ decimals ~ ", data_type || '(' || datetime_precision || ')', data_type)") }}
{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/info-schema/columns #}
{% macro snowflake__whole_type() %}
    {{ return("case when data_type = 'NUMBER' then data_type || '(' || numeric_precision || ',' || numeric_scale || ')' else data_type end") }}
{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/information-schema/columns #}
{% macro databricks__whole_type() %}{{ return('full_data_type') }}{% endmacro %}

{# Where the columns of a database's relations stand. #}
{% macro columns_view(database) %}{{ return(adapter.dispatch('columns_view', 'dbt_heap')(database)) }}{% endmacro %}

{% macro default__columns_view(database) %}{{ return('information_schema.columns') }}{% endmacro %}

{# Each database has its own: https://docs.snowflake.com/en/sql-reference/info-schema #}
{% macro snowflake__columns_view(database) %}
    {{ return(api.Relation.create(database=database or target.database, schema='information_schema', identifier='columns') | string) }}
{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema #}
{% macro databricks__columns_view(database) %}{{ return(dbt_heap.snowflake__columns_view(database)) }}{% endmacro %}

{% macro databricks__catalog(relations) %}{{ return(dbt_heap.default__catalog(relations)) }}{% endmacro %}

{# Manifest and catalog may spell a name in another case. #}
{% macro same_name(column, name) %}{{ return('lower(' ~ column ~ ') = ' ~ dbt_heap.literal(name | lower)) }}{% endmacro %}

{#
    There is no information_schema here. The look happens while this is rendered, one statement a schema that is there; what it saw are
    the rows of the statement that is returned. A struct's own fields stand further to the right:
    https://spark.apache.org/docs/latest/sql-ref-syntax-aux-show-table.html
#}
{% macro spark__catalog(relations) %}
    {%- set there = run_query('show schemas').columns[0].values() | map('lower') | list -%}
    {%- set rows = [] -%}
    {%- for schema, wanted in relations | groupby('schema') if schema | lower in there -%}
        {%- set names = wanted | map(attribute='identifier') | list -%}
        {%- set pattern = names | join('|') if names | select | list | length == names | length else '*' -%}
        {%- set relation = api.Relation.create(schema=schema).without_identifier() -%}
        {%- for found in run_query('show table extended in ' ~ relation ~ ' like ' ~ dbt_heap.literal(pattern)).rows if found[0] -%}
            {%- for line in found[3].splitlines() if line.startswith(' |-- ') -%}
                {%- set name, type = line[5:].rsplit(' (nullable', 1)[0].rsplit(': ', 1) -%}
                {%- set row = [] -%}
                {%- for text in ('', found[0], found[1], name, type) -%}{%- do row.append(dbt_heap.literal(text)) -%}{%- endfor -%}
                {%- do rows.append('(' ~ row | join(', ') ~ ')') -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
select * from values {{ rows | join(', ') if rows else "('', '', '', '', '')" }} as seen (table_catalog, table_schema, table_name, column_name, data_type)
{% endmacro %}

{#
    Each dataset has an information_schema of its own, and asking one that is not there is an error, so that they are looked for first:
    https://cloud.google.com/bigquery/docs/information-schema-columns
#}
{% macro bigquery__catalog(relations) %}
    {%- set looks = [] -%}
    {%- for each in relations -%}
        {%- set database = each.database or target.database -%}
        {%- if adapter.check_schema_exists(database, each.schema) -%}
            {%- set dataset = api.Relation.create(database=database, schema=each.schema).without_identifier() -%}
            {%- set look -%}
select table_catalog, table_schema, table_name, column_name, data_type, ordinal_position
from {{ dataset }}.INFORMATION_SCHEMA.COLUMNS
{%- if each.identifier %} where {{ dbt_heap.same_name('table_name', each.identifier) }}{% endif %}
            {%- endset -%}
            {%- do looks.append(look) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not looks -%}{{ return("select '' as table_catalog, '' as table_schema, '' as table_name, '' as column_name, '' as data_type") }}{%- endif -%}
select table_catalog, table_schema, table_name, column_name, data_type
from ({{ looks | join('\nunion distinct\n') }}) as seen
order by table_catalog, table_schema, table_name, ordinal_position
{% endmacro %}
