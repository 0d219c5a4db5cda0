select 'kit' as user_id, 1 as in_kit
