select user_id, account_id, full_name, email, phone, city, is_admin, plan, seats, ltv, signed_up_at
from {{ ref('stg_users') }}
