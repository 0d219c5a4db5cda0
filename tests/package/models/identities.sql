-- `good` holds what Heap takes; of `bad`, each row has another reason.
select 1 as id, 'ana' as good, cast(null as varchar(2000)) as bad
union all select 2, repeat('x', 255), ''
union all select 3, ' ana ', '   '
union all select 4, '4711', repeat('x', 256)
union all select 5, 'nullable', 'undefined'
union all select 6, 'İpek', ' NULL '
