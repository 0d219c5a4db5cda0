select '{{ target.name }}' as user_id, '{{ var("team") }}' as plan, 3 as seats, 'a@example.org' as mail_address
