{% snapshot history %}
{{ config(unique_key='user_id', strategy='check', check_cols='all') }}
select user_id, 1 as in_history from {{ ref('stg_people') }}
{% endsnapshot %}
