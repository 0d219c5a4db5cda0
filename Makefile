# A new machine needs only Python 3.11 or newer and make. Start with `make demo`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO_VENV := .venv-demo
DEMO_INSTALLED := $(DEMO_VENV)/.installed

.PHONY: help demo test check fix measures coverage chaos warehouses matrix orchestrators bench docs build venv clean

help:
	@echo "make demo           sync two days of a sample company to a local sandbox; installs into $(DEMO_VENV)"
	@echo "make test           run the checks, then every test"
	@echo "make check          run ruff, mypy and codespell"
	@echo "make fix            format the code and apply ruff's automatic fixes"
	@echo "make measures       print the figures of the package's layout, with their limits"
	@echo "make coverage       run every test with coverage, and fail below the floor in pyproject.toml"
	@echo "make chaos          run the tests of crashes and faults in their long form: an hour or two"
	@echo "make warehouses     run every warehouse test on Snowflake and Spark too: about an hour"
	@echo "make matrix         run the integration project with each dbt from 1.8 on, each in its own environment"
	@echo "make orchestrators  run the examples under Airflow and Dagster, each in its own environment"
	@echo "make bench          measure against other tools and write docs/explanation/benchmarks.md: an hour or two"
	@echo "make docs           build the documentation site in build/site, with new screenshots"
	@echo "make build          build the wheel and the source distribution in dist"
	@echo "make venv           create $(VENV) with everything for development; PYTHON=... selects the interpreter"
	@echo "make clean          remove what runs left behind; keeps the environments"

demo: $(DEMO_INSTALLED)
	@$(DEMO_VENV)/bin/python integration_tests/demo.py

# Three workers, on two cores too: many tests wait for a lease to end or for a minute of Heap's rate limit.
test: check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

fix: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

measures: $(INSTALLED)
	@$(BIN)/python -m tests.measures

# Not part of `make test`, because measuring makes it much slower: see docs/decisions/0019-coverage.md.
coverage: $(INSTALLED)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 --dist loadfile --no-loadscope-reorder
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

chaos: $(INSTALLED)
	DBT_HEAP_CHAOS=long $(BIN)/python -m pytest -n 2 tests/chaos tests/security

warehouses: $(INSTALLED)
	DBT_HEAP_WAREHOUSES=full $(BIN)/python -m pytest -n 2 --dist loadfile tests/warehouse tests/test_two_days.py tests/test_run_sh.py

matrix:
	PYTHON=$(PYTHON) bash integration_tests/matrix.sh

orchestrators:
	PYTHON=$(PYTHON) bash integration_tests/orchestrators.sh

# The other tools need packages that conflict with dbt's, so they get their own environment.
bench: $(INSTALLED)
	@$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers/requirements.txt
	$(BIN)/python -m benchmarks --peers $(VENV)-peers/bin/python > benchmarks.md
	mv benchmarks.md docs/explanation/benchmarks.md

docs: $(INSTALLED)
	$(BIN)/python integration_tests/screenshots.py
	$(BIN)/zensical build --clean
	@echo "build/site/index.html"

build: $(INSTALLED)
	$(BIN)/python -m hatchling build

venv: $(INSTALLED)

define create_venv
@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found. Install Python 3.11 or newer, or name an interpreter: make PYTHON=/path/to/python3" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dbt-heap needs Python 3.11 or newer; $(PYTHON) is %d.%d. Name another interpreter: make PYTHON=/path/to/python3" % sys.version_info[:2])'
@$(PYTHON) -m venv $(1) || { echo "$(PYTHON) cannot create virtual environments. On Debian and Ubuntu, install python3-venv." >&2; exit 1; }
endef

# Each .installed file is created last, so make repeats an installation that was interrupted.
$(INSTALLED): pyproject.toml constraints.txt
	$(call create_venv,$(VENV))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint constraints.txt
	@PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=5000 $(BIN)/playwright install --only-shell chromium >/dev/null 2>&1 || echo "Chromium could not be downloaded. Without another Chromium on this machine, the tests of the sandbox page are skipped."
	@touch $@

$(DEMO_INSTALLED): pyproject.toml constraints.txt
	$(call create_venv,$(DEMO_VENV))
	@echo "Installing dbt-heap, dbt and DuckDB into $(DEMO_VENV). This happens once."
	@$(DEMO_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[duckdb,sandbox]' --constraint constraints.txt
	@touch $@

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* logs
	rm -rf integration_tests/target integration_tests/logs integration_tests/dbt_packages integration_tests/*.duckdb*
	rm -rf integration_tests/derby.log integration_tests/metastore_db integration_tests/spark-warehouse
