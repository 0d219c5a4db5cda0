{# Puts every row of a sync in doubt, so that the next plan sends it in full, also when that run is killed halfway. #}
{% macro mark_all_doubtful(synced) %}update {{ synced }} set doubt = (1 = 1) where 1 = 1{% endmacro %}
