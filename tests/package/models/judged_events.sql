select id, {{ dbt_heap.event_name_reason('bad') }} as reason
from {{ ref('events') }}
