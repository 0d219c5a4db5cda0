select 'acme' as account_id, 1 as seats
