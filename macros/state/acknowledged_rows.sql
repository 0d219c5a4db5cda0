{# How many keys of a sync's state Heap has acknowledged: those in doubt alone are none. #}
{% macro acknowledged_rows(synced) %}select count(*) as found from {{ synced }} where acked_at is not null{% endmacro %}
