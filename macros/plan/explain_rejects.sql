{# How some keys stand rejected: why, and since when. #}
{% macro explain_rejects(plan) %}
select rejects.key, min(reason) as reason, min(property) as property, {{ dbt_heap.text_of('min(first_at)') }} as since
from (
    select {{ dbt_heap.bytewise('key') }} as key, reason, property, first_at
    from {{ plan.reject_log }}
    where {{ dbt_heap.current_rejects(plan) }} and {{ dbt_heap.among('key', plan.only_keys) }}
) as rejects
group by rejects.key
{% endmacro %}
