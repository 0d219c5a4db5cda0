{# `<sync>__synced`: one row a key, the last value of every property that Heap acknowledged, under Heap's names. #}
{% macro synced_view(view, synced, columns) %}
    {%- set shown = [] -%}
    {%- for name, wanted in columns.items() -%}{%- do shown.append(name ~ ' as ' ~ adapter.quote(wanted)) -%}{%- endfor -%}
    {# `create or replace` may not change a view's columns everywhere: https://www.postgresql.org/docs/current/sql-createview.html #}
    {{ return(['drop view if exists ' ~ view, 'create view ' ~ view ~ ' as select ' ~ shown | join(', ') ~ ' from ' ~ synced]) }}
{% endmacro %}
