{# `<sync>__synced`: one row a key, the last value of every property that Heap acknowledged, under Heap's names. #}
{% macro synced_view(view, synced, columns, same) %}
    {%- set shown = [] -%}
    {%- for name, wanted in columns.items() -%}{%- do shown.append(name ~ ' as ' ~ adapter.quote(wanted)) -%}{%- endfor -%}
    {%- set select = ' view ' ~ view ~ ' as select ' ~ shown | join(', ') ~ ' from ' ~ synced -%}
    {# It keeps what others granted on it and built on it, and may not change the columns everywhere: https://www.postgresql.org/docs/current/sql-createview.html #}
    {{ return(['create or replace' ~ select] if same else ['drop view if exists ' ~ view, 'create' ~ select]) }}
{% endmacro %}
