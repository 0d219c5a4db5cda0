{# The columns of `sync_log` and their types, in order: one row a step of a run, appended and never changed. #}
{% macro log_columns() %}
    {%- set text = dbt.type_string() -%}
    {%- set number = dbt.type_bigint() -%}
    {{ return({
        'destination': text, 'sync': text, 'entry': number, 'run_id': text, 'step': text, 'at': dbt.type_timestamp(),
        'type': text, 'project': text, 'model': text, 'relation': text, 'key_columns': text, 'namespace': text,
        'synced': text, 'outbox': text, 'acked': text, 'horizon': number, 'rejects_run_id': text, 'newest': text, 'build': text,
        'planned': number, 'accepted': number, 'rejected': number, 'undelivered': number, 'standing': number,
        'status': text, 'schema_version': number, 'host': text, 'pid': number,
    }) }}
{% endmacro %}
