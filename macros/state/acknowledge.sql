{# Appends verdicts, all of them or none. Their time is the run's sign of life. #}
{% macro acknowledge(acked, verdicts) %}
{%- set now = dbt_heap.now() %}
insert into {{ acked }} (batch, seq, verdict, reason, property, {{ adapter.quote('at') }}) values
{%- for verdict in verdicts %}
({{ verdict.batch }}, {{ 'null' if verdict.seq is none else verdict.seq }}, '{{ verdict.verdict }}', {{ 'null' if verdict.reason is none else dbt_heap.literal(verdict.reason) }}, {{ 'null' if verdict.property is none else dbt_heap.literal(verdict.property) }}, {{ now }}){{ ',' if not loop.last }}
{%- endfor %}
{% endmacro %}
