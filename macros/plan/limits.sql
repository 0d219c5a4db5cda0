{#
    Heap's limits by which the warehouse judges rows, in a sync as in dbt's tests, which run without our Python. Their sources stand in
    dbt_heap/limits.py; a test holds both equal.
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
