# Two commands do everything on a fresh machine with Python 3.11+ and make:
#   make demo   a fictional organisation, scanned: ranked incidents and a report
#   make test   all tests, linters and type checks
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

# What is compiled once need not be compiled by each of the hundreds of Pythons that the tests start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test soak soak-properties console docs format train evaluate bench bench-live figures figures-check lock clean check-programs check-pages check-style check-types check-imports check-tests check-bytecode

help:
	@sed -n '2,4p' Makefile | sed 's/^# *//'

demo: .venv/product
	@$(BIN)/python tools/build_console.py --optional
	@$(BIN)/seawall demo --out demo

# What goes before the tests goes on side by side: one waits for the network, another needs a processor. Types are checked
# beside the tests, which leave a processor idle now and then.
test:
	@$(MAKE) --no-print-directory -j 4 check-programs check-pages check-style check-bytecode
	@$(MAKE) --no-print-directory -j 3 check-types check-imports check-tests

check-tests: .venv/development
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check-bytecode: .venv/development
	@$(BIN)/python -m compileall -q src packages tests bench tools

# Long campaigns: fuzzing, shifted clocks, repetitions. They take minutes to hours, so that `make test` leaves them out.
soak: check-programs check-pages .venv/development
	$(BIN)/python -m pytest -m soak -n auto --timeout 0
	@$(MAKE) --no-print-directory soak-properties

# All examples of all properties, from a seed that differs at each run. SEED=7 repeats one; MINUTES=120 draws anew until then.
SEED ?=
MINUTES ?= 0
soak-properties: .venv/development
	@$(BIN)/python -m tools.soak_properties --minutes "$(MINUTES)" $(if $(SEED),--seed "$(SEED)")

check-programs:
	@tools/ensure_chromium.sh
	@tools/ensure_clock.sh
	@tools/ensure_proxies.sh
	@tools/ensure_java.sh
	@tools/ensure_postgresql.sh

check-pages: .venv/product
	$(BIN)/python tools/build_console.py --check

check-style: .venv/development
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check-types: .venv/development
	$(BIN)/mypy

check-imports: .venv/development
	$(BIN)/lint-imports

console: .venv/product
	@$(BIN)/python tools/build_console.py

docs: .venv/docs
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --conf-dir tools/documentation_site --doctree-dir site/.doctrees . site
	@echo "open site/index.html"

format: .venv/development
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

train: .venv/development
	$(BIN)/python -m seawall.lab.evaluate.train_ranker

evaluate: .venv/development
	$(BIN)/seawall evaluate --out bench/out/evaluate

# LOAD=large is 20,000 records a second; MINUTES=60 shows whether memory stays flat.
LOAD ?= ordinary
MINUTES ?= 10
bench-live: .venv/development
	$(BIN)/python bench/live.py --load $(LOAD) --minutes $(MINUTES)

# RECORDS=200000 scans smaller corpora.
RECORDS ?= 1000000
bench: .venv/development
	$(BIN)/python bench/scan_million.py --records $(RECORDS)
	$(BIN)/python bench/scan_leaks.py
	$(BIN)/python bench/verify_tokens.py
	PYTHONPATH=. $(BIN)/python bench/rules.py

# Figures of README and docs: PARTS=left-out and PARTS=speed take minutes, PARTS=detection an hour; speed wants a machine that
# does nothing else.
figures: .venv/development
	$(BIN)/python -m tools.figures measure $(PARTS)

figures-check: .venv/development
	@$(BIN)/python -m tools.figures check
	@$(BIN)/python -m tools.replay_table --check

lock:
	tools/lock.sh

clean:
	rm -rf .venv site console/node_modules src/seawall/console/bundle demo bench/out .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Seawall needs Python 3.11 or newer; set PYTHON=…") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .venv || (echo "python3 cannot make virtual environments: install your system's python3-venv package" >&2; exit 1)

.venv/product: .venv/bin/python requirements/product.lock pyproject.toml packages/seawall-base/pyproject.toml packages/seawall-tokens/pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/product.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable packages/seawall-base --editable packages/seawall-tokens --editable .
	@touch $@

# pandas lies apart: see tools/lock.sh.
.venv/development: .venv/product requirements/development.lock requirements/pandas.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/development.lock
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --upgrade --target .venv/pandas -r requirements/pandas.lock
	@touch $@

.venv/docs: .venv/bin/python requirements/docs.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/docs.lock
	@touch $@
