# Everything a person or a build server does with this repository. `make` alone lists it.
# Needs Python 3.11 or later with venv, and make. Nothing outside this folder is changed.

PYTHON  ?= python3
PROFILE ?= bedside_monitor
CUTS    ?= 10000
NOW     := $(shell date -u +%Y%m%dT%H%M%SZ)
OUT     := $(or $(OUT),out/$(PROFILE)-$(NOW))
RELEASE ?= out/release-$(NOW)
EVERY   := $(filter-out base,$(basename $(notdir $(wildcard device_profiles/*.toml))))

BIN   := .venv/bin
STAMP := .venv/.installed
ENGINES := .venv/.engines
PEERS := .venv/.peers

# Tests start hundreds of processes: each module is compiled once, not by each of them, whatever the shell says.
test quick: export PYTHONDONTWRITEBYTECODE :=
# The quick ones compute; of the slow ones many wait at the pace of a sensor, so that three fill two cores.
TOGETHER := -q -m "not slow" -n 2 --dist worksteal

.PHONY: help install verify test quick lint campaign qualify release bench clean
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## make .venv with both distributions and the tools, once

verify: $(STAMP) ## judge the reference device, write its file: PROFILE=bedside_monitor OUT=out/...
	@$(BIN)/edgeward verify --profile $(PROFILE) --out $(OUT); said=$$?; \
	  [ -f $(OUT)/statement.dsse.json ] || exit $$said; \
	  echo "verify: the bill of materials, and the pack with what a release still needs"; \
	  $(BIN)/edgeward sbom --against $(OUT) --out $(OUT)-sbom.json && \
	  $(BIN)/edgeward report --pack $(OUT) --sbom $(OUT)-sbom.json --out $(OUT)-pack \
	    $(addprefix --qualification ,$(wildcard out/qualification/qualification.dsse.json)) && exit $$said

test: lint $(ENGINES) ## every check and every test, slow ones included
	@echo "test: the quick tests, side by side"
	@$(BIN)/pytest $(TOGETHER)
	@echo "test: the slow ones, side by side; some seventeen minutes"
	@$(BIN)/pytest -q -m "slow and not alone" -n 3 --dist worksteal
	@echo "test: those that a busy host would judge otherwise, one by one; some seven minutes"
	@$(BIN)/pytest -q -m alone

quick: lint ## lint, types, layers and the quick tests, about two minutes
	@echo "quick: the quick tests"
	@$(BIN)/pytest $(TOGETHER) --hypothesis-profile=quick

lint: $(STAMP) ## ruff, mypy strict and the layers
	@echo "lint: ruff, mypy, import-linter"
	@$(BIN)/ruff check --quiet
	@{ told=$$($(BIN)/lint-imports --no-logo) || { echo "$$told"; exit 1; }; } & layers=$$!; \
	  $(BIN)/mypy --no-error-summary; types=$$?; wait $$layers && exit $$types

campaign: $(STAMP) ## power cuts, kills, key and alarm lives, carried media and bad weather by the thousand: CUTS=10000
	@echo "campaign: $(CUTS) power cuts, and the rest in proportion; some twenty-five minutes"
	@EDGEWARD_POWER_CUTS=$(CUTS) EDGEWARD_OUTBOX_KILLS=$$(($(CUTS) / 50)) EDGEWARD_KEY_RUNS=$$(($(CUTS) / 25)) \
	  EDGEWARD_CARRY_RUNS=$$(($(CUTS) / 70)) EDGEWARD_WEATHERS=$$(($(CUTS) / 250)) EDGEWARD_BACKLOG=1000000 \
	  EDGEWARD_ALARM_RUNS=$$(($(CUTS) / 25)) EDGEWARD_BYTES_STEP=5 \
	  $(BIN)/pytest -q tests/runtime/test_outbox_power.py tests/runtime/test_outbox_kill.py \
	  tests/runtime/test_outbox_backlog.py tests/runtime/test_outbox_every_byte.py \
	  tests/runtime/test_sealing_outbox.py tests/runtime/test_alarm_covering_beside.py \
	  tests/runtime/test_alarm_invariants.py \
	  tests/runtime/test_carried_queue.py tests/runtime/test_transport_weather.py

qualify: $(STAMP) ## do the suites catch every seeded defect? Before each release; what was begun goes on: OUT=out/qualification
	@$(BIN)/edgeward qualify --out $(if $(filter command line,$(origin OUT)),$(OUT),out/qualification)

# By the rules for trying out, as the reference device is no product, but with the tool qualified.
release: $(STAMP) ## may this software be released? Each profile judged, the tool qualified, the gate asked: some hours
	@mkdir -p $(RELEASE)
	@for profile in $(EVERY); do \
	  $(BIN)/edgeward verify --profile $$profile --out $(RELEASE)/$$profile || exit; \
	done
	@$(BIN)/edgeward qualify --out $(RELEASE)/qualification
	@sed -e 's/^title = .*/title = "Our own software, on no device of anybody"/' -e 's/^qualification = false/qualification = true/' \
	  suites/gate_policy_trial.toml >$(RELEASE)/policy.toml
	@$(BIN)/edgeward gate $(addprefix $(RELEASE)/,$(EVERY)) --policy $(RELEASE)/policy.toml \
	  --qualification $(RELEASE)/qualification/qualification.dsse.json

bench: $(ENGINES) $(PEERS) ## measure against floors and peers, with the limit beside each figure
	@$(BIN)/python benchmarks/run_all.py

clean: ## remove .venv and every cache; what lies in out/ is yours and stays
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml runtime/pyproject.toml constraints.txt hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "install: needs Python 3.11 or later; name one: make install PYTHON=python3.11" >&2; exit 1; }
	@echo "install: .venv from $(PYTHON)"
	@$(PYTHON) -m venv .venv || { echo "install: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@echo "install: both distributions and the tools, a minute or two"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --constraint constraints.txt --editable ./runtime --editable '.[dev]'
	@touch $@

# Only the full tests need them; without them the quick ones skip what runs on them, and say so.
$(ENGINES): $(STAMP)
	@echo "install: the optional inference engines, a minute or two"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --constraint constraints.txt --editable './runtime[torch,litert,compress]'
	@touch $@

# Only a benchmark needs them: libraries for streams that ours is measured beside.
$(PEERS): $(STAMP)
	@echo "install: the stream libraries to measure beside"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[bench]'
	@touch $@
