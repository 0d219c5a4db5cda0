{# Appends one step, if the run still holds its lock. Written for every page of a large sync: nothing is dispatched that need not be. #}
{% macro log_entry(state, lock, holder, entry) %}
insert into {{ state.sync_log }} ({% for name in dbt_heap.log_columns() %}{{ dbt_heap.log_name(name) }}{{ ', ' if not loop.last }}{% endfor %})
select
    {%- for name, type in dbt_heap.log_columns().items() %}
    cast({{ dbt.current_timestamp() if name == 'at' else 'null' if entry[name] is none else dbt_heap.literal(entry[name]) }} as {{ type }}){{ ',' if not loop.last }}
    {%- endfor %}
from {{ lock }} as held
where held.run_id = {{ dbt_heap.literal(holder) }}
{% endmacro %}
