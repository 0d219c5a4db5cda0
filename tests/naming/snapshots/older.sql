{% snapshot older %}
{{ config(target_schema='kept', unique_key='user_id', strategy='check', check_cols=['plan']) }}
select * from {{ ref('stg_users') }}
{% endsnapshot %}
