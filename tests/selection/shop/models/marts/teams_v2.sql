select user_id, 2 as in_v2 from {{ ref('stg_people') }}
