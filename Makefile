# Everything a contributor types. Targets are sorted; `make` alone lists them.
# Needs Python 3.11 or newer and make, nothing else: the servers come as wheels.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
# A worker starts a PostgreSQL and a mongod of its own, so more than four gain little.
WORKERS ?= auto
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal
MAJORS ?= 14 15 16 17 18
SOAK ?= 3000

.DEFAULT_GOAL := help
.PHONY: accept bench check ci demo docs faults format help live matrix mermaid record setup soak test

accept: $(READY) ## rewrite the golden files; review the result with git diff
	$(PYTEST) --accept tests

bench: $(READY) ## measure against the raw statement and peers, in the same run
	$(BIN)/python -m bench

check: $(READY) ## lint, formatting, types, the schema's own migrations: no server, seconds
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/schematool generate --check
	$(BIN)/schematool lint

ci: test ## what a pipeline runs

demo: $(READY) ## the whole journey on real servers: compile, migrate, verify, drift, roll back
	$(BIN)/python demo/run.py

docs: $(READY) ## make the reference pages and the picture of the terminal anew
	$(BIN)/python docs/make.py

faults: $(READY) ## every fault, to schematool and its peers; rewrites docs/reliability.md
	$(BIN)/python -m tests.faults

format: $(READY) ## let ruff order and format everything
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

live: $(READY) ## the tests that need real servers
	$(PYTEST) tests/contract tests/engines tests/faults tests/live tests/property

matrix: $(READY) ## contract, live tests, real schemas and invented pairs on PostgreSQL 14 to 18
	@failed=; for major in $(MAJORS); do \
		echo "== PostgreSQL $$major"; \
		SCHEMATOOL_TEST_POSTGRES_MAJOR=$$major $(PYTEST) -k "not mongo and not librechat" \
			tests/contract tests/live tests/property tests/corpora || failed="$$failed $$major"; \
	done; test -z "$$failed" || { echo "it failed on PostgreSQL$$failed" >&2; exit 1; }

mermaid: $(READY) ## let Mermaid itself, from npm, read what `erd` writes
	npm install --no-audit --no-fund --no-save --prefix $(VENV)/mermaid mermaid@11
	SCHEMATOOL_TEST_MERMAID=$(VENV)/mermaid $(BIN)/python -m pytest tests/core/erd/test_mermaid_itself.py

record: $(READY) ## run the demo and keep it as pictures, docs/demo-*.svg
	$(BIN)/python demo/record.py

setup: $(READY) ## make .venv with everything in it (the other targets do this too)

soak: $(READY) ## thousands of invented pairs of schemas (SOAK=5000), and of kills; the seed is printed
	SCHEMATOOL_TEST_SOAK=$(SOAK) $(PYTEST) --timeout 0 tests/property
	@seed=$${SCHEMATOOL_TEST_SEED:-$$(date +%s)}; echo "SCHEMATOOL_TEST_SEED=$$seed"; \
	SCHEMATOOL_TEST_SEED=$$seed SCHEMATOOL_TEST_KILLS=$${SCHEMATOOL_TEST_KILLS:-3000} \
	SCHEMATOOL_TEST_RUNNERS=$${SCHEMATOOL_TEST_RUNNERS:-64} $(PYTEST) --timeout 0 -k "random or at_once" tests/faults

test: check ## all tests, on real servers
	$(PYTEST)

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "schematool needs Python 3.11 or newer: set PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "no virtual environment: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[embedded,dev]'
	touch $(READY)
