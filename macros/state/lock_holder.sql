{# The run that holds a lock. A run that lost its lock never holds it again, so that what it wrote before a yes is durable. #}
{% macro lock_holder(lock) %}select run_id from {{ lock }}{% endmacro %}
