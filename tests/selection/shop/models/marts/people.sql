select user_id, 1 as seats, 1 as in_people from {{ ref('stg_people') }}
