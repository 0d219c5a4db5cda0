{#
    Return a text without surrounding blanks. If Python writes the records, it trims again, and it knows more blanks
    than the space.
#}
{% macro trimmed(text) %}{{ return(adapter.dispatch('trimmed', 'dbt_heap')(text)) }}{% endmacro %}

{% macro default__trimmed(text) %}{{ return('trim(' ~ text ~ ')') }}{% endmacro %}

{#
    On DuckDB, the warehouse writes the records, so nothing trims again. The blanks are those of
    https://docs.python.org/3/library/stdtypes.html#str.isspace. Searching for so many is slow, so only text that
    starts or ends with one is trimmed.
#}
{% macro duckdb__trimmed(text) %}
    {%- set blanks = [9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 133, 160, 5760, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201, 8202, 8232, 8233, 8239, 8287, 12288] -%}
    {%- set blank = ' in (' ~ blanks | join(', ') ~ ')' -%}
    {%- set characters = 'chr(' ~ blanks | join(') || chr(') ~ ')' -%}
    {{ return('case when unicode(' ~ text ~ ')' ~ blank ~ ' or unicode(right(' ~ text ~ ', 1))' ~ blank ~ ' then trim(' ~ text ~ ', ' ~ characters ~ ') else ' ~ text ~ ' end') }}
{% endmacro %}
