{#
    As an `on-run-end` hook, record how models with a declared sync and their tests ended, in one insert. Without such
    models, do nothing.
#}
{% macro record_run(results) %}{{ return(adapter.dispatch('record_run', 'dbt_heap')(results)) }}{% endmacro %}

{% macro default__record_run(results) %}
    {#- `dbt compile` and `dbt docs generate` run hooks with results too: https://docs.getdbt.com/reference/project-configs/on-run-start-on-run-end -#}
    {%- if not execute or (flags.WHICH and flags.WHICH not in dbt_heap.statuses().building) -%}{{ return('') }}{%- endif -%}
    {%- set builds = dbt_heap.builds_of(results) -%}
    {%- if not builds -%}{{ return('') }}{%- endif -%}
    {%- do dbt_heap.create_builds() -%}
    {{ return(dbt_heap.insert_builds(builds)) }}
{% endmacro %}

{#
    Return how each model with a declared sync ended, from dbt's results:
    https://docs.getdbt.com/reference/dbt-classes#result-objects. A status that `statuses` does not know is stored as
    it is; a test with such a status is stored among the failed tests as `unique_users (status)`. Python decides what
    it means.
#}
{% macro builds_of(results) %}
    {%- set known = dbt_heap.statuses() -%}
    {%- set found = {} -%}
    {%- for result in results if dbt_heap.declares_sync(result.node) -%}
        {%- set status = result.status | string | lower -%}
        {%- do found.update({result.node.unique_id: dbt_heap.build_of(result.node, known.models.get(status, status), [], [])}) -%}
    {%- endfor -%}
    {%- for result in results if result.node.resource_type | string in ['test', 'unit_test'] -%}
        {%- set status = result.status | string | lower -%}
        {%- set outcome = known.tests.get(status, status) -%}
        {%- for unique_id in dbt_heap.tested_models(result.node) if outcome not in ['not run', 'reused'] -%}
            {%- set build = found.setdefault(unique_id, dbt_heap.build_of(graph.nodes[unique_id], 'tested', [], [])) -%}
            {%- do build['passed_tests' if outcome == 'passed' else 'failed_tests'].append(
                result.node.name if outcome in ['passed', 'failed'] else result.node.name ~ ' (' ~ status ~ ')'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found.values() | list) }}
{% endmacro %}

{# Return the models with a declared sync that a test is about: the one it is attached to, or all that it reads. #}
{% macro tested_models(test) %}
    {%- set read = [test.attached_node] if test.attached_node else test.depends_on.nodes -%}
    {%- set tagged = [] -%}
    {%- for unique_id in read if unique_id in graph.nodes and dbt_heap.declares_sync(graph.nodes[unique_id]) -%}
        {%- do tagged.append(unique_id) -%}
    {%- endfor -%}
    {{ return(tagged) }}
{% endmacro %}
