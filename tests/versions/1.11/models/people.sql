select '{{ target.name }}' as user_id, '{{ env_var("DBT_ENGINE_TARGET") }}' as plan, {{ var('day') }} as seats
