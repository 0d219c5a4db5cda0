{# Appends verdicts, all of them or none. Their time is the run's sign of life. #}
{% macro acknowledge(acked, verdicts) %}
insert into {{ acked }} (batch, seq, verdict, reason, property, {{ adapter.quote('at') }}) values
{%- for verdict in verdicts %}
({{ verdict.batch }}, {{ dbt_heap.literal(verdict.seq) if verdict.seq is none else verdict.seq }}, '{{ verdict.verdict }}', {{ dbt_heap.literal(verdict.reason) }}, {{ dbt_heap.literal(verdict.property) }}, {{ dbt_heap.now() }}){{ ',' if not loop.last }}
{%- endfor %}
{% endmacro %}
