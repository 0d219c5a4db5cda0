select 'kit' as user_id
