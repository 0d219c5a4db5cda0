select user_id, no_such_column as in_broken from {{ ref('people') }}
