select 1 as id, 'Order Completed' as good, cast(null as varchar(2000)) as bad
union all select 2, repeat('x', 1024), repeat('x', 1025)
union all select 3, 'null', ' '
