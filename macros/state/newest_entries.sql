{#
    The newest entry of every sync at every destination: it alone says where a sync stands. `missing` are the columns that an
    older version's log has not.
#}
{% macro newest_entries(state, missing) %}
select
    {% for name, type in dbt_heap.log_columns().items() -%}
    {{ dbt.cast('null', type) ~ ' as ' if name in missing }}{{ dbt_heap.log_name(name) }}, {% endfor %}
    {{ dbt.datediff(adapter.quote('at'), dbt_heap.now(), 'second') }} as seconds_ago
from (
    select log.*, row_number() over (partition by {{ dbt_heap.bytewise('destination') }}, {{ dbt_heap.bytewise('sync') }} order by entry desc) as newness
    from {{ state.sync_log }} as log
) as log
where newness = 1
{% endmacro %}
