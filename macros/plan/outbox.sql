{#
    Create the outbox with one statement, which reads the model once: the rows it finds are those that are counted,
    sent and acknowledged.
#}
{% macro create_outbox(plan) %}
create table {{ plan.outbox }} {{ dbt_heap.stored_as() }} as
select * from ({{ dbt_heap.outbox_rows(plan) }}) as outbox
order by seq
{% endmacro %}

{#
    Select the rows to send in a range of seq, in order: seq, batch, key, the mask of changed properties, then the
    mapped columns.
#}
{% macro outbox_page(plan, first, last) %}
select seq, batch, key, changed
    {%- for column in plan.columns %}, {{ dbt_heap.page_column(column) }}{% endfor %}
from {{ plan.outbox }} as outbox
where reject is null and still_rejected is null
    and seq between {{ first }} and {{ last }}
order by seq
{% endmacro %}

{# Select the first rows that would be sent, without an outbox. #}
{% macro outbox_sample(plan, limit) %}
select seq, batch, key, changed
    {%- for column in plan.columns %}, {{ dbt_heap.page_column(column) }}{% endfor %}
from ({{ dbt_heap.outbox_rows(plan) }}) as outbox
where reject is null and still_rejected is null
order by seq
limit {{ limit }}
{% endmacro %}
