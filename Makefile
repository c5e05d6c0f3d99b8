# Two commands do all the set-up: `make chat` and `make test`. Nothing is done twice.
# `make test` and `make check` together run each test once; `make soak` runs some of them for long.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
Q ?= Who is Russia's chief negotiator?

SOAK ?= /tmp/rag-soak

.PHONY: screenshots chat ask test check soak audit eval lint setup models small index clean

setup: models

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Set PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(SETUP): $(BIN)/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --progress-bar on -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

models: $(VENV)/.decodes

# The models and an engine that reads and writes with them on this CPU.
$(VENV)/.decodes: $(SETUP) rag/engine/install.py
	@$(BIN)/rag setup
	@touch $@

index: models
	@$(BIN)/rag index --if-missing

chat: index
	@$(BIN)/rag chat

ask: index
	@$(BIN)/rag ask "$(Q)"

# A small language model that only the tests use.
small: models
	@$(BIN)/rag models fetch smollm2-135m

# To take at most eight minutes on two cores, after the set-up: lint, types, every unit, and the main path with the real
# models (the golden gate among it) and in the browser.
test: lint small
	$(BIN)/python -m pytest tests/unit
	$(BIN)/python -m pytest -m main tests/real tests/browser

# Everything else but the long ones.
check: small
	$(BIN)/python -m pytest -m "not main" tests/real tests/browser tests/hardening

# The long ones: two hundred kills, every write failing in turn, thousands of harmed files and odd inputs, two
# minutes of readers and writers, all attacks on the real model, five minutes of fifty people, and fuzzing.
soak: small
	@mkdir -p $(SOAK)
	RAG_SOAK=1 $(BIN)/python -m pytest -s tests/*/test_kills.py tests/*/test_damage.py tests/*/test_concurrency.py tests/*/test_bad_input.py tests/*/test_hostile_files.py
	@rm -rf $(SOAK)/attacks
	$(BIN)/rag eval --suite attacks --out $(SOAK)/attacks
	$(BIN)/rag bench serve --out $(SOAK)/serve.json
	$(BIN)/python -m pip install --quiet "atheris>=3,<4"
	for target in readers docx epub mail csv markdown warc metadata citations; do $(BIN)/python tests/fuzz.py $$target || exit 1; done

# The pinned versions against the list kept here, and against what the index of advisories knows; that needs a network.
audit: $(SETUP)
	$(BIN)/python -m pytest tests/*/test_licences.py
	@$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/python -m pip_audit --no-deps --disable-pip -r requirements.lock

eval: index
	@$(BIN)/rag eval

# Pictures of every view, with the default model: needs chromium.
screenshots: models
	$(BIN)/python scripts/screenshots.py

lint: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build *.egg-info
