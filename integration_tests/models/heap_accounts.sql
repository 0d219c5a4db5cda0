select account_id, company, tier, arr, employees, is_customer, health, renews_on, internal_note
from {{ ref('stg_accounts') }}
