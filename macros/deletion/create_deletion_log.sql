{#
    Whom Heap was asked to delete, as digests that are worth nothing without the salt in the first row: appended, and never changed.
    One statement makes the table and its salt, so that of two runs at once one is refused and none has a salt of its own.
    The steps: `salt`, `asked` (no sync sends them from now on), `requested` (Heap knows), `deleted` (Heap is done, the state is purged),
    `lost` (Heap knows nothing of the request any more).
#}
{% macro create_deletion_log(deletion_log, seed) %}
    {%- set text = dbt.type_string() -%}
create table {{ deletion_log }} {{ dbt_heap.stored_as() }} as
select
    {{ dbt.cast("'salt'", text) }} as step,
    {{ dbt.cast(dbt_heap.sha256(dbt.concat([dbt_heap.literal(seed), dbt_heap.random_text()])), text) }} as digest,
    {%- for name in ['address', 'request_id', 'sync', 'run_id'] %}
    {{ dbt.cast('null', text) }} as {{ name }},
    {%- endfor %}
    {{ dbt_heap.now() }} as {{ adapter.quote('at') }}
{% endmacro %}
