{# A column of `sync_log` as SQL names it: quoted only where it must be, since a quoted name is another one where names are folded. #}
{% macro log_name(name) %}{{ return(adapter.quote(name) if name == 'at' else name) }}{% endmacro %}
