select
    account_id,
    company,
    tier,
    cast(arr as decimal(14, 2)) as arr,
    {{ dbt.cast('employees', dbt.type_bigint()) }} as employees,
    {{ dbt.cast('is_customer', dbt.type_boolean()) }} as is_customer,
    {{ dbt.cast('health', dbt.type_float()) }} as health,
    cast(renews_on as date) as renews_on,
    internal_note
from {{ ref('raw_accounts') }}
