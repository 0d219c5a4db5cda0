#!/usr/bin/env bash
# Run run.sh on DuckDB with each dbt: matrix.sh [version ...]. Each dbt has its own environment.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1
PYTHON="${PYTHON:-python3}" ENVIRONMENTS="$PWD/build/matrix"
VERSIONS=(1.8 1.9 1.10 1.11 1.12 1.13 2)

# dbt-core 1.12 and dbt 2 download a parser from another host while they are installed. This script installs the first
# without its dependencies, and an early version of the second that only parses.
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

# Succeed if an environment exists and is newer than the package's requirements.
installed() { # version
    [[ "$ENVIRONMENTS/$1/installed" -nt pyproject.toml ]]
}

# Create a `dbt` command that builds with dbt 1.11 and parses with dbt 2.
combine_with_dbt_2() {
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

# Run a project that uses what this version introduced: dbt and dbt-heap must agree on it.
new_features() { # version
    "$ENVIRONMENTS/$1/bin/python" integration_tests/versions.py "tests/versions/$1" "$ENVIRONMENTS/$1/versions" >"$ENVIRONMENTS/$1/versions.log" 2>&1
}

# Run a project that dbt 1 refuses. dbt 2 drops three of its declarations.
only_dbt_2() {
    local project="$ENVIRONMENTS/2/only" first="$ENVIRONMENTS/1.11/bin"
    rm -rf "$project"
    cp -r tests/dbt_2 "$project"
    rm "$project/manifest.json"
    cd "$project"
    export DBT_PROFILES_DIR="$PWD"
    expect 2 "$first/dbt" parse
    "$ENVIRONMENTS/2/bin/dbt" parse || true # it reports what it drops as errors, and still writes the manifest
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
    [[ $got -eq $wanted ]] || { echo "$* ended with exit code $got instead of $wanted" >&2; exit 1; }
}

written_by() { # version; prints the dbt version in the last manifest
    grep --only-matching --max-count=1 '"dbt_version": *"[^"]*"' "$ENVIRONMENTS/$1/project/integration_tests/target/manifest.json" | head -n 1
}

failed=0
for version in "${@:-${VERSIONS[@]}}"; do
    installed "$version" || install "$version"
    [[ $version != 2 ]] || { installed 1.11 || install 1.11; combine_with_dbt_2; }
    if two_days "$version"; then
        echo "dbt $version: both days passed; $(written_by "$version")"
    else
        failed=1
        echo "dbt $version: failed, see $ENVIRONMENTS/$version/log" >&2
        tail -n 20 "$ENVIRONMENTS/$version/log" >&2
    fi
    if [[ -d "tests/versions/$version" ]]; then
        if new_features "$version"; then
            echo "dbt $version: agrees with dbt-heap on a project that uses its new features"
        else
            failed=1
            echo "dbt $version: failed, see $ENVIRONMENTS/$version/versions.log" >&2
            tail -n 20 "$ENVIRONMENTS/$version/versions.log" >&2
        fi
    fi
    [[ $version == 2 ]] || continue
    (set -e; only_dbt_2) >"$ENVIRONMENTS/2/only.log" 2>&1 & # in the background, because a condition turns `set -e` off
    if wait $!; then
        echo "dbt $version: dbt-heap plans a project that only dbt 2 parses"
    else
        failed=1
        echo "dbt $version: failed, see $ENVIRONMENTS/2/only.log" >&2
    fi
done
exit $failed
