{#
    Expand to a text that compares by its bytes, as Heap compares: `ANA` and `ana` are two people, even if the column,
    table, schema, database or session has a collation under which they are equal. Rendered several times per column,
    and `return` raises an exception in dbt, so this macro and `as_text` only expand.
#}
{% macro bytewise(text) %}{{ adapter.dispatch('bytewise', 'dbt_heap')(text) }}{% endmacro %}

{% macro default__bytewise(text) %}{{ text }}{% endmacro %}

{#
    Overrides the column's collation and the session's `default_collation`:
    https://duckdb.org/docs/stable/sql/expressions/collations
#}
{% macro duckdb__bytewise(text) %}({{ text }} collate c){% endmacro %}

{#
    Under a nondeterministic collation, different bytes can be equal:
    https://www.postgresql.org/docs/current/collation.html
#}
{% macro postgres__bytewise(text) %}({{ text }} collate "C"){% endmacro %}

{# Redshift has two collations, set by a function: https://docs.aws.amazon.com/redshift/latest/dg/r_COLLATE.html #}
{% macro redshift__bytewise(text) %}collate({{ text }}, 'case_sensitive'){% endmacro %}

{#
    The empty specification removes a collation, and text without one compares by its bytes:
    https://docs.snowflake.com/en/sql-reference/collation
#}
{% macro snowflake__bytewise(text) %}collate({{ text }}, ''){% endmacro %}

{#
    The empty specification removes a collation:
    https://cloud.google.com/bigquery/docs/reference/standard-sql/collation-concepts
#}
{% macro bigquery__bytewise(text) %}collate({{ text }}, ''){% endmacro %}

{#
    A cast gives UTF8_BINARY (tried on Spark 4.3). Versions before 4 have no `collate`:
    https://spark.apache.org/docs/latest/api/sql/index.html#collate
#}
{% macro spark__bytewise(text) %}cast({{ text }} as string){% endmacro %}

{#
    A cast gives the default collation of the session or schema. SQL warehouses have `collate`; a cluster may run a
    version before 16.1, which has no collations:
    https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-collation
#}
{% macro databricks__bytewise(text) -%}
    {%- if '/warehouses/' in (target.http_path or '') -%}collate({{ text }}, 'UTF8_BINARY'){%- else -%}cast({{ text }} as string){%- endif -%}
{%- endmacro %}
