{# Of each model all since its newest build, and before that the newest of every kind; the newest first. #}
{% macro read_builds(state) %}
{%- set built = ['built'] -%}
{%- for status, outcome in dbt_heap.statuses().models.items() if outcome == 'built' -%}{%- do built.append(status) -%}{%- endfor -%}
{%- set known = 'case when failed_tests is null then 0 else 1 end' -%}
select model, relation, invocation_id, status, failed_tests, passed_tests
from (
    select
        builds.*,
        max(case when status in ('{{ built | join("', '") }}') then recorded_at end) over (partition by model, relation) as built_at,
        row_number() over (partition by model, relation, status, {{ known }} order by recorded_at desc) as newness
    from {{ state.builds }} as builds
) as builds
where newness = 1 or recorded_at >= built_at
order by model, relation, recorded_at desc, {{ known }} desc
{% endmacro %}
