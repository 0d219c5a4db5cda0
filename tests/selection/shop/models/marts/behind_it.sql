select user_id, 1 as in_behind from {{ ref('broken') }}
