# The commands of this project. `make help` lists them; each sets up what it needs by itself.
SHELL := /bin/bash
.DEFAULT_GOAL := help

UV ?= $(shell command -v uv || echo $(CURDIR)/.envs/uv/bin/uv)
BIN := .venv/bin
# Locked and reproducible: the newest Python that Airflow 3.0.6 (and so MWAA) knows is 3.12.
PYTHON_RANGE := >=3.11,<3.13
HOME_DIR ?= .local
# Each has an Airflow of its own (0.5 GB): make up ENVIRONMENTS=dev,staging
ENVIRONMENTS ?= dev
# What `make demo` tells: deploy, health, data, mwaa or all.
STORY ?= deploy
export UV

.PHONY: help setup demo platform up down status lint check test race manifest bench clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.synced ## Install everything, locked: the project, Airflow, the AWS emulator (reruns are instant)
	@$(BIN)/python -m local setup

.venv/.synced: pyproject.toml uv.lock | $(UV)
	@echo "Installing the project into .venv ..."
	@$(UV) sync --quiet --frozen --extra cli --python "$(PYTHON_RANGE)"
	@touch $@

# Only where there is no uv on PATH.
$(CURDIR)/.envs/uv/bin/uv:
	@command -v python3 >/dev/null || { echo "python3 was not found -> install Python 3.11 or 3.12 (apt-get install python3 python3-venv)"; exit 1; }
	@command -v git >/dev/null || { echo "git was not found -> install it (apt-get install git)"; exit 1; }
	@echo "Installing uv into .envs/uv ..."
	@python3 -m venv .envs/uv || { echo "python3 cannot make environments -> apt-get install python3-venv"; exit 1; }
	@.envs/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.8

demo: setup ## Run the whole story on a real local stack and check each step (STORY=health: what is taken back; all)
	@$(BIN)/python -m local.demo --story $(STORY)

platform: setup ## Deploy all pipelines to a local stack and run them for two days, on real parts (ARGS="--help")
	@$(BIN)/python -m local.platform $(ARGS)

up: setup ## Start the local stack and leave it running; prints its URLs and what to try
	@$(BIN)/python -m local up --home $(HOME_DIR) --environments $(ENVIRONMENTS)

down: setup ## End the local stack
	@$(BIN)/python -m local down --home $(HOME_DIR)

status: setup ## Say what of the local stack runs
	@$(BIN)/python -m local status --home $(HOME_DIR)

lint: .venv/.synced ## Format, lint, types, import layers, SQL
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m local.sql_lint

check: lint ## The linters and the fast tests
	@$(BIN)/pytest -n auto -m "not airflow and not stack and not awslambda"

test: setup lint ## The linters and every test but the long ones
	@$(BIN)/pytest -n 2 --dist loadfile -m "not long" --durations 25

race: setup ## The long tests: deployments, runs and SIGKILLs race on the real stack; a later Airflow
	@$(BIN)/pytest -s -m long

manifest: setup ## Write dbt/manifest.json anew, after a change of the dbt project
	@$(BIN)/python -m local.dbt_manifest

# For example: make bench ARGS="deploy flip --full --docs"; `make bench ARGS=--list` says what there is.
bench: setup ## Measure what docs/performance.md tells, beside aws s3 sync (ARGS="--list" says what there is)
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## Remove what was installed and made here
	@test ! -e $(HOME_DIR)/stack.json || $(BIN)/python -m local down --home $(HOME_DIR)
	rm -rf .venv .envs .local .demo .platform .benchmarks dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
