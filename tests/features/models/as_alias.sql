{{ config(materialized='table', alias='other name') }} select 'alias' as user_id, 1 as in_alias
