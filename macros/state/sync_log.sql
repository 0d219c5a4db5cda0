{#
    Append one step, if the run still holds its lock. Rendered for every page of a large sync, so nothing is
    dispatched unless it must be.
#}
{% macro append_entry(state, lock, holder, entry) %}
insert into {{ state.sync_log }} ({% for name in dbt_heap.log_columns() %}{{ dbt_heap.log_name(name) }}{{ ', ' if not loop.last }}{% endfor %})
select
    {%- for name, type in dbt_heap.log_columns().items() %}
    cast({{ dbt.current_timestamp() if name == 'at' else 'null' if entry[name] is none else dbt_heap.literal(entry[name]) }} as {{ type }}){{ ',' if not loop.last }}
    {%- endfor %}
from {{ lock }} as held
where held.run_id = {{ dbt_heap.literal(holder) }}
{% endmacro %}

{#
    Select the newest entry of every sync at every destination, which alone defines its state. `missing` holds the
    columns that an older version's log lacks.
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
