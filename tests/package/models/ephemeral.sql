{{ config(materialized='ephemeral') }}

select id, text_value, float_value from {{ ref('properties') }}
