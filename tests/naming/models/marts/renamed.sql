{{ config(alias='another_name', schema='finance', tags=['daily']) }}
select 1 as a
