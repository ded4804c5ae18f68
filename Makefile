# `make demo` and `make test` need only Python 3.11 or newer, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never

.PHONY: help demo test test-full test-smoke test-chaos test-pandas hunt test-cluster check format bench lock env env-dev clean
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

env: $(VENV)/.runtime
$(VENV)/.runtime: requirements.lock requirements-uv.lock pyproject.toml tools/environment.sh
	@PYTHON="$(PYTHON)" sh tools/environment.sh $(VENV) requirements.lock
	@touch $@

env-dev: $(VENV)/.dev
$(VENV)/.dev: requirements-dev.lock requirements-uv.lock pyproject.toml tools/environment.sh
	@PYTHON="$(PYTHON)" sh tools/environment.sh $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.runtime

demo: env  ## generate CI data in build/demo and show them
	@$(BIN)/ci-stat demo build/demo

test: env-dev  ## all checks and tests; as root, installs MariaDB
	@sh tools/mariadb.sh $(VENV)
	@$(MAKE) --no-print-directory lint
	@CI_STAT_TEST_REQUIRE=1 $(BIN)/python -m pytest -n auto --dist worksteal

test-full: env-dev  ## the same with all combinations instead of a random sample (half an hour)
	@CI_STAT_TEST_FULL=1 $(MAKE) --no-print-directory test

test-smoke: env-dev  ## attack our own databases, one minute
	@$(BIN)/python -m pytest -q -n auto --dist worksteal -m 'chaos and not slow and not destructive'

test-chaos: env-dev  ## the same with 50 writers at once, and a kill after each statement
	@CI_STAT_TEST_FULL=1 $(BIN)/python -m pytest -q -n auto --dist worksteal -m 'chaos and not destructive' --timeout 600

test-pandas: env-dev  ## the tests of frames with the oldest pandas that is supported, and with Parquet files
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target build/pandas-2.2 'pandas==2.2.*' pyarrow
	@PYTHONPATH=build/pandas-2.2 $(BIN)/python -m pytest -q tests/result tests/runs/test_attempts.py tests/test_api.py

hunt: env-dev  ## search for new counter-examples of the property tests (an hour; EXAMPLES=300)
	@CI_STAT_TEST_EXAMPLES=$(or $(EXAMPLES),300) $(BIN)/python -m pytest -q -n auto --dist worksteal -m hypothesis --timeout 3600

test-cluster: env-dev  ## the store tests against a sharded MariaDB (Spider)
	@sh tools/mariadb.sh $(VENV) mariadb-plugin-spider
	@CI_STAT_TEST_REQUIRE=1 CI_STAT_TEST_CLUSTER=1 $(BIN)/python -m pytest -q -m cluster

check: env-dev  ## format, lint, types, import contract, tests
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -q -n auto --dist worksteal

.PHONY: lint
lint:
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports > build-lint.txt || (cat build-lint.txt; rm -f build-lint.txt; exit 1)
	@rm -f build-lint.txt

format: env-dev  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: env-dev  ## measure speed and memory against other tools (about 15 minutes)
	@sh tools/mariadb.sh $(VENV)
	@$(BIN)/python -m benchmarks

lock: env-dev  ## pin the dependencies again
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url pyproject.toml --extra charts -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url pyproject.toml --extra charts --group dev -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url pyproject.toml --extra charts --extra mysqlclient -c requirements-dev.lock -o requirements-mysqlclient.lock
	@echo 'uv' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url - -o requirements-uv.lock

clean:  ## remove build, dist and .venv
	rm -rf build dist $(VENV)
