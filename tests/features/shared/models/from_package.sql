{{ config(materialized='table') }} select 'package' as user_id, 1 as in_package
