{# How many rows an outbox rejects, by reason and property. #}
{% macro reject_counts(outbox) %}
select reject as reason, property, count(*) as row_count
from {{ outbox }} as outbox
where reject is not null and reject not in {{ dbt_heap.left_out() }} and stood is null
group by reject, property
order by row_count desc, reason, property
{% endmacro %}
