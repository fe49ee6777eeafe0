# Every target prepares the virtual environment first: made when it is missing, brought up to date when the lock file
# or pyproject.toml is newer or the Python asked for is another one; otherwise that costs a few milliseconds.
#
#   make test PYTHON=python3.13     another interpreter
#   make test VENV=/somewhere/venv  another place for the environment

PYTHON ?= python3
VENV ?= .venv
UV ?= uv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

# An environment whose interpreter no longer starts (Python was upgraded or removed), or which was made with another
# Python than the one named on the command line, is thrown away and made anew.
VERSION_OF = $(shell $(1) -c 'import pip, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
HAS := $(call VERSION_OF,$(BIN)/python)
WANTED := $(if $(filter file,$(origin PYTHON)),$(HAS),$(call VERSION_OF,$(PYTHON)))
ifneq ($(HAS),$(WANTED))
STALE := stale
else ifeq ($(HAS),)
STALE := stale
endif

.PHONY: demo test test-slow lint docs figures bench lock clean stale

demo: $(READY)
	$(BIN)/edgewise fit digits --budget "0.3x mobilenet_v2" --minutes 0.8 --out runs/demo

# Two at a time, each with one thread: most of a test is one process that waits or computes alone.
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python

# What docs/why.md shows.
figures: $(READY)
	$(BIN)/edgewise figures --measured --out docs/figures

docs: figures
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(READY)
	@set -e; for script in counting counters networks zoo training runtimes prediction quantum page; do echo "== $$script"; $(BIN)/python benchmarks/$$script.py; done

# Needs uv; run it after changing the dependencies in pyproject.toml, and read what changed. Versions that the lock
# file already has are kept: `make lock UPGRADE=--upgrade` takes the newest.
lock:
	$(UV) pip compile --quiet --universal --extra dev --extra docs --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" $(UPGRADE) pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) docs/_build docs/figures docs/families docs/commands .pytest_cache .ruff_cache .hypothesis .import_linter_cache build

$(READY): requirements.lock pyproject.toml src/edgewise/version.py $(STALE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is missing or older than Python 3.11: name another one, as in make PYTHON=python3.13"; exit 1; }
	@test -z "$(STALE)" || { echo "making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "installing the versions in requirements.lock into $(VENV) (the first time about 5 GB: some minutes)"
	@$(PIP) install -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
