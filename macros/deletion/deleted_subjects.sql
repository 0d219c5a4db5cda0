{#
    Of the people among some rows, those that the deletion log knows: at all, by one of `steps`, or by one of the requests that
    `deletion.requests` lists. `subject` is an expression over the rows.
#}
{% macro deleted_subjects(deletion, rows, subject, steps=none) %}
    select known.subject
    from (
        select candidates.subject, {{ dbt_heap.identity_digest(deletion.who, 'candidates.subject', 'salted.salt') }} as digest
        from (select distinct {{ dbt_heap.bytewise(subject) }} as subject from {{ rows }}) as candidates
        cross join {{ dbt_heap.salted(deletion) }} as salted
        where candidates.subject is not null
    ) as known
    where known.digest in (
        select digest from {{ deletion.log }}
        where address = {{ dbt_heap.literal(deletion.address) }}
        {%- if steps %} and step in ({{ dbt_heap.literals(steps) }}){% endif %}
        {%- if deletion.requests is defined %} and request_id in ({{ dbt_heap.literals(deletion.requests) }}){% endif %}
    )
{% endmacro %}

{# The end of a condition that keeps out who was deleted in Heap, where the plan leaves them out. #}
{% macro and_not_deleted(plan, subject) %}
    {%- if plan.leaves_out_deleted %}
    and ({{ subject }} is null or {{ dbt_heap.bytewise(subject) }} not in (
        {{ dbt_heap.deleted_subjects(plan.deletion, '(' ~ dbt_heap.model_rows(plan) ~ ') as model', subject) }}
    ))
    {%- endif -%}
{% endmacro %}

{# Texts as a list in SQL. #}
{% macro literals(texts) %}
    {%- for text in texts %}{{ dbt_heap.literal(text) }}{{ ', ' if not loop.last }}{% endfor -%}
{% endmacro %}
