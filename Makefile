# What people run, and CI. Needs make and Python 3.11 or newer with pip; installs nothing outside .venv.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
BIN := .venv/bin
# The environment's own pip, or, where Debian leaves that out, the one of the Python that made it.
PIP = $$($(BIN)/python -m pip --version >/dev/null 2>&1 && echo $(BIN)/python -m pip || echo $(PYTHON) -m pip --python $(BIN)/python)
UV ?= uv
COMPILE = $(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo check test static stacks bench chaos fuzz lock clean runtime development ci-prerequisites

help: ## list what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1|/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST)

# Compiled once, whatever PYTHONDONTWRITEBYTECODE says: else each process compiles all of Hub at every start.
run demo: COMPILED = $(BIN)/python -m compileall -qq hub workers connectors api ops

run: runtime ## start Hub with everything it needs, from nothing
	@$(COMPILED) || true
	exec $(BIN)/hub up

demo: runtime ## the same beside it, with sample data and sandboxes of the outside systems
	@$(COMPILED) || true
	exec $(BIN)/hub up --demo

# Two thirds of the time go to these; `make test` has them.
AT_LENGTH = $(addprefix --ignore=tests/,api chaos hub/imports hub/pools interop ops security workers)

check: development static ## the quick checks: style, imports, types, quick tests
	$(BIN)/pytest -q -n auto -m "not stack and not slow" $(AT_LENGTH)

test: development ci-prerequisites ## everything, with the tests that start whole stacks
	@$(MAKE) --no-print-directory --jobs=2 static stacks
	$(BIN)/pytest -q -n auto --dist worksteal -m "not stack"

bench: development ## measure; NAME=… takes one of them
	$(BIN)/python -m bench $(NAME)

chaos: development ## kill parts in the middle; NAME=load, journeys or crowd, SEED=…, FULL=1 the counts promised, N=…, KILLS=…
	$(BIN)/python -m bench.chaos $(NAME) $(if $(FULL),--full) $(if $(SEED),--seed $(SEED)) $(if $(N),--count $(N)) $(if $(KILLS),--kills $(KILLS))

fuzz: development ## the long forms of tests, above all generated requests; EXAMPLES=… of each operation and mode
	EXAMPLES=$(or $(EXAMPLES),50) $(BIN)/pytest -q -n auto $(or $(NAME),$(shell grep -rl 'import.* \(examples\|size\)$$' tests --include='test_*.py'))

# Whoever loads all tests to run a few of them takes seconds for it, in each of its processes.
STACKS = $(shell grep -rl 'mark\.stack' tests --include='test_*.py')

lock: ## choose the versions anew (needs uv)
	$(COMPILE) --extra embedded --output-file requirements.lock
	$(COMPILE) --extra embedded --extra test --extra bench --output-file requirements-dev.lock
	@if grep -nE '://|--(extra-)?index-url|--find-links' requirements.lock requirements-dev.lock; then \
		echo "a lock names a host" >&2; exit 1; fi

clean: ## remove what can be made again; the data directory stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

stacks: # they wait half of the time: three at once, and what is static beside them
	$(BIN)/pytest -q -n 3 --dist loadfile -m stack $(STACKS)

static:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/bandit -q -r -lll hub workers connectors api ops

runtime: .venv/runtime.stamp
development: .venv/development.stamp

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Hub needs Python 3.11 or newer: set PYTHON to one" >&2; exit 1; }
	$(PYTHON) -m venv .venv || $(PYTHON) -m venv --without-pip .venv

.venv/runtime.stamp: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Hub needs; the first time this takes a minute."
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/development.stamp: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Hub and its tests need; the first time this takes a minute."
	@$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Some tests ask programs that only Debian's packages bring (libical; node for ical.js; jq and openssl for the
# guides' commands); they say so and are left out where those are missing. On CI's machine nothing is to be left
# out: such a test fails there, but for the reasons listed in tests/skipping.py.
CI_PACKAGES = gir1.2-ical-3.0 python3-gi jq openssl curl $(shell command -v npm >/dev/null || echo nodejs npm)
ci-prerequisites:
	@if [ "$(CI)" = true ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& ! dpkg -s $(CI_PACKAGES) >/dev/null 2>&1; then \
		{ apt-get -qq update && apt-get -qq install -y --no-install-recommends $(CI_PACKAGES); } \
		|| echo "some of $(CI_PACKAGES) cannot be installed: tests that need them fail" >&2; fi
