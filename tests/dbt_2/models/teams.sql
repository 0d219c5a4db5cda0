select 't' as team_id, 2 as size from {{ ref('people') }}
