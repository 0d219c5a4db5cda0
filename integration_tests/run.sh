#!/usr/bin/env bash
# Build and sync both days on one warehouse: run.sh [target in profiles.yml].
# Rows go to HEAP_BASE_URL. If it is not set, they go to a sandbox that runs until this script ends.
set -euo pipefail
cd "$(dirname "$0")"
command -v dbt-heap >/dev/null || PATH="$PWD/../.venv/bin:$PATH"
export PATH DBT_TARGET="${1:-duckdb}" DBT_PROFILES_DIR="$PWD"

start_sandbox() {
    local url
    url="$(mktemp)"
    dbt-heap sandbox --port 0 >"$url" &
    # shellcheck disable=SC2064 # expand both values now
    trap "kill $!; rm -f '$url'" EXIT
    until [[ -s "$url" ]]; do
        kill -0 $! || exit 1
        sleep 0.1
    done
    HEAP_BASE_URL="$(head -n 1 "$url")"
    export HEAP_BASE_URL
}

expect() { # exit code, command …
    local wanted=$1 got=0
    shift
    echo "+ $*"
    "$@" || got=$?
    [[ $got -eq $wanted ]] || { echo "$1 ended with exit code $got instead of $wanted" >&2; exit 1; }
}

[[ -n "${HEAP_BASE_URL:-}" ]] || start_sandbox

expect 0 dbt deps
expect 0 dbt build --vars 'day: 1'
expect 0 dbt-heap check
expect 0 dbt-heap sync
expect 0 dbt-heap plan --check # nothing to send

expect 0 dbt build --vars 'day: 2'
expect 3 dbt-heap plan --check # something to send
expect 1 dbt-heap sync --built # one identity is the text "undefined", and rejected rows are not allowed
expect 0 dbt-heap sync --built # dbt has built nothing since then
expect 0 dbt-heap plan --check # rows that are still rejected are not planned again
