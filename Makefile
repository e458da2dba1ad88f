# Two commands do all set-up on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MANIFESTS := pyproject.toml constraints.txt packages/admit/pyproject.toml packages/admit-server/pyproject.toml
RUN_STAMP := $(VENV)/.installed-run
TEST_STAMP := $(VENV)/.installed-test
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt
# Half of their time tests wait for browsers, servers and clocks, so one worker more than there are cores.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Some environments switch the byte-code cache off, which makes every start of a program compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run setup test check format fuzz bench bench-peers docs wheels clean

help:
	@echo "make run     start the server and the demo, ready to try (with passkeys: make run NAME=localhost)"
	@echo "make test    run all tests, from unit to browser"
	@echo "make check   format, lint, types, import contracts, house rules, docs"
	@echo "make bench   the benchmarks; make bench-peers: the library against others"

run: $(RUN_STAMP)
	@exec $(BIN)/python examples/demo/run.py $(if $(NAME),--name $(NAME))

setup: $(TEST_STAMP)

# tools/library_alone.sh runs every test of the library, against its wheel and without admit[fast]. Before it, in the checkout and with
# admit[fast], run those that this could change; the others would say the same twice.
ONCE := $(addprefix --ignore packages/admit/tests/,frameworks limits revocations testing dpop \
	test_background.py test_fetching.py test_flights.py test_introspection.py test_keys.py test_keys_survive.py test_metadata.py \
	test_nothing_leaks.py test_pool.py test_reporting.py test_tls.py)

test: $(TEST_STAMP)
	@sh tools/system_packages.sh
	@$(PYTEST) $(ONCE)
	@sh tools/library_alone.sh

check: $(TEST_STAMP)
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy packages/admit/src packages/admit-server/src examples/demo examples/typed_claims.py examples/typed_application.py examples/authenticator-template/src
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/basedpyright --verifytypes admit --ignoreexternal > .pyright.log 2>&1 \
		|| { cat .pyright.log; echo "the types of the library are not complete for those who use it"; exit 1; }
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest tests/rules -q

format: $(TEST_STAMP)
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

bench: $(TEST_STAMP)
	@$(BIN)/python -m benchmarks.server

bench-peers: $(TEST_STAMP)
	@$(BIN)/python -m benchmarks.peers

FUZZ := .venv-fuzz
FUZZ_SECONDS ?= 120
# Its own environment: the fuzzer is compiled for few versions of Python, and nothing else needs it.
fuzz: $(TEST_STAMP)
	@test -x $(FUZZ)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(FUZZ)
	@$(BIN)/uv pip install --quiet --python $(FUZZ)/bin/python --constraint constraints.txt -e "packages/admit[fast]" atheris
	@mkdir -p $(FUZZ)/corpus
	@$(BIN)/python fuzz/seeds.py $(FUZZ)/corpus
	@$(FUZZ)/bin/python fuzz/tokens.py $(FUZZ)/corpus -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -print_final_stats=1

docs: $(TEST_STAMP)
	@$(BIN)/python -m pytest tests/rules/test_docs.py -q

wheels: $(TEST_STAMP)
	@rm -rf dist
	@$(BIN)/uv build --quiet --python $(BIN)/python --out-dir dist packages/admit
	@$(BIN)/uv build --quiet --python $(BIN)/python --out-dir dist packages/admit-server
	@ls dist

clean:
	rm -rf $(VENV) .venv-alone $(FUZZ) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .pyright.log

$(BIN)/uv:
	@sh tools/system_packages.sh python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(RUN_STAMP): $(MANIFESTS) | $(BIN)/uv
	@$(UV) -e packages/admit -e packages/admit-server "fastapi"
	@$(BIN)/python -m compileall -q packages/admit/src packages/admit-server/src
	@touch $@

$(TEST_STAMP): $(MANIFESTS) | $(BIN)/uv
	@$(UV) -e packages/admit -e packages/admit-server --group test --group check --group build
	@touch $@ $(RUN_STAMP)
