{# How many accounts of a model no synced user points at: Heap would have nobody to show them for. #}
{% macro accounts_without_users(relation, key_columns, synced, column) %}
select count(*) as accounts
from (select {{ dbt_heap.key_text(key_columns) }} as key from {{ relation }}) as model
left join (select distinct {{ dbt_heap.text_of(column) }} as key from {{ synced }}) as carried on carried.key = model.key
where model.key is not null and carried.key is null
{% endmacro %}
