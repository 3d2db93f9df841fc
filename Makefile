# zaffre: every recipe of the house. `make help` lists them.
# Needs Python 3.11+ and make; the first recipe brings the rest into .tools and .venv.

PYTHON ?= python3
UV_VERSION := 0.13.8
UV := .tools/bin/uv
BIN := .venv/bin
TESTS ?= tests
# Most tests wait for other programs, so that more of them than cores may run at a time.
WORKERS ?= 3
export UV_PROJECT_ENVIRONMENT := .venv

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix lint types imports docs generate bench measure clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## Bring everything the other recipes need (quick when nothing changed)

$(UV):
	@echo "setup: bringing uv $(UV_VERSION) into .tools"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "zaffre needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=python3.x.")'
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.ready: $(UV) pyproject.toml sdk/pyproject.toml server/pyproject.toml uv.lock
	@echo "setup: installing the locked packages into .venv"
	@$(UV) sync --locked --quiet --compile-bytecode --python $$($(PYTHON) -c 'import sys; print(sys.executable)')
	@touch $@

demo: setup ## Train, track, register, deploy and score a model on real data
	@$(BIN)/python examples/demo.py

test: setup ## Run the tests
	@$(BIN)/python tools/bring_browser.py
	@$(BIN)/python tools/bring_fuse.py
	@$(BIN)/python tools/bring_azurite.py
	@$(BIN)/python tools/bring_containers.py
	@$(BIN)/python tools/bring_sshd.py
	@$(BIN)/python tools/bring_spark.py
	@echo "test: running $(TESTS)"
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: lint types imports docs generate ## Everything that must hold before a commit but the tests

fix: setup ## Mend what can be mended by itself
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

lint: setup ## Style and likely mistakes
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

types: setup ## mypy --strict
	@$(BIN)/mypy

imports: setup ## The floors of the house
	@$(BIN)/lint-imports --no-logo | tail -n 20

docs: setup ## Links and examples of the documentation
	@$(BIN)/python -m pytest tests/architecture -k docs

generate: setup ## Write what is generated, and fail when it differs from what is committed
	@$(BIN)/python tools/write_openapi.py --check

bench: setup ## Compare with peers side by side; results in bench/RESULTS.md
	@$(BIN)/python bench/run.py

measure: setup ## Sizes of files and functions
	@$(BIN)/python tools/measure.py

clean: ## Remove what was built
	@rm -rf .venv .tools .mypy_cache .ruff_cache .hypothesis build dist
