# Everything here works on a fresh machine with Python 3.11 or 3.12. `make help` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN := .venv/bin
SUM_RUN := $(shell cat requirements.txt | cksum | cut -d ' ' -f 1)
SUM_DEV := $(shell cat requirements.txt requirements-dev.txt | cksum | cut -d ' ' -f 1)
RUN_READY := .venv/.run-$(SUM_RUN)
DEV_READY := .venv/.dev-$(SUM_DEV)
# Training needs big libraries that nothing else does: they live apart.
TRAIN := var/train
TRAIN_READY := $(TRAIN)/.ready-$(shell cat requirements-train.txt | cksum | cut -d ' ' -f 1)
PACKAGES := audit tenants billing routing agents orchestrall

.PHONY: help run test train_complexity eval_routing format lint typecheck psql bench promises test-format test-lint \
	test-types test-layers test-deploy test-migrations test-api test-units test-stack test-browser

help: ## List the targets
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{printf "make %-16s %s\n", $$1, $$2}'

# The last step replaces the shell: a signal to make reaches the supervisor, and nothing stays behind.
run: $(RUN_READY) ## Start everything on http://localhost:8000 (PORT=… for another port)
	@exec $(BIN)/python -m orchestrall.supervisor

# State of the tests lies under var/test, so a running `make run` is left alone.
test: export ORCHESTRALL_VAR := $(CURDIR)/var/test
test: export ENV_FILE := /dev/null
test: test-format test-lint test-types test-layers test-deploy test-migrations test-api test-units test-stack test-browser ## Check everything: style, types, layers, settings, migrations, API document, tests
	@echo "All checks passed."

format: $(DEV_READY) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

lint: test-format test-lint test-layers ## Check style and layers

typecheck: test-types ## Check types

psql: $(RUN_READY) ## Open the database as its owner
	@exec $(BIN)/python manage.py dbshell --database owner

bench: $(DEV_READY) ## Measure speed and memory on a stack of its own; PARTS="chat pages" for some of it
	@$(BIN)/python -m bench $(PARTS)

promises: $(DEV_READY) ## List which promises have tests and which have none
	@$(BIN)/python -m pytest -n 0 --collect-only -p tests.promises | sed -n '/^[A-Z]*-[0-9]*: /p;/^none: /p'

train_complexity: $(TRAIN_READY) ## Train the complexity classifier on the data of the repository
	@$(TRAIN)/bin/python -m routing.complexity.train

eval_routing: $(TRAIN_READY) ## Measure the complexity classifier by cross-validation (about half an hour)
	@$(TRAIN)/bin/python -m routing.complexity.evaluate

test-format: $(DEV_READY)
	@echo "== Formatting"
	@$(BIN)/ruff format --check --quiet . || { echo "Some files are not formatted: run make format."; exit 1; }

test-lint: $(DEV_READY)
	@echo "== Style"
	@$(BIN)/ruff check --quiet .

test-types: $(DEV_READY)
	@echo "== Types"
	@$(BIN)/mypy --no-error-summary $(PACKAGES) tests manage.py

test-layers: $(DEV_READY)
	@echo "== Layers"
	@$(BIN)/lint-imports --no-cache > var/layers.log 2>&1 || { cat var/layers.log; exit 1; }

test-deploy: $(DEV_READY)
	@echo "== Settings of a production environment"
	@env -u DEBUG PLATFORM_HOST=orchestrall.example HTTPS=true \
		SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		DATABASE_URL='postgresql://owner:secret@db.internal/orchestrall' DATABASE_SSLMODE=verify-full \
		REDIS_URL='rediss://redis.internal:6379/0' CACHE_REDIS_URL='rediss://cache.internal:6379/0' \
		EMAIL_URL='smtp+tls://user:secret@mail.internal:587' \
		$(BIN)/python -W error::DeprecationWarning:orchestrall manage.py check --deploy --fail-level WARNING

test-migrations: $(DEV_READY)
	@echo "== Migrations"
	@$(BIN)/python manage.py makemigrations --check --dry-run

test-api: $(DEV_READY)
	@echo "== OpenAPI document"
	@$(BIN)/python manage.py spectacular --urlconf orchestrall.urls_api --validate --fail-on-warn --file var/openapi.yaml

test-units: $(DEV_READY)
	@echo "== Tests"
	@$(BIN)/pytest -q -n 2 -m "not stack and not browser"

test-stack: $(DEV_READY)
	@echo "== Tests of the whole stack"
	@$(BIN)/pytest -q -n 0 -m stack

test-browser: $(DEV_READY)
	@echo "== Tests in the browser"
	@if command -v chromium > /dev/null || command -v chromium-browser > /dev/null; \
		then $(BIN)/pytest -q -n 0 -m browser; \
		else echo "There is no Chromium on the PATH: skipped."; fi

$(DEV_READY): | .venv/bin/python
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@rm -f .venv/.dev-* .venv/.run-*
	@mkdir -p var
	@touch $(RUN_READY) $@

$(RUN_READY): | .venv/bin/python
	@echo "Installing requirements …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@rm -f .venv/.run-*
	@touch $@

$(TRAIN_READY): requirements-train.txt | .venv/bin/python
	@echo "Installing what training needs …"
	@$(BIN)/python -m venv $(TRAIN)
	@$(TRAIN)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-train.txt
	@touch $@

.venv/bin/python:
	@for python in python3.12 python3.11 python3 python; do \
		if $$python -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2> /dev/null; then \
			rm -rf .venv && $$python -m venv .venv && exit 0; \
			echo "$$python cannot make a virtual environment: install its venv package (Debian: apt install python3-venv)."; \
			exit 1; \
		fi; \
	done; \
	echo "Python 3.11 or 3.12 is needed on the PATH; neither was found."; exit 1
