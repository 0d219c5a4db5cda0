select bad as user_id from {{ ref('identities') }}
