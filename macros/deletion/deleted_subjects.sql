{#
    Select the people among some rows that the deletion log knows: by any step, by one of `steps`, or by one of the
    requests in `deletion.requests`. `subject` is an expression over the rows.
#}
{% macro deleted_subjects(deletion, rows, subject, steps=none) %}
    select known.subject
    from (
        select candidates.subject, {{ dbt_heap.identity_digest(deletion.who, 'candidates.subject', 'salted.salt') }} as digest
        from (select distinct {{ dbt_heap.bytewise(subject) }} as subject from {{ rows }}) as candidates
        cross join {{ dbt_heap.salt_row(deletion) }} as salted
        where candidates.subject is not null
    ) as known
    where known.digest in (
        select digest from {{ deletion.log }}
        where address = {{ dbt_heap.literal(deletion.address) }}
        {%- if steps %} and step in ({{ dbt_heap.literals(steps) }}){% endif %}
        {%- if deletion.requests is defined %} and request_id in ({{ dbt_heap.literals(deletion.requests) }}){% endif %}
    )
{% endmacro %}

{# The end of a condition that leaves out people who were deleted in Heap, if the plan leaves them out. #}
{% macro and_not_deleted(plan, subject) %}
    {%- if plan.leaves_out_deleted %}
    and ({{ subject }} is null or {{ dbt_heap.bytewise(subject) }} not in (
        {{ dbt_heap.deleted_subjects(plan.deletion, '(' ~ dbt_heap.model_rows(plan) ~ ') as model', subject) }}
    ))
    {%- endif -%}
{% endmacro %}

{#
    Return the digest that stands in for a deleted person's identity. `who` is `identity`, or `user_id` for the Heap
    SDK's ID; `salt` is an expression.
#}
{% macro identity_digest(who, text, salt) %}
    {{- return(dbt_heap.sha256(dbt.concat([salt, "'" ~ who ~ ":'", text]))) -}}
{% endmacro %}

{# The row that holds the salt, for a cross join. #}
{% macro salt_row(deletion) %}(select digest as salt from {{ deletion.log }} where step = 'salt'){% endmacro %}

{# Select the salt, for digests of text that no statement may contain. #}
{% macro deletion_salt(deletion) %}select salt from {{ dbt_heap.salt_row(deletion) }} as salted{% endmacro %}
