{# dbt-spark's `session` loads a null in a seed as the text 'None' and fails on a quote in a text, so write every value as a literal.
   https://github.com/dbt-labs/dbt-adapters/blob/main/dbt-spark/src/dbt/adapters/spark/session.py (`_fix_binding`) #}
{% macro spark__load_csv_rows(model, agate_table) %}
    {% set types = [] %}
    {% for name in agate_table.column_names %}
        {% do types.append(model['config'].get('column_types', {}).get(name, adapter.convert_type(agate_table, loop.index0))) %}
    {% endfor %}
    {% set statements = [] %}
    {% for rows in agate_table.rows | batch(get_batch_size()) %}
        {% set statement %}
            insert into {{ this.render() }} values
            {% for row in rows -%}
                ({% for value in row %}cast({{ spark_literal(value) }} as {{ types[loop.index0] }}){{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
            {% endfor %}
        {% endset %}
        {% do adapter.add_query(statement, abridge_sql_log=true) %}
        {% do statements.append(statement) %}
    {% endfor %}
    {{ return(statements[0]) }}
{% endmacro %}

{% macro spark_literal(value) %}
    {%- if value is none %}{{ return('null') }}{% endif -%}
    {{ return("'" ~ (value | string).replace('\\', '\\\\').replace("'", "\\'") ~ "'") }}
{% endmacro %}
