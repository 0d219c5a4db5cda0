select * from {{ source('raw', 'loaded') }}
