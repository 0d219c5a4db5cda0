{{ config(materialized='table') }} select 'table' as user_id, 1 as in_table
