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
    Select the newest entry of every sync at every destination, which alone defines its state. `columns` holds the
    log's own columns, which differ if an older version created it.
#}
{% macro newest_entries(state, columns) %}
select
    {% for name, type in dbt_heap.log_columns().items() -%}
    {{ dbt_heap.log_value(name, type, columns) }} as {{ dbt_heap.log_name(name) }}, {% endfor %}
    {{ dbt.datediff(adapter.quote('at'), dbt_heap.now(), 'second') }} as seconds_ago
from (
    select log.*, row_number() over (partition by {{ dbt_heap.bytewise('destination') }}, {{ dbt_heap.bytewise('sync') }} order by entry desc) as newness
    from {{ state.sync_log }} as log
) as log
where newness = 1
{% endmacro %}

{#
    Return a column of `sync_log`, or of a view of it, as this version reads it. `columns` holds the existing ones: an
    older version's log may lack a column or have it under its earlier name. A migration adds the column and keeps the
    earlier one, because Spark cannot rename it: https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-alter-table.html
#}
{% macro log_value(name, type, columns) %}
    {%- set earlier = {'sent_up_to': 'horizon', 'still_rejected': 'standing', 'newest_event_at': 'newest'}.get(name) -%}
    {%- set found = [name, earlier] | select('in', columns) | list -%}
    {%- if found | length == 2 -%}{{ return('coalesce(' ~ found | join(', ') ~ ')') }}{%- endif -%}
    {{ return(dbt_heap.log_name(found[0]) if found else dbt.cast('null', type)) }}
{% endmacro %}
