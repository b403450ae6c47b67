# Two commands are the door: `make demo` and `make test`. Each sets up what it needs and is safe to run again.

PYTHON ?= python3
BIN := .venv/bin
SOURCES := firmware controller protocol provisioning hil tests bench docs

.DEFAULT_GOAL := help
.PHONY: help setup programs demo test soak check format bench words migration lock clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.venv/.installed: pyproject.toml .ci/requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "balai needs Python 3.11 or later")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r .ci/requirements/dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	mkdir -p .cache && ln -sfn "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" .cache/stubs
	touch $@

setup: .venv/.installed ## make .venv, get MicroPython and Mosquitto
	@$(BIN)/python -m controller.debian

programs:
	@sh .ci/programs

demo: setup ## one virtual hall, to look at and to play with (ONCE=1: a scripted visit, exits 0 or 1)
	@$(BIN)/balai demo $(if $(ONCE),--once) $(DEMO_OPTIONS)

test: setup programs ## all tests
	@$(BIN)/pytest -n 3 --dist loadfile -m "not soak" $(TESTS)

soak: setup programs ## the tests that take minutes, and ten minutes of the controller's memory
	@$(BIN)/pytest -m soak $(TESTS)
	@$(BIN)/python -m bench memory

check: .venv/.installed ## format, lint, types, import contracts
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

format: .venv/.installed ## mend what format and lint can mend
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: setup ## the measured table: bench/results.md and bench/results.json
	@$(BIN)/python -m bench

words: .venv/.installed ## bring the catalogue of words for people up to date
	$(BIN)/pybabel -q extract -F controller/web/babel.cfg -k Problem:2 -k AccountError -k FleetError -k TokenError -k BundleError -k PlanError -k N_ -k say \
		--no-location --project=Balai --copyright-holder="The Balai authors" -o controller/web/locale/balai.pot .
	$(BIN)/pybabel -q update -D balai -i controller/web/locale/balai.pot -d controller/web/locale

migration: .venv/.installed ## write the next version of the database's tables: TEXT="what has changed"
	$(BIN)/python -m controller.migrations "$(TEXT)"

lock: ## pin the dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev pyproject.toml -o .ci/requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra controller --extra provisioning pyproject.toml -o .ci/requirements/controller.txt

clean: ## remove what was built (not what was fetched)
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
