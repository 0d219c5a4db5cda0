{# The newest entry of every sync at every destination: it alone says where a sync stands. #}
{% macro newest_entries(state) %}
select {% for name in dbt_heap.log_columns() %}{{ adapter.quote(name) }}, {% endfor %}
    {{ dbt.datediff(adapter.quote('at'), dbt_heap.now(), 'second') }} as seconds_ago
from (
    select log.*, row_number() over (partition by destination, sync order by entry desc) as newness
    from {{ state.sync_log }} as log
) as log
where newness = 1
{% endmacro %}
