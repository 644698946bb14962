# One command a job. `make` alone prints them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
SCENARIO ?= staged
OUT ?= results
PORT ?= 8000
SERVICE ?= baseline
REST_CONFIG ?= configuration/service/$(SERVICE).yaml
export REST_CONFIG

BIN := .venv/bin
RUN_ENV := .venv/.run-ready
DEV_ENV := .venv/.dev-ready
MODEL := models/insurance_charges_model.skops

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: made once, remade when the pins change.
$(RUN_ENV): requirements.txt
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); ok or sys.exit("$(PYTHON) is Python %d.%d; this project needs 3.11 to 3.13. Name one: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "preparing .venv (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(DEV_ENV): $(RUN_ENV) requirements-dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: pins
pins: ## renew requirements*.txt from requirements*.in (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt
