{#
    What a property's value in the state becomes: the one that was accepted, else the one before. Where the row was in doubt and is
    no more, a property that was not sent is forgotten: Heap holds the value before or the one that was in doubt, and when the model
    comes back to either, it has to be sent. `sent` and `place` (in the mask) are left out for properties no longer mapped.
#}
{% macro folded_value(before, sent=none, place=none) -%}
    case
        {%- if sent %} when sent.verdict = 'accepted' and substring(sent.changed, {{ place }}, 1) = '1' then {{ sent }}{% endif %}
        {%- if before %} when sent.verdict = 'accepted' and synced.doubt then null else {{ before }}{% endif %} end
{%- endmacro %}
