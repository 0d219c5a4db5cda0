{# The people of a deletion's outbox, each with the digest that stays. #}
{% macro asked_rows(plan) %}
    select outbox.seq, {{ dbt_heap.identity_digest(plan.deletion.who, 'outbox.key', 'salted.salt') }} as digest
    from {{ plan.outbox }} as outbox
    cross join {{ dbt_heap.salted(plan.deletion) }} as salted
    where outbox.reject is null and outbox.stood is null
{% endmacro %}
