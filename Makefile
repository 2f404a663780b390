# Each line calls what CI calls. Nothing needs to be installed before: `make run` and `make test` do all the set-up.
SHELL := /bin/sh
PORT ?= 8000
DATA := $(or $(PLUMBLINE_DATA),var)
PYTHON_IN := .venv/bin/python
MANAGE := $(PYTHON_IN) manage.py
# One more than there are processors: many tests wait for a target, a browser or a peer.
JOBS ?= $(shell expr $$(nproc) + 1)

# Many short processes start in a test run; each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE
export XDG_CACHE_HOME ?= $(CURDIR)/.cache

.PHONY: help setup setup-dev prepare scan run test test-vcenter lint bench demo-cloud demo-gate clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1 \t/p' $(MAKEFILE_LIST)

setup: ## make .venv/ with what the product needs
	@requirements/install.sh base

setup-dev: ## make .venv/ with what tests need too
	@requirements/install.sh dev

prepare: setup
	@$(MANAGE) prepare

scan: prepare ## scan this machine with CIS Level 1 Linux; print the table, write the reports
	@$(MANAGE) scan_host localhost --template cis-l1-linux --profile server --record --format table --reports $(DATA)/reports

run: scan ## the same, then web, worker and scheduler at http://127.0.0.1:8000
	@$(MANAGE) create_admin --if-none
	@exec $(MANAGE) up --port $(PORT)

test: setup-dev ## the whole test suite
	@$(PYTHON_IN) -m pytest -n $(JOBS) --dist worksteal -q $(ARGS)

test-vcenter: setup-dev ## the tests of vCenter on Debian's simulator, which is built first; CI replays what it answered
	@tests/peers/vcsim/run $(ARGS)

lint: setup-dev ## format, ruff, types, import contracts, system checks, migrations, content
	@.ci/lint

bench: setup-dev ## the benchmarks, with their figures
	@$(PYTHON_IN) -m tests.bench $(ARGS)

demo-cloud: setup-dev ## an AWS account with faults, played by moto: connected, evaluated, repaired, evaluated again
	@$(PYTHON_IN) -m tests.demo.cloud

demo-gate: setup-dev ## VMs with faults, posted as Terraform shows them: scanned, blocked, repaired and let through, or released
	@$(PYTHON_IN) -m tests.demo.gate

clean: ## remove the environment and all caches; the data stays
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
