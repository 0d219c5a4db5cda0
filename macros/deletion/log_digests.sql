{# Appends a step for digests that were worked out elsewhere: no identity stands in the statement. #}
{% macro log_digests(deletion, run_id, step, request_id, digests) %}
insert into {{ deletion.log }} ({{ dbt_heap.deletion_columns() }}) values
{%- for digest in digests %}
('{{ step }}', {{ dbt_heap.literal(digest) }}, {{ dbt_heap.literal(deletion.address) }}, {{ dbt_heap.literal(request_id) }}, null, {{ dbt_heap.literal(run_id) }}, {{ dbt_heap.now() }}){{ ',' if not loop.last }}
{%- endfor %}
{% endmacro %}
