# One command a job. `make` alone prints them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
SCENARIO ?= staged
OUT ?= results
HOST ?=
DATA ?=
RUN ?= $(OUT)/latest
PORT ?= 8000
WEB_PORT ?= 8089
PYTEST_OPTIONS ?=
TEST_PROCESSES ?= 3
SERVICE ?= batched
WORKERS ?= 1
LOAD_WORKERS ?= 2
TIME_SCALE ?= 1
VARIANT ?=
REST_CONFIG ?= configuration/service/$(SERVICE).yaml
export REST_CONFIG

# What each target takes, and PYTHON besides. OF_SERVICE is for the suite's own service, so not for one that HOST names.
OF_LOAD := LOADTEST_HEADERS LOADTEST_ALLOW_HOST LOADTEST_NOTE LOADTEST_TRACE_LINK
OF_SERVICE := SERVICE REST_CONFIG DRAIN_NOTICE_S TRACE_PREDICTIONS OTEL_%
TAKES_loadtest := SCENARIO HOST OUT TIME_SCALE $(if $(strip $(HOST)),,$(OF_SERVICE)) $(OF_LOAD)
TAKES_web := $(TAKES_loadtest) WEB_PORT
TAKES_serve := PORT WORKERS $(OF_SERVICE)
TAKES_train := DATA
TAKES_report := RUN $(if $(filter file,$(origin RUN)),OUT)
TAKES_image := IMAGE BUILDER VARIANT
TAKES_stack := SCENARIO SERVICE OUT LOAD_WORKERS LOADTEST_HOST LOADTEST_HEADERS LOADTEST_ALLOW_HOST TRACED_SHARE SERVICE_PORT WEB_PORT \
  PROMETHEUS_PORT GRAFANA_PORT OTLP_PORT TRACES_PORT COMPOSE COMPOSE_FILE RUN_AS
TAKES_stack-down := COMPOSE COMPOSE_FILE
TAKES_test := TEST_PROCESSES PYTEST_OPTIONS
TAKES_check := $(TAKES_test)
TAKES_faults := TEST_PROCESSES
TAKES_compare-batch := OUT TIME_SCALE OTEL_% $(OF_LOAD)
PLAIN := help profile prometheus-check k8s-check stall endurance bench-generator crosscheck bench-service bench-report \
  bench-judge dashboard grafana-check pins audit clean

TABLE := $(sort $(filter TAKES_%,$(.VARIABLES)))
ASKED := $(or $(MAKECMDGOALS),help)
LISTED := $(filter $(PLAIN) $(TABLE:TAKES_%=%),$(ASKED))
TAKEN := $(strip $(foreach target,$(LISTED),$(TAKES_$(target))) PYTHON)

# What is typed and has no effect is refused; where another make called this one it may be meant for that one, and is
# told. What the environment holds may be anybody's, as may the __% of a shell that completes targets.
TYPED := $(filter-out __%,$(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name))))
NEEDLESS := $(if $(LISTED),$(filter-out $(TAKEN),$(TYPED)),$(filter-out PYTHON $(foreach row,$(TABLE),$($(row))),$(TYPED)))
REFUSE = $(if $(filter 0,$(MAKELEVEL)),$(error $(1)),$(warning $(1)))
WITH_HOST := $(if $(and $(HOST),$(filter loadtest web,$(LISTED))), with HOST)
SAID = $(name) has no effect on 'make $(ASKED)'$(WITH_HOST), which takes $(subst %,*,$(TAKEN)): leave it out or correct it
$(foreach name,$(NEEDLESS),$(call REFUSE,$(SAID)))

# An empty value, as an unset variable of a shell leaves it, is not the same as none.
MAY_BE_EMPTY := LOADTEST_HEADERS LOADTEST_ALLOW_HOST LOADTEST_NOTE LOADTEST_TRACE_LINK PYTEST_OPTIONS
EMPTY := $(foreach name,$(filter-out $(MAY_BE_EMPTY) %\%,$(TAKEN)),$(if $(strip $($(name)))$(filter file undefined,$(origin $(name))),,$(name)))
$(foreach name,$(EMPTY),$(error $(name) is empty: give it a value, or leave it out and unset it$(if $(filter HOST,$(name)), to test the suite's own service)))

# SERVICE names a REST_CONFIG: it doesn't give way to another one in silence.
NAMED := configuration/service/$(SERVICE).yaml
OTHER := $(if $(filter file,$(origin REST_CONFIG)),,$(filter-out $(abspath $(NAMED)),$(abspath $(REST_CONFIG))))
CONTRADICTED := $(and $(filter REST_CONFIG,$(TAKEN)),$(findstring command line,$(origin SERVICE)),$(OTHER))
$(if $(CONTRADICTED),$(error SERVICE=$(SERVICE) means $(NAMED), but REST_CONFIG is $(REST_CONFIG): leave one of the two out))

BIN := .venv/bin
RUN_ENV := .venv/.run-ready
DEV_ENV := .venv/.dev-ready
MODEL := models/insurance_charges_model.skops
LOAD = --scenario "$(SCENARIO)" --out "$(OUT)" $(if $(HOST),--host "$(HOST)") $(if $(filter-out 1,$(TIME_SCALE)),--time-scale "$(TIME_SCALE)")

# A command that ends when make has gone, even if make was killed.
WITH_MAKE := LOADTEST_PARENT=$$PPID exec

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: made once, remade when the pins change.
$(RUN_ENV): requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "there is no $(PYTHON) here; name a Python 3.11 to 3.14: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 14); ok or sys.exit("$(PYTHON) is Python %d.%d; this project needs 3.11 to 3.14. Name one: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "preparing .venv (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(DEV_ENV): $(RUN_ENV) requirements-dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# The model: trained once; `make train` trains it anew.
$(MODEL): | $(RUN_ENV)
	@$(BIN)/python -m service.training

.PHONY: loadtest
loadtest: $(RUN_ENV) $(if $(HOST),,$(MODEL)) ## load-test, judge, report: SCENARIO=staged HOST=http://... OUT=results TIME_SCALE=1
	@$(WITH_MAKE) $(BIN)/python -m loadtests $(LOAD)

.PHONY: web
web: $(RUN_ENV) $(if $(HOST),,$(MODEL)) ## the same from Locust's web UI on http://127.0.0.1:8089: WEB_PORT=8089
	@$(WITH_MAKE) $(BIN)/python -m loadtests --web --web-port $(WEB_PORT) $(LOAD)

.PHONY: serve
serve: $(RUN_ENV) $(MODEL) ## run the model service: SERVICE=batched PORT=8000 WORKERS=1
	@$(WITH_MAKE) $(BIN)/python -m service --port $(PORT) --workers $(WORKERS)

.PHONY: train
train: $(RUN_ENV) ## train the model anew, on generated data or on DATA=insurance.csv
	@$(BIN)/python -m service.training $(if $(DATA),--data "$(DATA)")

.PHONY: profile
profile: $(RUN_ENV) $(MODEL) ## time the model's predictions in process: a load test's first gate
	@$(BIN)/python -m service.profiling

.PHONY: report
report: $(RUN_ENV) ## judge a recorded run anew and rewrite its report: RUN=results/latest
	@$(BIN)/python -m reports write "$(RUN)"
	@$(BIN)/python -m reports show "$(RUN)"

.PHONY: image
image: ## build the container image with docker, podman or buildah: VARIANT=generator without the service
	@deploy/build-image

.PHONY: prometheus-check
prometheus-check: ## check and test Prometheus' configuration, rules and alerts (needs promtool)
	@promtool check config deploy/prometheus/prometheus.yml deploy/prometheus/local.yml
	@promtool test rules tests/deploy/prometheus/*.yml

.PHONY: k8s-check
k8s-check: $(DEV_ENV) ## check the Kubernetes files without a cluster (needs kubectl)
	@$(BIN)/python -m deploy.kubernetes.checks

.PHONY: stack
stack: ## service, Locust master and workers, Prometheus, Grafana, traces in containers: LOAD_WORKERS=2
	@SCENARIO="$(SCENARIO)" SERVICE="$(SERVICE)" LOAD_WORKERS="$(LOAD_WORKERS)" RESULTS="$(abspath $(OUT))" deploy/stack up

.PHONY: stack-down
stack-down: ## remove those containers, their network and their volumes; runs in results/ stay
	@deploy/stack down

.PHONY: test
test: $(DEV_ENV) $(MODEL) ## run the tests that tell most, in less than three minutes; make check runs all
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) -m "not extended" $(PYTEST_OPTIONS)

.PHONY: check
check: $(DEV_ENV) $(MODEL) ## what CI runs: ruff, mypy, all tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) $(PYTEST_OPTIONS)

.PHONY: faults
faults: $(DEV_ENV) $(MODEL) ## run the fault tests and write docs/faults.md from what they found
	@$(BIN)/python -m tests.faults.page --processes "$(TEST_PROCESSES)"

.PHONY: compare-batch
compare-batch: $(RUN_ENV) $(MODEL) ## the same load single, micro-batched and in batches, side by side: TIME_SCALE=1
	@$(WITH_MAKE) $(BIN)/python -m loadtests.compare_batch --out "$(OUT)/compare-batch" --time-scale "$(TIME_SCALE)"

.PHONY: stall
stall: $(DEV_ENV) ## what plain Locust says of a service that stalls, what is true, what this suite says
	@$(BIN)/python -m benchmarks.stall

.PHONY: endurance
endurance: $(DEV_ENV) $(MODEL) ## an hour at 500 requests/s: what grows, what is lost, what is left behind
	@$(BIN)/python -m benchmarks.endurance

.venv-bench/.ready: benchmarks/requirements.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r benchmarks/requirements.txt
	@touch $@

.PHONY: bench-generator
bench-generator: $(DEV_ENV) .venv-bench/.ready ## this suite's requests per processor second beside wrk, hey, k6 and Locust scripts (needs wrk, hey)
	@$(BIN)/python -m benchmarks.generator

.PHONY: crosscheck
crosscheck: $(DEV_ENV) $(MODEL) .venv-bench/.ready ## the same load by this suite, wrk and k6, side by side (needs wrk)
	@$(BIN)/python -m benchmarks.crosscheck

# Each peer of the service has an environment of its own.
.venv-bench/%/.ready: benchmarks/service/peers/%.txt
	@$(PYTHON) -m venv .venv-bench/$*
	@.venv-bench/$*/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: bench-service
bench-service: $(DEV_ENV) $(MODEL) $(foreach peer,litserve mlserver bentoml,.venv-bench/$(peer)/.ready) ## this service, its peers and its limits on one core (needs wrk)
	@$(BIN)/python -m benchmarks.service

.PHONY: bench-report
bench-report: $(DEV_ENV) ## time the judging and rendering of up to ten million samples
	@$(BIN)/python -m benchmarks.report

.PHONY: bench-judge
bench-judge: $(DEV_ENV) ## how often the judge is wrong, by 10,000 simulated runs a cell (some hours)
	@$(BIN)/python -m benchmarks.judge --resume

.PHONY: dashboard
dashboard: $(RUN_ENV) ## renew the Grafana dashboard's JSON from its source
	@$(BIN)/python -m deploy.grafana.dashboard

.PHONY: grafana-check
grafana-check: $(DEV_ENV) $(MODEL) ## hold the dashboard to Grafana's types, to PromQL and to a real run (needs npm, prometheus)
	@$(BIN)/python -m pytest --no-skips tests/deploy/test_grafana*.py

.PHONY: pins
pins: ## renew requirements*.txt from pyproject.toml and requirements-dev.in (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	@uv pip compile -q --universal --python-version 3.11 --constraint requirements.txt --no-annotate --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements-generator.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt
	@echo pip-audit | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header - -o requirements-audit.txt

.venv-audit/.ready: requirements-audit.txt
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: audit
audit: .venv-audit/.ready ## look for known vulnerabilities of the pins, or tell their age where none can be looked up
	@.ci/audit .venv-audit/bin/python requirements.txt requirements-dev.txt

.PHONY: clean
clean: ## remove the environment, the model and caches; runs in results/ stay
	@rm -rf .venv .venv-audit .venv-bench models .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
