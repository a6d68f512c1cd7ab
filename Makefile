# Everything a newcomer or a CI needs; `make demo` and `make test` create the environment they need.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
GROUPS ?= dev
SOAK_SECONDS ?= 180
FUZZ_SECONDS ?= 600
FUZZ_AT_ONCE ?= 4
THREATS_AT_ONCE ?= 8
COVERAGE ?= --cov --cov-report=term:skip-covered --cov-report=

.PHONY: demo test daemons clients test-daemons test-clients servers threats corpora fuzz lint types docs bench bench-latency bench-testkit soak wheel clean help

help:
	@echo "make demo      walk every protocol against the embedded servers"
	@echo "make test      the tests, with branch coverage"
	@echo "make daemons   install the real servers that test-daemons runs against (root, Debian)"
	@echo "make clients   install the outside clients that some tests run (root, Debian)"
	@echo "make test-daemons  the contract tests over real servers"
	@echo "make test-clients  outside clients against the fake servers"
	@echo "make servers   test-daemons, function by function; writes docs/servers.md"
	@echo "make threats   hostile servers, faults and bad input, each in a process of its own, THREATS_AT_ONCE=8"
	@echo "make fuzz      what nobody should send, to every parser, session and server, FUZZ_SECONDS=600 each"
	@echo "make corpora   the parsers, scored on cases from many servers and programs"
	@echo "make lint      ruff"
	@echo "make types     mypy --strict"
	@echo "make docs      the documentation, in docs/_build/html"
	@echo "make bench     measure beside the peers, a quarter of an hour; writes docs/performance.md (root, Debian)"
	@echo "make bench-latency  the same over a link of 50 ms, ten minutes"
	@echo "make bench-testkit  what 500 fake servers, and a fixture, cost"
	@echo "make soak      all protocols at once while the wire is cut, late and torn, for SOAK_SECONDS"
	@echo "make wheel     build the wheel and run its demo in an empty environment"
	@echo "make clean     remove everything that was made"

# A stamp per set of dependencies: the package alone for the demo, everything for the rest.
$(VENV)/.base: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[testing]"
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --group $(GROUPS)
	@touch $@

demo: $(VENV)/.base
	$(BIN)/nettools demo

test: $(VENV)/.dev
	$(PYTEST) -n auto $(COVERAGE)

daemons: $(VENV)/.dev
	cd tests && $(abspath $(BIN))/python -m daemons.install

clients: $(VENV)/.dev
	cd tests && $(abspath $(BIN))/python -m daemons.install clients

test-daemons: $(VENV)/.dev
	$(PYTEST) -n 2 -m daemon

test-clients: $(VENV)/.dev
	$(PYTEST) -n 2 tests/clients

servers: $(VENV)/.dev
	$(PYTEST) -n 2 -m daemon tests/contract/test_every_function.py --servers-page docs/servers.md

threats: $(VENV)/.dev
	$(PYTEST) -n $(THREATS_AT_ONCE) -m threat tests/threats

corpora: $(VENV)/.dev
	$(PYTEST) -n auto -q tests/unit/parse tests/unit/test_corpora.py tests/unit/protocols/test_corpora.py

fuzz: $(VENV)/.dev
	cd tests && $(if $(FUZZ),printf '%s\n' $(FUZZ),$(abspath $(BIN))/python -m fuzz) \
		| xargs -P $(FUZZ_AT_ONCE) -n 1 $(abspath $(BIN))/python -m fuzz $(FUZZ_SECONDS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

docs: $(VENV)/.dev
	$(BIN)/sphinx-build --fail-on-warning --keep-going -q -b html docs docs/_build/html

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks

soak: $(VENV)/.dev
	$(BIN)/python -m benchmarks.soak $(SOAK_SECONDS)

bench-latency: $(VENV)/.bench
	$(BIN)/python -m benchmarks --link

bench-testkit: $(VENV)/.dev
	$(BIN)/python -m benchmarks.testkit

wheel: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist .
	rm -rf $(VENV)-wheel && $(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip install --quiet dist/*.whl
	cd / && $(abspath $(VENV)-wheel)/bin/nettools demo

clean:
	rm -rf .venv .venv-* dist build docs/_build .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
