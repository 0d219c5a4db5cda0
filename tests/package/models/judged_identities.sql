select id, {{ dbt_heap.identity_reason('bad') }} as reason
from {{ ref('identities') }}
