{#
    A text that compares by its bytes, as Heap compares: to it, `ANA` and `ana` are two people. A column, a table, a schema, a database or the
    session may have a collation to which they are one. It is written for every column several times, and nothing is
    returned, as dbt raises an exception for that.
#}
{% macro bytewise(text) %}{{ adapter.dispatch('bytewise', 'dbt_heap')(text) }}{% endmacro %}

{% macro default__bytewise(text) %}{{ text }}{% endmacro %}

{# The column's own collation, else the session's `default_collation`: https://duckdb.org/docs/stable/sql/expressions/collations #}
{% macro duckdb__bytewise(text) %}({{ text }} collate c){% endmacro %}

{# A nondeterministic collation takes different bytes for equal: https://www.postgresql.org/docs/current/collation.html #}
{% macro postgres__bytewise(text) %}({{ text }} collate "C"){% endmacro %}

{# Its collations are two, and a function sets them: https://docs.aws.amazon.com/redshift/latest/dg/r_COLLATE.html #}
{% macro redshift__bytewise(text) %}collate({{ text }}, 'case_sensitive'){% endmacro %}

{# The empty specification is none, and a text without one compares by its bytes: https://docs.snowflake.com/en/sql-reference/collation #}
{% macro snowflake__bytewise(text) %}collate({{ text }}, ''){% endmacro %}

{# The empty specification removes one: https://cloud.google.com/bigquery/docs/reference/standard-sql/collation-concepts #}
{% macro bigquery__bytewise(text) %}collate({{ text }}, ''){% endmacro %}

{# A cast gives UTF8_BINARY (tried on Spark 4.3). Before version 4 there is no `collate`: https://spark.apache.org/docs/latest/api/sql/index.html#collate #}
{% macro spark__bytewise(text) %}cast({{ text }} as string){% endmacro %}

{#
    A cast gives the default collation of the session or the schema. SQL warehouses have `collate`; a cluster may run a version before 16.1,
    which has no collations: https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-collation
#}
{% macro databricks__bytewise(text) -%}
    {%- if '/warehouses/' in (target.http_path or '') -%}collate({{ text }}, 'UTF8_BINARY'){%- else -%}cast({{ text }} as string){%- endif -%}
{%- endmacro %}
