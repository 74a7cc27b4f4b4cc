.DEFAULT_GOAL := help
.PHONY: help setup demo test lowest gen lint interop diff live mock fuzz proof bench soak lock clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
LOWEST := .venv-lowest/ready

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

setup: $(READY) ## make the environment .venv, if it is not there or out of date

$(READY): requirements/dev.txt pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) bash scripts/setup.sh && touch $@

demo: $(READY) ## create a subject from a photograph, on a mock server
	@$(BIN)/python -m scripts.demo

test: $(READY) ## lint the contract and run every test
	@echo "make test needs Python alone; it leaves out what make lint, interop, proof and bench do (Redocly, pyright, Prism, mutants, peers)"
	@$(BIN)/python -m pytest --cov --cov-report=term

lowest: $(LOWEST) ## run the tests with the oldest dependencies that users may have
	@.venv-lowest/bin/python -m pytest contract_tests

$(LOWEST): requirements/lowest.txt pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) bash scripts/setup.sh .venv-lowest requirements/lowest.txt && touch $@

gen: $(READY) ## generate the client from the contract
	@$(BIN)/python -m scripts.codegen.generate

lint: $(READY) ## check the contract and the code, without running it
	@bash scripts/lint.sh

interop: $(READY) ## hold the contract to programs of others, which npm installs
	@bash scripts/npm.sh
	@$(BIN)/python -m tools.interop

diff: $(READY) ## tell what the contract breaks for callers and servers, compared with BASE=...
	@$(BIN)/python -m tools.diff -- "$${BASE-HEAD}"

live: $(READY) ## see what a real gateway answers, and what is new; CONFIRM=1, CREATE=1 IMAGE=..., BASELINE=FILE do more
	@$(BIN)/python -m tools.live $(if $(filter 1,$(CONFIRM)),--confirm) $(if $(BASELINE),--baseline="$$BASELINE") \
		$(if $(filter 1,$(CREATE)),--create --image="$$IMAGE")

mock: $(READY) ## serve the contract on http://127.0.0.1:8787, or on another PORT=...
	@$(BIN)/python -m kling_elements.mock $(if $(PORT),--port $(PORT))

fuzz: $(READY) ## compare client, mock and oracle on random requests, N=... for each test
	@KLING_FUZZ=$(or $(N),10000) $(BIN)/python -m pytest contract_tests/contract/test_generated*.py

proof: $(READY) ## show that no rule can be lost
	@$(BIN)/python -m tools.mutate

bench: $(READY) ## measure the project beside its peers; ONLY="import build" measures these rows
	@$(BIN)/python -m tools.bench $(addprefix --only ,$(ONLY)) $(if $(PROCESSES),--processes $(PROCESSES))

soak: $(READY) ## call the mock server for MINUTES=10, and fail if memory grows
	@$(BIN)/python -m tools.bench.soak $(if $(MINUTES),--minutes $(MINUTES))

lock: $(READY) ## resolve the dependencies anew
	@bash scripts/lock.sh

clean: ## remove what the other targets made
	@rm -rf .venv .venv-lowest .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
