{# Marks rows that were rejected before with the same values, judged here as they were then: they count, and are not tried again. #}
{% macro standing_rejects(plan) %}
    {%- if plan.retry_rejected or not plan.rejects_run_id -%}
    select
        judged.*,
        {{ dbt.cast('null', dbt.type_string()) }} as stood
    from judged
    {%- else -%}
    select
        judged.*,
        stood.reason as stood
    from (
        -- the digest is worked out for keys that were rejected before, not for every row
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
    ) as stood on stood.key = coalesce(judged.key, '') and stood.digest = judged.digest
    {%- endif %}
{% endmacro %}

{# The rows of the reject log that stand for this sync. #}
{% macro current_rejects(plan) %}
    {{- return(dbt_heap.of_sync(plan)
        ~ ' and run_id = ' ~ dbt_heap.literal(plan.rejects_run_id)) -}}
{% endmacro %}
