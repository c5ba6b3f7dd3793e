# Two commands do everything on a fresh machine with Python 3.11+ and make:
#   make demo   a fictional organisation, scanned: ranked incidents and a report
#   make test   all tests, linters and type checks
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.PHONY: help demo test console format train evaluate bench lock clean

help:
	@sed -n '2,4p' Makefile | sed 's/^# *//'

demo: .venv/product
	@$(BIN)/python tools/build_console.py --optional
	@$(BIN)/seawall demo --out demo

test: .venv/development
	@tools/ensure_chromium.sh
	@tools/ensure_proxies.sh
	@tools/ensure_postgresql.sh
	$(BIN)/python tools/build_console.py --check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist loadfile

console: .venv/product
	@$(BIN)/python tools/build_console.py

format: .venv/development
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

train: .venv/development
	$(BIN)/python -m seawall.evaluate.train_ranker

evaluate: .venv/development
	$(BIN)/seawall evaluate --out bench/out/evaluate

bench: .venv/development
	$(BIN)/python bench/scan_million.py
	$(BIN)/python bench/scan_leaks.py
	$(BIN)/python bench/verify_tokens.py
	PYTHONPATH=. $(BIN)/python bench/rules.py

lock:
	tools/lock.sh

clean:
	rm -rf .venv console/node_modules src/seawall/server/console/bundle demo bench/out .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Seawall needs Python 3.11 or newer; set PYTHON=…") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .venv || (echo "python3 cannot make virtual environments: install your system's python3-venv package" >&2; exit 1)

.venv/product: .venv/bin/python requirements/product.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/product.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/development: .venv/product requirements/development.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/development.lock
	@touch $@
