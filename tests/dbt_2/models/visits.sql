select user_id, 1 as visit_id, now() as at from {{ ref('people') }}
