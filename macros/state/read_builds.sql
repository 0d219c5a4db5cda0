{# Of each model the newest build of every kind; `age` numbers all that is known of a model, the newest first. #}
{% macro read_builds(state) %}
{%- set known = 'case when failed_tests is null then 0 else 1 end' -%}
select model, invocation_id, status, failed_tests, age
from (
    select
        model, invocation_id, status, failed_tests,
        row_number() over (partition by model order by recorded_at desc, {{ known }} desc) as age,
        row_number() over (partition by model, status, {{ known }} order by recorded_at desc) as newness
    from {{ state.builds }}
) as builds
where newness = 1
order by model, age
{% endmacro %}
