{#
    The failing rows of a test, counted by reason, the most frequent first, which a test's `limit` keeps.
    No row itself: with `store_failures` identities would stand in one more schema.
#}
{% macro rows_by_reason(tested, reason) %}
select reason, count(*) as row_count
from (
    select {{ reason }} as reason
    from {{ tested }}
) as judged
where reason is not null
group by reason
order by row_count desc, reason
{% endmacro %}
