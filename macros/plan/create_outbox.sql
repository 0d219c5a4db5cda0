{# One statement, one reading of the model: what it finds is what is counted, sent and acknowledged. #}
{% macro create_outbox(plan) %}
create table {{ plan.outbox }} {{ dbt_heap.stored_as() }} as
select * from ({{ dbt_heap.outbox_rows(plan) }}) as outbox
order by seq
{% endmacro %}
