select 'ana' as user_id, 'team' as plan
