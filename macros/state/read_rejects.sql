{# The rejects that stand: by reason and property, or key by key where values are asked for. #}
{% macro read_rejects(state, destination, syncs, keys, limit) %}
{%- set rows = adapter.quote('rows') -%}
select sync, reason, property,
    {%- if keys %} {{ adapter.quote('key') }} as rejected_key, {{ rows }} as row_count,
    {%- else %} sum({{ rows }}) as row_count, {% endif %}
    {{ dbt_heap.text_of('first_at' if keys else 'min(first_at)') }} as since
from {{ state.rejects }}
where destination = {{ dbt_heap.literal(destination) }}
    and sync in ({% for sync in syncs %}{{ dbt_heap.literal(sync) }}{{ ', ' if not loop.last }}{% endfor %})
{%- if not keys %}
group by sync, reason, property
{%- endif %}
order by sync, row_count desc, reason, property
limit {{ limit }}
{% endmacro %}
