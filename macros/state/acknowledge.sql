{# Appends the verdicts of a group of batches, all of them or none. #}
{% macro acknowledge(acked, verdicts) %}
insert into {{ acked }} (batch, seq, verdict, reason, property) values
{%- for verdict in verdicts %}
({{ verdict.batch }}, {{ verdict.seq if verdict.seq is not none else 'null' }}, '{{ verdict.verdict }}', {{ dbt_heap.literal(verdict.reason) }}, {{ dbt_heap.literal(verdict.property) }}){{ ',' if not loop.last }}
{%- endfor %}
{% endmacro %}
