{# Removes a view that shows no state any more. #}
{% macro drop_state_view(view) %}drop view if exists {{ view }}{% endmacro %}
