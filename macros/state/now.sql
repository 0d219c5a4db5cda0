{# The warehouse's clock, in UTC. #}
{% macro now() %}{{ return(dbt.cast(dbt.current_timestamp(), dbt.type_timestamp())) }}{% endmacro %}
