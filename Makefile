# The few words that a newcomer and the build server need. Each does its own set-up, again and again, and needs the
# network only for what is not here yet. ARGS goes to the command: `make demo ARGS=--once`, `make test ARGS="-k stage"`.

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs pictures icons budget sbom clean

ARGS ?=
# How many processes the tests run in; 0 is one, with everything printed as it happens.
JOBS ?= logical
# They make networks of their own, and a browser gives up whatever it loads when one comes or goes: they run by themselves.
NETWORKS := tests/chaos/test_durability.py tests/chaos/test_leftovers.py
BIN := .venv/bin

help: ## this list
	@echo "Throughline: from a registered product to the right menu on the customer's phone."
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo
	@echo '  ARGS="..." goes to the command: make demo ARGS=--once, make test ARGS="tests/unit -x"'
	@echo "  After make demo, $(BIN)/throughline --help lists everything else."

demo: ## start everything, run the story, and leave it running (ARGS=--once: check it and stop)
	@.ci/setup run
	@$(BIN)/throughline demo $(ARGS)

test: ## every test; on Debian as root, what they need is installed first
	@.ci/setup dev
	@.ci/services
	@PATH="$$PATH:/usr/local/sbin:/usr/sbin" $(BIN)/python -m pytest -n $(JOBS) --maxprocesses 4 --dist loadfile \
		$(if $(ARGS),$(ARGS),$(addprefix --ignore=,$(NETWORKS)))
	@$(if $(ARGS),:,PATH="$$PATH:/usr/local/sbin:/usr/sbin" $(BIN)/python -m pytest $(NETWORKS))

lint: ## style, types and the rules of who may import whom
	@.ci/setup dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: ## write again what of docs/ is made from the code
	@.ci/setup dev
	$(BIN)/python -m tests.house.generate
	PYTHONPATH=. $(BIN)/python tests/contract/write_asyncapi.py
	$(BIN)/python -m cloud.lifecycle docs

pictures: ## take the pictures of the phone again, and write the page that shows them (ARGS: names of pictures)
	@.ci/setup dev
	$(BIN)/python -m tests.house.pictures $(ARGS)

icons: ## draw the app's icons as PNG again, from their SVG
	@.ci/setup dev
	@$(BIN)/python -m tests.house.icons

budget: ## measure how long the first menu takes on a slow phone
	@.ci/setup dev
	@$(BIN)/python -m tests.house.budget

sbom: ## write the bill of materials, CycloneDX JSON, to var/ (ARGS=FILE: somewhere else)
	@.ci/setup dev
	@$(BIN)/python -m tests.house.sbom $(ARGS)

clean: ## forget the set-up and the caches; data/ stays
	rm -rf .venv .setup.lock .setup.err .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
