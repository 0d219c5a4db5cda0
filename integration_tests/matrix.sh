#!/usr/bin/env bash
# The two days of run.sh on DuckDB with each dbt: matrix.sh [version ...]. Every dbt has an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1
PYTHON="${PYTHON:-python3}" ENVIRONMENTS="$PWD/build/matrix"
VERSIONS=(1.8 1.9 1.10 1.11 1.12 1.13 2)

# dbt-core 1.12 and dbt 2 want what a package index alone does not give (a parser that is downloaded from elsewhere while
# it is installed): the former comes without it, of the latter an early version that parses and does no more.
install() { # version
    local pip=("$ENVIRONMENTS/$1/bin/pip" install --quiet)
    "$PYTHON" -m venv "$ENVIRONMENTS/$1"
    case $1 in
        2) "${pip[@]}" 'dbt-core==2.0.0a4' ;;
        1.12 | 1.13)
            "${pip[@]}" --editable '.[duckdb,sandbox]' 'dbt-core~=1.11.0' 'metricflow<1' python-dotenv 'click<9'
            "${pip[@]}" --upgrade dbt-protos
            "${pip[@]}" --no-deps --pre "dbt-core~=$1.0b1"
            ;;
        *) "${pip[@]}" --editable '.[duckdb,sandbox]' "dbt-core~=$1.0" ;;
    esac
    touch "$ENVIRONMENTS/$1/installed"
}

# Whether an environment is there, and is not older than what the package requires.
installed() { # version
    [[ "$ENVIRONMENTS/$1/installed" -nt pyproject.toml ]]
}

# What is built by dbt 1.11 and parsed by dbt 2, as a `dbt` of its own.
second() {
    mkdir -p "$ENVIRONMENTS/2/path"
    ln -sf "$ENVIRONMENTS/1.11/bin/dbt-heap" "$ENVIRONMENTS/2/path/dbt-heap"
    cat >"$ENVIRONMENTS/2/path/dbt" <<DBT
#!/usr/bin/env bash
set -e
"$ENVIRONMENTS/1.11/bin/dbt" "\$@"
[[ \$1 != build ]] || "$ENVIRONMENTS/2/bin/dbt" parse "\${@:2}"
DBT
    chmod +x "$ENVIRONMENTS/2/path/dbt"
}

two_days() { # version
    local path="$ENVIRONMENTS/$1/bin" project="$ENVIRONMENTS/$1/project"
    [[ $1 != 2 ]] || path="$ENVIRONMENTS/2/path"
    rm -rf "$project"
    mkdir -p "$project"
    cp -r dbt_project.yml macros models integration_tests "$project"
    (cd "$project/integration_tests" && rm -rf target logs dbt_packages package-lock.yml ./*.duckdb*)
    PATH="$path:$PATH" bash "$project/integration_tests/run.sh" duckdb >"$ENVIRONMENTS/$1/log" 2>&1
}

# A project that relies on what this version introduced: dbt and dbt-heap have to see the same.
introduced() { # version
    "$ENVIRONMENTS/$1/bin/python" integration_tests/versions.py "tests/versions/$1" "$ENVIRONMENTS/$1/versions" >"$ENVIRONMENTS/$1/versions.log" 2>&1
}

# A project that dbt 1 refuses, of which dbt 2 drops three declarations.
only_second() {
    local project="$ENVIRONMENTS/2/only" first="$ENVIRONMENTS/1.11/bin"
    rm -rf "$project"
    cp -r tests/dbt_2 "$project"
    rm "$project/manifest.json"
    cd "$project"
    export DBT_PROFILES_DIR="$PWD"
    expect 2 "$first/dbt" parse
    "$ENVIRONMENTS/2/bin/dbt" parse || true # it calls an error what it drops, and writes the manifest
    "$first/python" -c 'import duckdb; duckdb.connect("shop.duckdb").execute(open("tables.sql").read())'
    expect 0 "$first/dbt-heap" check
    expect 0 "$first/dbt-heap" check --select people+ source:raw
    expect 3 "$first/dbt-heap" plan --check
    [[ $("$first/dbt-heap" ls 2>&1 | grep --count 'dbt 2 drops it') -eq 3 ]]
}

expect() { # exit code, command …
    local wanted=$1 got=0
    shift
    "$@" || got=$?
    [[ $got -eq $wanted ]] || { echo "$* ended with $got, not with $wanted" >&2; exit 1; }
}

wrote() { # version: the dbt that wrote the last manifest
    grep --only-matching --max-count=1 '"dbt_version": *"[^"]*"' "$ENVIRONMENTS/$1/project/integration_tests/target/manifest.json" | head -n 1
}

failed=0
for version in "${@:-${VERSIONS[@]}}"; do
    installed "$version" || install "$version"
    [[ $version != 2 ]] || { installed 1.11 || install 1.11; second; }
    if two_days "$version"; then
        echo "dbt $version: two days as they should be; $(wrote "$version")"
    else
        failed=1
        echo "dbt $version: failed, see $ENVIRONMENTS/$version/log" >&2
        tail -n 20 "$ENVIRONMENTS/$version/log" >&2
    fi
    if [[ -d "tests/versions/$version" ]]; then
        if introduced "$version"; then
            echo "dbt $version: sees the same as dbt-heap in a project that uses what it introduced"
        else
            failed=1
            echo "dbt $version: failed, see $ENVIRONMENTS/$version/versions.log" >&2
            tail -n 20 "$ENVIRONMENTS/$version/versions.log" >&2
        fi
    fi
    [[ $version == 2 ]] || continue
    (set -e; only_second) >"$ENVIRONMENTS/2/only.log" 2>&1 & # in the background, where `set -e` counts
    if wait $!; then
        echo "dbt $version: a project of its own is planned"
    else
        failed=1
        echo "dbt $version: failed, see $ENVIRONMENTS/2/only.log" >&2
    fi
done
exit $failed
