{# The rows to send from one seq to another, in order: seq, batch, key, the mask of changed properties, then the mapped columns. #}
{% macro outbox_page(plan, first, last) %}
select seq, batch, key, changed
    {%- for column in plan.columns %}, {{ dbt_heap.fetched(column) }}{% endfor %}
from {{ plan.outbox }} as outbox
where reject is null and stood is null
    and seq between {{ first }} and {{ last }}
order by seq
{% endmacro %}
