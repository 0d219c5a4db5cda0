{{ config(materialized='view', schema='views') }} select 'view' as user_id, 1 as in_view
