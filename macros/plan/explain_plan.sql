{# What a sync would do with the rows of some keys: those of `outbox_page`, and how each was judged. #}
{% macro explain_plan(plan) %}
select seq, batch, key, changed
    {%- for column in plan.columns %}, {{ dbt_heap.fetched(column) }}{% endfor %},
    case when is_new then 1 else 0 end as is_new, reject, property, stood
from ({{ dbt_heap.outbox_rows(plan) }}) as outbox
order by seq
{% endmacro %}
