select
    id,
    {{ dbt_heap.property_reason('text_value', 'text') }} as of_text,
    {{ dbt_heap.property_reason('float_value', 'float') }} as of_float,
    {{ dbt_heap.property_reason('date_value', 'date') }} as of_date,
    {{ dbt_heap.property_reason('bytes_value', 'bytes') }} as of_bytes,
    {{ dbt_heap.property_reason('id', 'integer') }} as of_integer,
    {{ dbt_heap.property_reason('text_value') }} as of_any
from {{ ref('properties') }}
