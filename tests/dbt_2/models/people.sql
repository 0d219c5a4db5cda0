select user_id, 1 as seats, 'pro' as plan, 'Rome' as city from {{ source('raw', 'contacts') }}
