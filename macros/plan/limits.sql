{#
    Return Heap's limits for identities, event names and property values. dbt's tests use them without Python.
    dbt_heap/http/limits.py holds the same limits with their sources; a test compares them.
#}
{% macro limits() %}
    {{ return({
        'max_identity': 255,
        'max_event_name': 1024,
        'max_text': 1023,
        'placeholders': [
            'null', 'undefined', 'none', 'nan', 'nil', 'n/a', 'na', 'unknown', 'anonymous',
            'user', 'userid', 'user_id', 'guest', 'true', 'false', '[object object]',
        ],
    }) }}
{% endmacro %}
