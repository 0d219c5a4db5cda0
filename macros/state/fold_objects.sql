{# Brings accepted values and doubts into the state in place: one MERGE, fenced by the lock. #}
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
