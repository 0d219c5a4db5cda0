#!/usr/bin/env bash
# Run the examples under their orchestrators: orchestrators.sh [airflow|dagster ...]. Each has its own environment,
# because its requirements conflict with those of the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1
PYTHON="${PYTHON:-python3}" ENVIRONMENTS="$PWD/build/orchestrators"

install() { # orchestrator
    declare -A packages=([airflow]='apache-airflow>=3,<4' [dagster]='dagster>=1.9,<2')
    "$PYTHON" -m venv "$ENVIRONMENTS/$1"
    # dbt-core 1.12 can't be installed from a package index alone: see matrix.sh.
    "$ENVIRONMENTS/$1/bin/pip" install --quiet --editable '.[duckdb,postgres,sandbox]' "${packages[$1]}" 'dbt-core~=1.11.0' pytest
    touch "$ENVIRONMENTS/$1/installed"
}

[[ $# -gt 0 ]] || set -- airflow dagster
for orchestrator in "$@"; do
    [[ -e "$ENVIRONMENTS/$orchestrator/installed" ]] || install "$orchestrator"
    # The shared fixtures need packages that are not installed here, so leave out their conftest.py.
    "$ENVIRONMENTS/$orchestrator/bin/python" -m pytest --confcutdir tests/orchestrators -o markers= -k "$orchestrator" tests/orchestrators
done
