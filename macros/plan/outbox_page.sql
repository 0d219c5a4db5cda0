{# The rows of some batches, in the order of sending: seq, batch, key, the mask of changed properties, then the mapped columns. #}
{% macro outbox_page(plan, outbox, first_batch, last_batch) %}
select seq, batch, key, changed
    {%- for column in plan.columns %}, {{ column.stored }}{% endfor %}
from {{ outbox }} as outbox
where reject is null and stood is null
    and batch between {{ first_batch }} and {{ last_batch }}
order by seq
{% endmacro %}
