{{ config(materialized='table') }} select 'version 2' as user_id, 1 as in_version
