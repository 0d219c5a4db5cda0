select user_id, user_id as order_id from {{ ref('countries') }}
