select user_id, {{ plus_one('seats') }} as in_scores from {{ ref('people') }}
