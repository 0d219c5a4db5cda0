{{ config(meta={'team': 'growth', 'heap': {'type': 'user_properties', 'identity': 'user_id', 'properties': ['plan']}}) }}
select '{{ target.name }}-user' as user_id, plan from {{ ref('stg_users') }}
