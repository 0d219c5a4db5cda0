{# How many rows an outbox rejects, by reason and property. #}
{% macro reject_counts(outbox) %}
select reject as reason, property, count(*) as rows
from {{ outbox }} as outbox
where reject is not null and reject <> 'skipped' and stood is null
group by reject, property
order by rows desc, reason, property
{% endmacro %}
