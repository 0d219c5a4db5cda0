{#
    Return the statements that grant a role what it needs on relations in one schema. `needs` holds `usage`, `select`
    and `columns` (for the columns given). A relation is a mapping with `database`, `schema`, `sql` and `kind` (table,
    view …).
#}
{% macro grants(needs, relations, role, columns) %}{{ return(adapter.dispatch('grants', 'dbt_heap')(needs, relations, adapter.quote(role), columns)) }}{% endmacro %}

{# https://www.postgresql.org/docs/current/sql-grant.html #}
{% macro default__grants(needs, relations, role, columns) %}
    {%- set statements = [] -%}
    {%- set named = relations | map(attribute='sql') | join(', ') -%}
    {%- if 'usage' in needs -%}{%- do statements.append('grant usage on schema ' ~ adapter.quote(relations[0].schema) ~ ' to ' ~ role) -%}{%- endif -%}
    {%- if 'select' in needs -%}{%- do statements.append('grant select on ' ~ named ~ ' to ' ~ role) -%}{%- endif -%}
    {%- if 'columns' in needs -%}
        {%- set quoted = [] -%}
        {%- for name in columns -%}{%- do quoted.append(adapter.quote(name)) -%}{%- endfor -%}
        {%- do statements.append('grant select (' ~ quoted | join(', ') ~ ') on ' ~ named ~ ' to ' ~ role) -%}
    {%- endif -%}
    {{ return(statements) }}
{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/sql/grant-privilege #}
{% macro snowflake__grants(needs, relations, role, columns) %}
    {%- set schema = dbt_heap.quoted_relation(relations[0]).without_identifier() -%}
    {%- set statements = ['grant usage on database ' ~ schema.without_identifier().include(schema=false) ~ ' to role ' ~ role, 'grant usage on schema ' ~ schema ~ ' to role ' ~ role] -%}
    {%- for relation in relations -%}{%- do statements.append('grant select on ' ~ relation.kind ~ ' ' ~ relation.sql ~ ' to role ' ~ role) -%}{%- endfor -%}
    {{ return(statements) }}
{% endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-control-language #}
{% macro bigquery__grants(needs, relations, role, columns) %}
    {%- set name = role.strip('`') -%}
    {%- set member = ('serviceAccount:' if name.endswith('gserviceaccount.com') else 'user:') ~ name -%}
    {%- set statements = [] -%}
    {%- for relation in relations -%}
        {%- set kind = 'view' if 'view' in relation.kind else 'table' -%}
        {%- do statements.append('grant `roles/bigquery.dataViewer` on ' ~ kind ~ ' ' ~ relation.sql ~ ' to "' ~ member ~ '"') -%}
    {%- endfor -%}
    {{ return(statements) }}
{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/security-grant #}
{% macro databricks__grants(needs, relations, role, columns) %}
    {%- set schema = dbt_heap.quoted_relation(relations[0]).without_identifier() -%}
    {%- set statements = ['grant use schema on schema ' ~ schema ~ ' to ' ~ role] -%}
    {%- for relation in relations -%}{%- do statements.append('grant select on table ' ~ relation.sql ~ ' to ' ~ role) -%}{%- endfor -%}
    {{ return(statements) }}
{% endmacro %}
