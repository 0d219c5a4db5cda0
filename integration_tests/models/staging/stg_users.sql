select
    user_id,
    account_id,
    full_name,
    email,
    phone,
    city,
    {{ dbt.cast('is_admin', dbt.type_boolean()) }} as is_admin,
    plan,
    {{ dbt.cast('seats', dbt.type_int()) }} as seats,
    cast(ltv as decimal(12, 2)) as ltv,
    {{ dbt.cast('signed_up_at', dbt.type_timestamp()) }} as signed_up_at,
    {{ dbt.cast('trial_days', dbt.type_int()) }} as trial_days
from {{ ref('raw_users') }}
