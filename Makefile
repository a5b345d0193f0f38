# Two commands: `make report` (the Miluo study, from the raw export to a report) and `make test` (everything
# that decides whether a change is good). Each sets up what it needs in .venv, from any folder.

PYTHON ?= python3
BIN := .venv/bin
STUDY ?= data/miluo
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --upgrade --no-annotate --no-header
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: report test slow lint data lock bench clean

report: .venv/run.stamp
	@$(BIN)/socialcap report "$(STUDY)"

test: lint
	@$(BIN)/python -m pytest -n 2 -m "not slow" $(PYTEST_ARGS)

slow: .venv/test.stamp
	@$(BIN)/python -m pytest -n 2 -m slow $(PYTEST_ARGS)

lint: .venv/test.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy

# The simulated replica's files, byte for byte.
data: .venv/run.stamp
	@$(BIN)/socialcap simulate data/miluo --replica

# Resolves pyproject's bounds for every supported Python and pins what it finds, with hashes.
lock: .venv/test.stamp
	@$(BIN)/uv pip compile $(LOCK) pyproject.toml build-requirements.in -o requirements.txt
	@$(BIN)/uv pip compile $(LOCK) --extra test -c requirements.txt pyproject.toml build-requirements.in -o requirements-test.txt

bench: .venv/test.stamp
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "socialcap needs Python 3.11 or newer, but '$(PYTHON)' is: $$("$(PYTHON)" --version 2>&1 | head -n 1). Try: make $(firstword $(MAKECMDGOALS) report) PYTHON=python3.12" >&2; exit 2; }
	@"$(PYTHON)" -m venv .venv

.venv/run.stamp: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing socialcap into .venv (once) ..." >&2
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

.venv/test.stamp: requirements-test.txt .venv/run.stamp
	@echo "Installing the test tools into .venv (once) ..." >&2
	@$(PIP) --require-hashes -r requirements-test.txt
	@touch $@
