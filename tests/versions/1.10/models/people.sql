select '{{ target.name }}' as user_id, 'team' as plan, 3 as seats
