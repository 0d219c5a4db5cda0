{# Objects in batches of a thousand, in no order: each key stands once, and the last value is the only one. #}
{% macro numbered_objects(plan) %}
select
    numbered.*,
    {{ dbt.cast('floor((seq - 1) / ' ~ plan.max_batch ~ ')', dbt.type_bigint()) }} as batch
from (
    select
        recognised.*,
        {{ dbt_heap.rejected_property(plan) }} as property,
        row_number() over (order by case when reject is null and stood is null then 0 else 1 end) as seq
    from recognised
) as numbered
{% endmacro %}
