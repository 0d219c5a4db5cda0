{# The first rows that would be sent, of the select itself: nothing is written. #}
{% macro outbox_sample(plan, limit) %}
select seq, batch, key, changed
    {%- for column in plan.columns %}, {{ dbt_heap.fetched(column) }}{% endfor %}
from ({{ dbt_heap.outbox_rows(plan) }}) as outbox
where reject is null and stood is null
order by seq
limit {{ limit }}
{% endmacro %}
