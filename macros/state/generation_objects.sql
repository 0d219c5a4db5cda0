{#
    The next generation of the state, by one CTAS: the first one, one with a newly mapped property or a changed type, and every one on
    engines without MERGE. Properties no longer mapped keep their columns.
#}
{% macro generation_objects(run) %}
create table {{ run.next }} {{ dbt_heap.stored_as() }} as
with folded as (
    {{ dbt_heap.folded_rows(run) }}
)
select folded.* from folded
{%- if run.older %}
union all
select
    {{ dbt_heap.bytewise('synced.key') }},
    {%- for column in run.columns %}
    {{ dbt_heap.restored('synced', column) if column.known else 'folded.' ~ column.name }},
    {%- endfor %}
    {%- for column in run.kept %}
    {{ dbt_heap.restored('synced', column) }},
    {%- endfor %}
    {%- for name in dbt_heap.own_columns() %}
    synced.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ run.older }} as synced
left join folded on folded.key = {{ dbt_heap.bytewise('synced.key') }}
where folded.key is null
{%- endif %}
{% endmacro %}
