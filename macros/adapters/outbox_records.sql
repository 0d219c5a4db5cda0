{#
    Select the rows to send in a range of seq as records for Heap, one row per batch: its first seq, its number, the
    count of records, the records separated by a comma and a tab, and how many values were cut in each (null if none).
    Return none where Python must write the records: it knows every class of values. Both write the same bytes, which
    a test checks.
#}
{% macro outbox_records(plan, first, last) %}{{ return(adapter.dispatch('outbox_records', 'dbt_heap')(plan, first, last)) }}{% endmacro %}

{% macro default__outbox_records(plan, first, last) %}{{ return(none) }}{% endmacro %}

{#
    Without this override, a first sync of a million users takes more than twice as long
    (docs/explanation/benchmarks.md). Events wait for Heap's rate limit and deletions for Heap, so they gain nothing.
#}
{% macro duckdb__outbox_records(plan, first, last) %}
    {%- set properties = plan.columns | selectattr('role', 'equalto', 'property') | list -%}
    {%- set classes = properties | map(attribute='value_class') | list -%}
    {%- if plan.type in ('events', 'user_deletions') or 'json' in classes or 'array' in classes or ('timestamp' in classes and plan.timezone != 'UTC') -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set fields, cuts = [], [] -%}
    {%- for column in properties -%}
        {%- set changed = "substring(changed, " ~ loop.index ~ ", 1) = '1'" -%}
        {%- set value = dbt_heap.record_value(column) -%}
        {%- set value = "coalesce(" ~ value ~ ", '\"\"')" if plan.blank_nulls else value -%}
        {%- do fields.append("case when " ~ changed ~ " then " ~ dbt_heap.literal(tojson(column.name) ~ ":") ~ " || " ~ value ~ " end") -%}
        {%- if column.value_class in ('text', 'other') -%}
            {%- do cuts.append("case when " ~ changed ~ " and length(" ~ column.stored ~ ") > " ~ dbt_heap.limits().max_text ~ " then 1 else 0 end") -%}
        {%- endif -%}
    {%- endfor %}
select
    min(seq) as first_seq,
    batch,
    count(*) as records,
    encode(string_agg(record, ',' || chr(9) order by seq)) as text,
    case when sum(cut) > 0 then list(cut order by seq) end as cuts
from (
    select
        seq,
        batch,
        '{{ '{"identity":' if plan.type == 'user_properties' else '{"account_id":' }}' || to_json(key)
            || ',"properties":{' || concat_ws(',', {{ fields | join(', ') or "null" }}) || '}}' as record,
        {{ dbt_heap.joined(cuts, ' + ') or 0 }} as cut
    from {{ plan.outbox }} as outbox
    where reject is null and still_rejected is null
        and seq between {{ first }} and {{ last }}
) as written
group by batch
order by batch
{% endmacro %}
