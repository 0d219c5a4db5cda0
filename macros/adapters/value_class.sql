{#
    Return the class of a warehouse type: boolean, integer, decimal, float, text, date, timestamp, timestamptz, array,
    json, bytes or other.
#}
{% macro value_class(type) %}{{ return(adapter.dispatch('value_class', 'dbt_heap')(type | lower | trim)) }}{% endmacro %}

{% macro default__value_class(type) %}
    {%- set base = type.split('(')[0] | trim -%}
    {%- set classes = {
        'boolean': ['boolean', 'bool'],
        'integer': ['tinyint', 'smallint', 'int', 'integer', 'bigint', 'int2', 'int4', 'int8', 'int64', 'long', 'short', 'byte',
                    'utinyint', 'usmallint', 'uinteger', 'ubigint', 'hugeint', 'uhugeint'],
        'decimal': ['decimal', 'numeric', 'number', 'bignumeric', 'bigdecimal'],
        'float': ['float', 'float4', 'float8', 'float64', 'real', 'double', 'double precision'],
        'text': ['text', 'varchar', 'character varying', 'string', 'nvarchar'],
        'date': ['date'],
        'timestamp': ['timestamp', 'timestamp without time zone', 'timestamp_ntz', 'datetime', 'timestamp_s', 'timestamp_ms', 'timestamp_ns'],
        'timestamptz': ['timestamptz', 'timestamp with time zone', 'timestamp_tz', 'timestamp_ltz'],
        'json': ['json', 'jsonb', 'variant', 'object', 'super', 'struct', 'map', 'union', 'row', 'record'],
        'array': ['array', 'list'],
        'bytes': ['blob', 'bytea', 'binary', 'varbinary', 'bytes', 'varbyte'],
    } -%}
    {%- for name, types in classes.items() if base in types -%}{{ return(name) }}{%- endfor -%}
    {%- if type.endswith(']') or type.startswith('array<') -%}{{ return('array') }}{%- endif -%}
    {%- if type.startswith('timestamp') -%}{{ return('timestamptz' if 'with time zone' in type or 'with local' in type else 'timestamp') }}{%- endif -%}
    {%- if type.startswith(('struct<', 'map<')) -%}{{ return('json') }}{%- endif -%}
    {{ return('other') }}
{% endmacro %}

{#
    `STRUCT(a INTEGER)[]` is a list and `STRUCT(a INTEGER[])` is not; only the end tells them apart:
    https://duckdb.org/docs/stable/sql/data_types/overview
#}
{% macro duckdb__value_class(type) %}{{ return('array' if type.endswith(']') else dbt_heap.default__value_class(type)) }}{% endmacro %}

{# A `timestamp` is an instant: https://spark.apache.org/docs/latest/sql-ref-datatypes.html #}
{% macro spark__value_class(type) %}{{ return('timestamptz' if type == 'timestamp' else dbt_heap.default__value_class(type)) }}{% endmacro %}

{# Integers are numbers without decimal places: https://docs.snowflake.com/en/sql-reference/data-types-numeric #}
{% macro snowflake__value_class(type) %}
    {{ return('integer' if type.startswith('number(') and type.endswith(',0)') else dbt_heap.default__value_class(type)) }}
{% endmacro %}
