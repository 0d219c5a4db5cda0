{#
    Mark rows that were rejected before with the same values and by the same rules. They count as still rejected and
    are not retried.
#}
{% macro still_rejected(plan) %}
    {%- if plan.retry_rejected or not plan.rejects_run_id -%}
    select
        judged.*,
        {{ dbt.cast('null', dbt.type_string()) }} as still_rejected
    from judged
    {%- else -%}
    select
        judged.*,
        earlier.reason as still_rejected
    from (
        -- compute the digest only for keys that were rejected before
        select judged.*, case when suspect.key is not null then {{ dbt_heap.digest(plan, 'judged') }} end as digest
        from judged
        left join (
            select distinct {{ dbt_heap.bytewise('key') }} as key from {{ plan.reject_log }} where {{ dbt_heap.current_rejects(plan) }}
        ) as suspect on suspect.key = coalesce(judged.key, '')
    ) as judged
    left join (
        select rejected.key, rejected.digest, min(rejected.reason) as reason
        from (
            select {{ dbt_heap.bytewise('key') }} as key, {{ dbt_heap.bytewise('digest') }} as digest, reason
            from {{ plan.reject_log }}
            where {{ dbt_heap.current_rejects(plan) }}
        ) as rejected
        group by rejected.key, rejected.digest
    ) as earlier on earlier.key = coalesce(judged.key, '') and earlier.digest = judged.digest
    {%- endif %}
{% endmacro %}

{# Return the condition that a row of the reject log is current for this sync. #}
{% macro current_rejects(plan) %}
    {{- return(dbt_heap.of_sync(plan)
        ~ ' and run_id = ' ~ dbt_heap.literal(plan.rejects_run_id)) -}}
{% endmacro %}

{#
    Return a digest of a row's values and of the rules that apply, by which a row that is still rejected is
    recognised. If a duplicate became unique or a rule of the declaration changed, the digest changes. Raise `r2` when
    a rule changes.
#}
{% macro digest(plan, table) %}
    {%- set verdict = "coalesce(" ~ table ~ ".reject, '-')" -%}
    {%- set parts = ["'r2" ~ (' too_long' if plan.reject_too_long) ~ " '", verdict] -%}
    {%- for column in plan.columns -%}
        {%- set text = dbt_heap.as_text(table ~ '.' ~ column.stored) -%}
        {%- do parts.append("coalesce(" ~ dbt.concat([dbt_heap.as_text(dbt.length(text)), "':'", text]) ~ ", '-')") -%}
    {%- endfor -%}
    {{ return("case when " ~ table ~ ".key is null then " ~ dbt.concat(["'no key '", verdict]) ~ " else " ~ dbt.hash(dbt_heap.joined(parts, ' || ')) ~ " end") }}
{% endmacro %}
