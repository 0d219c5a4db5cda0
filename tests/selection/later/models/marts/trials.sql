{{ config(alias='trials_of_shop', meta={'heap': {'type': 'user_properties', 'identity': 'user_id', 'properties': ['in_trials']}}) }}
select user_id, 1 as in_trials from {{ ref('people') }}
