{{ config(materialized='table') }} select 'version 1' as user_id, 1 as in_version
