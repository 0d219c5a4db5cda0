-- What dbt-heap would reject is better found here. A warning, so that day two is built and the reject can be seen.
{{ config(severity='warn') }}

select user_id
from {{ ref('heap_users') }}
where lower(user_id) in ('undefined', 'null', 'none', 'nan')
