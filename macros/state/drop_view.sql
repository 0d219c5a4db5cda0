{# Removes a view that shows no state any more. #}
{% macro drop_view(view) %}drop view if exists {{ view }}{% endmacro %}
