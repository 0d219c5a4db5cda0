{# The state with all of it in doubt, as its next generation: mark_all_doubtful where nothing can be updated in place. #}
{% macro doubtful_generation(next, synced, columns) %}
create table {{ next }} {{ dbt_heap.stored_as() }} as
select {% for name in columns %}{{ '1 = 1 as doubt' if name == 'doubt' else name }}{{ ', ' if not loop.last }}{% endfor %}
from {{ synced }}
{% endmacro %}
