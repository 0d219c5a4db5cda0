{# Count the rows of a table. #}
{% macro count_rows(relation) %}select count(*) as found from {{ relation }}{% endmacro %}

{# Count the keys in a sync's state that Heap acknowledged. A key that has only been in doubt does not count. #}
{% macro acknowledged_rows(synced) %}select count(*) as found from {{ synced }} where acked_at is not null{% endmacro %}

{# Count the rows that an outbox rejects, by reason and property. #}
{% macro reject_counts(outbox) %}
select reject as reason, property, count(*) as row_count
from {{ outbox }} as outbox
where reject is not null and reject not in {{ dbt_heap.excluded_reasons() }} and still_rejected is null
group by reject, property
order by row_count desc, reason, property
{% endmacro %}

{# Count the accounts of a model that no synced user belongs to. #}
{% macro accounts_without_users(relation, key_columns, synced, column) %}
select count(*) as accounts
from (select {{ dbt_heap.key_text(key_columns) }} as key from {{ relation }}) as model
left join (select distinct {{ dbt_heap.as_text(column) }} as key from {{ synced }}) as users on users.key = model.key
where model.key is not null and users.key is null
{% endmacro %}
