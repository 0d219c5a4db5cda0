{# The rejects that stand: by reason and property, or one by one with their keys; those first seen after an instant, those of some reasons. #}
{% macro read_rejects(state, syncs, keys, limit, since=none, reasons=[]) %}
{%- set rows = adapter.quote('rows') -%}
select sync, reason, property,
    {%- if keys %} key as row_key, {{ rows }} as row_count,
    {%- else %} sum({{ rows }}) as row_count, {% endif %}
    {{ dbt_heap.text_of('first_at' if keys else 'min(first_at)') }} as since
from {{ state.rejects }} as rejects
where {{ dbt_heap.of_syncs(syncs) }}
{{- dbt_heap.only_since('first_at', since) }}
{{- dbt_heap.only_among('reason', reasons) }}
{%- if not keys %}
group by sync, reason, property
{%- endif %}
order by sync, row_count desc, reason, property
limit {{ limit }}
{% endmacro %}
