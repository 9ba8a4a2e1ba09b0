# Two commands do everything: `make run` opens the dashboard, `make test` passes all tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: run worker test check check-providers unit browser bench screenshots backup messages lock clean audit

run: $(VENV)/.run
	$(BIN)/python -m services.use.house
	@echo "Simkeeper opens at http://127.0.0.1:8501"
	$(BIN)/streamlit run app.py

test: check $(VENV)/.servers
	$(BIN)/python -m pytest -n 2 --dist loadfile --cache-clear || { code=$$?; [ $$code -eq 1 ] && $(BIN)/python -m tests.once_more || exit $$code; }

check: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/python -m bench

screenshots: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/python -m tests.browser.screenshots

audit: $(VENV)/.dev
	$(BIN)/python .ci/audit.py

backup: $(VENV)/.run
	$(BIN)/python -m services.use.backup make simkeeper-backup-$$(date +%Y-%m-%d).zip

check-providers: $(VENV)/.run
	$(BIN)/python -m services.use.check_providers

messages: $(VENV)/.dev
	$(BIN)/python locale/update.py

lock: $(VENV)/.dev
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Simkeeper needs Python 3.11 or newer; try: make PYTHON=python3.13 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock | $(VENV)/bin/python
	$(PIP) -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	$(PIP) -r requirements-dev.lock
	@touch $@ $(VENV)/.run

$(VENV)/.browser: tests/browser/set_up.sh | $(VENV)/.dev
	sh tests/browser/set_up.sh $(BIN)
	@touch $@

$(VENV)/.servers: tests/servers/set_up.sh | $(VENV)/.dev
	sh tests/servers/set_up.sh
	@touch $@
