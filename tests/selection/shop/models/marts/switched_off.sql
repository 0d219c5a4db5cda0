select 1 as user_id, 1 as off
