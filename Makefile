# `make demo` shows the proxy at work, `make test` proves it. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
NEWEST := .venv-newest
TOOLS := ftrack-python-api pytest pytest-aiohttp pytest-timeout
INSIDE := tests/test_upstream tests/test_web tests/hostile/test_listener.py tests/hostile/test_secrets.py
READY := $(VENV)/.ready
JS := tests/js
JS_READY := $(JS)/node_modules/.ready
UPSTREAM ?= $(FTRACK_PROXY_UPSTREAM)
# Compiled once for all processes of all runs, also where PYTHONDONTWRITEBYTECODE is set, and out of the way.
COMPILED := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(abspath $(VENV))/compiled

.DEFAULT_GOAL := help
.PHONY: help setup demo run facts test test-lowest test-newest soak test-js-setup fuzz lint audit format clean

## make help     list what can be made
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make setup    make .venv with the ftrack-proxy command and the development tools in it
setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

## make demo     the main job: simulated ftrack, the proxy, and the real client doing its work twice
demo: $(READY)
	$(BIN)/python -m tests.demo

## make run      run the proxy: make run UPSTREAM=https://STUDIO.ftrackapp.com
run: $(READY)
	$(BIN)/ftrack-proxy serve $(if $(UPSTREAM),--upstream $(UPSTREAM))

## make test     run all tests
test: $(READY) test-js-setup
	$(COMPILED) $(BIN)/python -m pytest -n auto $(TESTS)

## make test-lowest  does it work with the lowest versions that pyproject.toml allows?
test-lowest: $(READY)
	$(PYTHON) -m venv --clear $(LOWEST)
	$(BIN)/python .ci/lowest_versions.py > $(LOWEST)/runtime.txt
	$(LOWEST)/bin/python -m pip install --quiet --requirement $(LOWEST)/runtime.txt
	$(LOWEST)/bin/python -m pip install --quiet --no-build-isolation --no-deps .
	$(call try_with,$(LOWEST))

## make test-newest  does it work with the newest ones?
test-newest: $(READY)
	$(PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/bin/python -m pip install --quiet .
	$(NEWEST)/bin/python -m pip freeze > $(NEWEST)/runtime.txt
	$(call try_with,$(NEWEST))

# The command as it is installed in $(1); then the tests of what rests on the inside of libraries, with the tools of
# constraints.txt and the libraries of $(1)/runtime.txt.
define try_with
$(1)/bin/python -m pip check
$(BIN)/python -m tests.smoke $(1)/bin/python
sed 's/[=@ ].*/==/; s/^/^/' $(1)/runtime.txt | grep --invert-match --ignore-case --file - constraints.txt > $(1)/tools.txt
$(1)/bin/python -m pip install --quiet --constraint $(1)/runtime.txt --constraint $(1)/tools.txt $(TOOLS)
$(1)/bin/python -m pytest --quiet $(INSIDE)
endef

## make fuzz     hostile input for everything that reads what arrives: make fuzz FUZZ="--seconds 60 batch"
fuzz: $(READY)
	$(BIN)/python -m tests.fuzz $(FUZZ)

## make soak     compare 200,000 proxied answers with direct ones while everything changes: make soak SOAK="--seed 7"
soak: $(READY)
	$(BIN)/python -m tests.oracle.soak $(SOAK)

# The JavaScript client is tested where there is node; where there is not, its tests say that they are skipped.
test-js-setup:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(JS_READY); fi

$(JS_READY): $(JS)/package.json
	cd $(JS) && npm install --no-audit --no-fund --no-package-lock --loglevel=error
	@touch $@

## make lint     format check, lint, types, import rules
lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

## make facts     write docs/ftrack-facts.md anew, from the rows that the code reads
facts: $(READY)
	$(BIN)/python -m tests.facts_table

## make audit    known weaknesses in our code and in what it is built on
audit: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[audit]'
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive proxy
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

## make format   put the code into its form
format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## make clean    remove what was made
clean:
	rm -rf $(VENV) $(LOWEST) $(NEWEST) $(JS)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
