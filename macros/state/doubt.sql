{# Mark every row of a sync as in doubt, so the next plan sends all of it, even if that run is killed halfway. #}
{% macro mark_all_in_doubt(synced) %}update {{ synced }} set doubt = (1 = 1) where 1 = 1{% endmacro %}

{# Create the next generation of the state with all rows in doubt, for warehouses that cannot update in place. #}
{% macro create_in_doubt_generation(next, synced, columns) %}
create table {{ next }} {{ dbt_heap.stored_as() }} as
select {% for name in columns %}{{ '1 = 1 as doubt' if name == 'doubt' else name }}{{ ', ' if not loop.last }}{% endfor %}
from {{ synced }}
{% endmacro %}
