{% snapshot as_snapshot %}
{{ config(unique_key='user_id', strategy='check', check_cols='all') }}
select 'snapshot' as user_id, 1 as in_snapshot
{% endsnapshot %}
