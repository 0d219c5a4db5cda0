{# Merge accepted values and doubts into the state in place: one MERGE, if the run still holds its lock. #}
{% macro merge_objects(run) %}
    {%- set names = (run.columns + run.kept) | map(attribute='name') | list + dbt_heap.metadata_columns() -%}
merge into {{ run.older }} as synced
using (
    select merged.*
    from ({{ dbt_heap.merged_rows(run) }}) as merged
    where exists (select 1 from {{ run.lock }} as held where held.run_id = {{ dbt_heap.literal(run.holder) }})
) as merged
on {{ dbt_heap.bytewise('synced.key') }} = {{ dbt_heap.bytewise('merged.key') }}
when matched then update set {% for name in names %}{{ name }} = merged.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
when not matched then insert (key, {{ names | join(', ') }}) values (merged.key, merged.{{ names | join(', merged.') }})
{% endmacro %}

{#
    Create the next generation of the state with one CTAS: the first one, one with a new property or a changed type,
    and every one on warehouses without MERGE. Columns of properties that are no longer mapped stay.
#}
{% macro create_object_generation(run) %}
create table {{ run.next }} {{ dbt_heap.stored_as() }} as
with merged as (
    {{ dbt_heap.merged_rows(run) }}
)
select merged.* from merged
{%- if run.older %}
union all
select
    {{ dbt_heap.bytewise('synced.key') }},
    {%- for state_column in run.columns %}
    {{ dbt_heap.kept_value('synced', state_column) if state_column.known else 'merged.' ~ state_column.name }},
    {%- endfor %}
    {%- for state_column in run.kept %}
    {{ dbt_heap.kept_value('synced', state_column) }},
    {%- endfor %}
    {%- for name in dbt_heap.metadata_columns() %}
    synced.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ run.older }} as synced
left join merged on merged.key = {{ dbt_heap.bytewise('synced.key') }}
where merged.key is null
{%- endif %}
{% endmacro %}
