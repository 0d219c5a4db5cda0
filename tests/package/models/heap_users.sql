select 'ana' as user_id, 'team' as plan
union all select 'undefined', 'free'
union all select 'bob', repeat('x', 1024)
