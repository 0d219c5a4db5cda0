{#
    Return what each status of a dbt result means for a model and for a test, and which commands build or test. Hooks
    run without Python. dbt_heap/project/statuses.py holds the same table with its sources; a test compares them.
#}
{% macro statuses() %}
    {{ return({
        'models': {
            'success': 'built', 'pass': 'built', 'warn': 'built',
            'reused': 'reused', 'no-op': 'reused',
            'error': 'failed', 'fail': 'failed', 'runtime error': 'failed',
            'partial success': 'failed in part',
            'skipped': 'skipped',
        },
        'tests': {
            'success': 'passed', 'pass': 'passed', 'warn': 'passed',
            'reused': 'reused',
            'error': 'failed', 'fail': 'failed', 'runtime error': 'failed', 'partial success': 'failed',
            'no-op': 'not run', 'skipped': 'not run',
        },
        'building': ['build', 'retry', 'run', 'seed', 'snapshot', 'test'],
    }) }}
{% endmacro %}
