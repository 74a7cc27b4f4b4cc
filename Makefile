.DEFAULT_GOAL := help
.PHONY: help setup demo test quick lowest gen lint interop browser diff live mock fuzz proof bench soak lock clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
LOWEST := .venv-lowest/ready
PARALLEL := -n auto --dist worksteal

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

setup: $(READY) ## create the environment .venv, unless it is up to date

$(READY): requirements/dev.txt pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) bash scripts/setup.sh && touch $@

demo: $(READY) ## create elements from a photograph on a mock server, and recover a lost one
	@$(BIN)/python -m scripts.demo

test: $(READY) ## lint the contract and run every test; ONLY="FILE -k WORD" runs only those, without coverage
	@echo "make test needs only Python; make lint, interop, proof and bench do the rest (Redocly, pyright, Prism, mutants, peers)"
	@$(BIN)/python -m pytest $(PARALLEL) $(or $(ONLY),--cov --cov-report=term)

quick: $(READY) ## run the tests that need few sockets or processes, without those of the tools
	@$(BIN)/python -m pytest $(PARALLEL) -q -m "not slow" contract_tests

lowest: $(LOWEST) ## run the tests with the oldest supported dependencies
	@.venv-lowest/bin/python -m pytest $(PARALLEL) contract_tests

$(LOWEST): requirements/lowest.txt pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) bash scripts/setup.sh .venv-lowest requirements/lowest.txt && touch $@

gen: $(READY) ## generate the client and the tables of docs/ from the contract
	@$(BIN)/python -m scripts.codegen.generate && $(BIN)/python -m scripts.codegen.pages

lint: $(READY) ## check the contract and the code without running them
	@bash scripts/lint.sh

interop: $(READY) ## check that other programs, which npm installs, read the contract correctly
	@bash scripts/npm.sh
	@$(BIN)/python -m tools.interop

browser: $(READY) ## try the mock server's page in Chromium, which must be installed; screenshots go to build/browser
	@$(BIN)/python -m tools.browser

diff: $(READY) ## show what the changes to the contract since BASE=... break for callers and servers
	@$(BIN)/python -m tools.diff -- "$${BASE-HEAD}"

live: $(READY) ## check a real gateway's responses against the contract; CONFIRM=1, CREATE=1 IMAGE=..., BASELINE=FILE, PASSPORT=FILE do more
	@$(BIN)/python -m tools.live $(if $(filter 1,$(CONFIRM)),--confirm) $(if $(BASELINE),--baseline="$$BASELINE") \
		$(if $(PASSPORT),--passport="$$PASSPORT") \
		$(if $(filter 1,$(CREATE)),--create --image="$$IMAGE")

mock: $(READY) ## run the mock server on http://127.0.0.1:8787, or on PORT=...
	@$(BIN)/python -m kling_elements.mock $(if $(PORT),--port $(PORT))

fuzz: $(READY) ## compare client, mock server and oracle on N=... random requests for each test
	@KLING_FUZZ=$(or $(N),10000) $(BIN)/python -m pytest $(PARALLEL) contract_tests/contract/test_generated*.py

proof: $(READY) ## show that a test fails if any rule is lost
	@$(BIN)/python -m tools.mutate

bench: $(READY) ## compare the project with its peers; ONLY="import build" measures only those rows
	@$(BIN)/python -m tools.bench $(addprefix --only ,$(ONLY)) $(if $(PROCESSES),--processes $(PROCESSES))

soak: $(READY) ## call the mock server for MINUTES=10, and fail if its memory grows
	@$(BIN)/python -m tools.bench.soak $(if $(MINUTES),--minutes $(MINUTES))

lock: $(READY) ## resolve the dependencies again
	@bash scripts/lock.sh

clean: ## remove everything that the other targets created
	@rm -rf .venv .venv-lowest .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
