# A fresh machine needs Python 3.10 or newer and make: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help demo test chaos warehouses matrix orchestrators bench docs check venv clean

help:
	@echo "make demo           two days of a company's rows: build, sync to a local sandbox, change, sync again"
	@echo "make test           check, then every test"
	@echo "make chaos          the tests of crashes and faults in their long form, for an hour or so"
	@echo "make warehouses     Snowflake and Spark take part in every test that the others pass, for an hour or so"
	@echo "make matrix         the integration project with each dbt from 1.8 on, every one in an environment of its own"
	@echo "make orchestrators  the examples under Airflow and Dagster, each in an environment of its own"
	@echo "make bench          measures beside other tools and the floor, writes docs/explanation/benchmarks.md; an hour or two"
	@echo "make docs           the documentation as a site in build/site, its pictures taken anew"
	@echo "make check          ruff, mypy and bandit"
	@echo "make venv           $(VENV), with all that is needed; PYTHON=... chooses the interpreter"
	@echo "make clean          removes what runs left behind; $(VENV) stays"

demo: $(INSTALLED)
	$(BIN)/python integration_tests/demo.py

# Three at a time, also on two cores: many tests wait, for a lease to end or for a minute of Heap's limit.
test: check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

chaos: $(INSTALLED)
	DBT_HEAP_CHAOS=long $(BIN)/python -m pytest -n 2 tests/chaos tests/security

warehouses: $(INSTALLED)
	DBT_HEAP_WAREHOUSES=full $(BIN)/python -m pytest -n 2 --dist loadfile tests/warehouse tests/test_two_days.py tests/test_run_sh.py

matrix:
	PYTHON=$(PYTHON) bash integration_tests/matrix.sh

orchestrators:
	PYTHON=$(PYTHON) bash integration_tests/orchestrators.sh

# The other tools need packages that dbt does not go with.
bench: $(INSTALLED)
	@$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers/requirements.txt
	$(BIN)/python -m benchmarks --peers $(VENV)-peers/bin/python > benchmarks.md
	mv benchmarks.md docs/explanation/benchmarks.md

docs: $(INSTALLED)
	$(BIN)/python integration_tests/screenshots.py
	$(BIN)/zensical build --clean
	@echo "build/site/index.html"

# bandit's B608 is left out: SQL stands in macros, and the sandbox's names its own tables alone.
check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --skip B608 dbt_heap

venv: $(INSTALLED)

# The file is made last, so that an installation cut short is begun anew.
$(INSTALLED): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.10 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "dbt-heap needs Python 3.10 or newer; $(PYTHON) is %d.%d. Name another: make PYTHON=/path/to/python3" % sys.version_info[:2])'
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments: on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint constraints.txt
	@PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=5000 $(BIN)/playwright install --only-shell chromium >/dev/null 2>&1 || echo "Chromium could not be fetched: without one on this machine the sandbox's page is not tested"
	@touch $@

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis logs
	rm -rf integration_tests/target integration_tests/logs integration_tests/dbt_packages integration_tests/*.duckdb*
	rm -rf integration_tests/derby.log integration_tests/metastore_db integration_tests/spark-warehouse
