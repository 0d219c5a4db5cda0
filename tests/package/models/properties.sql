select
    1 as id, repeat('x', 1023) as text_value, cast(2.5 as float8) as float_value,
    cast('9999-12-31' as date) as date_value, cast(null as bytea) as bytes_value
union all select 2, repeat('x', 1024), cast('nan' as float8), cast('10000-01-01' as date), cast('a' as bytea)
union all select 3, null, cast('-infinity' as float8), null, cast('b' as bytea)
union all select 4, 'nan', null, null, null
