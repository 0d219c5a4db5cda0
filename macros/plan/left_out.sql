{# The reasons for which a row is neither sent nor rejected, as a list in SQL: whoever it is about is unknown, or deleted in Heap. #}
{% macro left_out() %}{{ return("('skipped', 'deleted')") }}{% endmacro %}
