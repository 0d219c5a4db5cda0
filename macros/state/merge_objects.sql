{# Merge accepted values and doubts into the state in place: one MERGE, if the run still holds its lock. #}
{% macro fold_objects(run) %}
    {%- set names = (run.columns + run.kept) | map(attribute='name') | list + dbt_heap.own_columns() -%}
merge into {{ run.older }} as synced
using (
    select folded.*
    from ({{ dbt_heap.folded_rows(run) }}) as folded
    where exists (select 1 from {{ run.lock }} as held where held.run_id = {{ dbt_heap.literal(run.holder) }})
) as folded
on {{ dbt_heap.bytewise('synced.key') }} = {{ dbt_heap.bytewise('folded.key') }}
when matched then update set {% for name in names %}{{ name }} = folded.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
when not matched then insert (key, {{ names | join(', ') }}) values (folded.key, folded.{{ names | join(', folded.') }})
{% endmacro %}

{#
    Create the next generation of the state with one CTAS: the first one, one with a new property or a changed type,
    and every one on warehouses without MERGE. Columns of properties that are no longer mapped stay.
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
