# make demo: install into .venv, compare every optimizer on real data, write a report
# make test: install into .venv with the test tools, run the tests
# make docs: build the site into build/site, every warning an error
# make lint: what the tests check of style, and the types

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
PYTEST_FLAGS ?= -n 2 -q
BIN := .venv/bin

.PHONY: demo test docs lint bench clean

demo: .venv/installed-search
	$(BIN)/neuralopt compare digits diabetes --optimizers classic,variable-projection,search,hybrid --title "neuralopt: the demo"

test: .venv/installed-test
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

docs: .venv/installed-docs
	$(BIN)/python -m sphinx -q -W --keep-going -n docs build/site
	@echo "build/site/index.html"

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: .venv/installed-test
	$(BIN)/python benchmarks/run.py

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "neuralopt needs Python 3.11 or newer; none was found. Install one, or: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

.venv/installed-%: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[$*]"
	touch $@

clean:
	rm -rf .venv
