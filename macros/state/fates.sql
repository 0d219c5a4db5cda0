{# What became of the rows that may have been sent. #}
{% macro fates(run) %}
select
    count(case when verdict = 'accepted' then 1 end) as accepted,
    count(case when verdict = 'rejected' then 1 end) as rejected
from ({{ dbt_heap.decided_rows(run) }}) as decided
{% endmacro %}
