{# Takes a dead run's lock out of the way. The new name bears that run's id, so that of two takers one is refused. #}
{% macro move_lock(lock, aside) %}alter table {{ lock }} rename to {{ aside }}{% endmacro %}
