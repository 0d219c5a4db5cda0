select user_id, 1 as in_v1 from {{ ref('stg_people') }}
