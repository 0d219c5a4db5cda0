{# `<sync>__synced`: one row a key, the last value of every property that Heap acknowledged, under Heap's names. #}
{% macro synced_view(view, synced, columns) %}
create or replace view {{ view }} as
select {% for name, shown in columns.items() %}{{ name }} as {{ adapter.quote(shown) }}{{ ', ' if not loop.last }}{% endfor %}
from {{ synced }}
{% endmacro %}
