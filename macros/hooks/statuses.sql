{#
    What each status of a dbt result means, for the hooks, which run without our Python: the outcome of a model, the outcome of a test, and
    the commands that build or test. Sources and the same table are in dbt_heap/manifest/statuses.py; a test compares both.
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
