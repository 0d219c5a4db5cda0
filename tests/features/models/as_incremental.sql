{{ config(materialized='incremental', unique_key='user_id') }} select 'incremental' as user_id, 1 as in_incremental
