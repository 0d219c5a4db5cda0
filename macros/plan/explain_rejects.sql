{# How some keys stand rejected: why, and since when. #}
{% macro explain_rejects(plan) %}
select key, min(reason) as reason, min(property) as property, {{ dbt_heap.text_of('min(first_at)') }} as since
from {{ plan.reject_log }} as rejects
where {{ dbt_heap.current_rejects(plan) }} and {{ dbt_heap.among('key', plan.only_keys) }}
group by key
{% endmacro %}
