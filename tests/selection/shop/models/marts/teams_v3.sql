select user_id, 3 as in_v3 from {{ ref('stg_people') }}
