{# The digest by which a person is known once the identity is gone. `who`: `identity`, or `user_id` of Heap's SDK; `salt`: an expression. #}
{% macro identity_digest(who, text, salt) %}
    {{- return(dbt_heap.sha256(dbt.concat([salt, "'" ~ who ~ ":'", text]))) -}}
{% endmacro %}

{# The one row that holds the salt, for a cross join. #}
{% macro salted(deletion) %}(select digest as salt from {{ deletion.log }} where step = 'salt'){% endmacro %}

{# The salt, for digests of what no statement may hold. #}
{% macro deletion_salt(deletion) %}select salt from {{ dbt_heap.salted(deletion) }} as salted{% endmacro %}
