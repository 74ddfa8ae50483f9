# What a newcomer types: `make demo`, then `make test`. `make help` lists the rest.

PYTHON  ?= python3
SEEDS   ?= 1
CONFIGS ?= $(sort $(wildcard configs/*.yaml))
OUT     ?= runs
JOBS    ?= auto
PYTEST  ?=
WORKERS ?= -n auto --maxprocesses 4 --dist loadfile

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
RNN    := $(BIN)/rnn
UV     := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
export UV_COMPILE_BYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-gpu check format lock sweep runs clean

help:  ## this list
	@echo "rnncli - train, compare and understand recurrent text classifiers"
	@echo
	@awk -F ':.*  ## |:  ## ' '/^[a-z-]+:.*  ## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  sweep takes CONFIGS='configs/gru_klue.yaml …' SEEDS='1 2 3' OUT=runs JOBS=auto"

setup: $(STAMP)  ## install everything into .venv, from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else \
	  f"rnncli needs Python 3.11, 3.12 or 3.13, and {sys.executable} is {v[0]}.{v[1]}: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null 2>&1 || test -x $(BIN)/uv || $(BIN)/python -m pip install -q uv || true
	@echo "installing into $(VENV) (about half a minute)"
	@{ test -x "$(UV)" && \
	  "$(UV)" pip install -q --python $(CURDIR)/$(BIN)/python --no-deps --require-hashes -r requirements.lock && \
	  "$(UV)" pip install -q --python $(CURDIR)/$(BIN)/python --no-deps -e . ; } || { \
	  echo "without uv, with pip (a minute or two)" && \
	  $(BIN)/python -m pip install -q --no-deps --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install -q --no-deps -e . ; }
	@touch $@

demo: setup  ## train on a built-in sample, show its metrics, classify a sentence (under 2 minutes)
	$(RNN) train --config sample_ko.yaml --out $(OUT)
	@echo
	$(RNN) predict "$$(ls -d $(OUT)/sample_ko-*-s1 | head -n 1)" "여야 대표, 예산안 처리 합의"

test: setup  ## the test suite, without the slow and the real-data tests (under 10 minutes)
	$(BIN)/python -m pytest -m "not slow and not data" $(WORKERS) $(PYTEST)

test-slow: setup  ## the slow tests, and those on real data where RNN_DATA or ../shared/data has it
	$(BIN)/python -m pytest -m "slow or data" $(PYTEST)

test-gpu:  ## on a GPU, with this PYTHON's JAX: our recurrence there, exact repetition, seeds together
	RNN_TEST_DEVICE=gpu RNN_TEST_BACKEND=jax $(PYTHON) -m pytest tests/test_gpu.py tests/layers/test_scanning.py $(PYTEST)

check: setup  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## let ruff format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup  ## resolve requirements.lock anew
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --extra jax --extra search --group dev --quiet pyproject.toml -o requirements.lock

sweep: setup  ## train every config in configs/ with every seed, leaving finished runs alone
	@mkdir -p $(OUT)
	@{ echo "base:"; for config in $(CONFIGS); do echo "  - $$config"; done; \
	  echo "seeds:"; for seed in $(SEEDS); do echo "  - $$seed"; done; } > $(OUT)/sweep.yaml
	$(RNN) sweep $(OUT)/sweep.yaml --out $(OUT) --jobs $(JOBS) --keep-going

runs: setup  ## a table of all runs
	$(RNN) runs $(OUT)

clean:  ## remove what building and testing leave behind; runs/ stays
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
