# ChatScape's house. `make run` serves it, `make test` checks everything; each needs only Python 3.11 or newer.

PYTHON ?=
WORKERS ?= 2
BIN := .venv/bin
PACKAGES := accounts chat chatscape deploy bench
PRESENT = $(wildcard $(PACKAGES))
# Checks keep their hands off the developer's state and servers.
CHECK := env -u DATABASE_URL -u REDIS_URL CHATSCAPE_VAR="$(CURDIR)/.venv/check"
PRODUCTION := $(CHECK) PUBLIC_URL=https://chat.example.org EMAIL_URL=smtp+tls://mail.example.org \
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')"

.PHONY: run test lint types checks suite suite-servers journeys bench bench-headline soak format clean lock vendor image \
	up down plan venv venv-dev parts browsers

run: venv
	@$(BIN)/python manage.py migrate --verbosity=0
	@state="$${CHATSCAPE_VAR:-var}/static/staticfiles.json"; \
	if ! [ -e "$$state" ] || [ -n "$$(find static requirements.txt chatscape/storage.py -newer "$$state")" ]; then \
		$(BIN)/python manage.py collectstatic --noinput --verbosity=0; \
	fi
	@exec $(BIN)/python manage.py serve

test: venv-dev parts
	@$(MAKE) --no-print-directory lint types checks
	@$(MAKE) --no-print-directory suite
	@$(MAKE) --no-print-directory suite-servers
	@$(MAKE) --no-print-directory journeys

# The style of Python, templates and JavaScript, and who may import whom.
lint: venv-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(CHECK) $(BIN)/lint-imports --no-cache
	find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 --check {} +
	$(BIN)/oxlint --deny-warnings static chatscape/testing/provider
	$(BIN)/hadolint deploy/container/Dockerfile

types: venv-dev
	$(CHECK) $(BIN)/mypy $(PRESENT) conftest.py manage.py

# What Django can tell without running: migrations that are missing, settings that are not safe.
checks: venv-dev
	$(CHECK) $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

# Real servers and browsers miss a moment on a busy machine: what failed is tried once more, alone, and the
# log shows it. What fails twice has failed.
AGAIN := --last-failed --last-failed-no-failures none

# The suite, on the embedded default and on real PostgreSQL and Redis, and people's journeys in a real browser.
suite: venv-dev parts
	env -u DATABASE_URL -u REDIS_URL $(BIN)/python -m pytest -n $(WORKERS) $(ARGS) \
		|| env -u DATABASE_URL -u REDIS_URL $(BIN)/python -m pytest $(AGAIN) $(ARGS)

# Without those that use neither, or start their own.
ELSEWHERE := accounts bench chat chatscape --ignore=chatscape/tests/doctor --ignore=chatscape/tests/test_configuration.py
suite-servers: venv-dev parts
	$(BIN)/python -m chatscape.testing.parts run -- $(BIN)/python -m pytest -n $(WORKERS) $(ELSEWHERE) $(ARGS) \
		|| $(BIN)/python -m chatscape.testing.parts run -- $(BIN)/python -m pytest $(ELSEWHERE) $(AGAIN) $(ARGS)

journeys: venv-dev parts
	env -u DATABASE_URL -u REDIS_URL $(BIN)/python -m pytest -m browser $(ARGS) \
		|| env -u DATABASE_URL -u REDIS_URL $(BIN)/python -m pytest -m browser $(AGAIN) $(ARGS)

bench: venv-dev
	env -u DATABASE_URL -u REDIS_URL $(BIN)/python -m bench $(ARGS)

# A process holds as many sockets as it may open files (`ulimit -Hn`).
SOCKETS ?= 8000
PROCESSES ?= 4
bench-headline: venv-dev parts
	$(BIN)/python -m bench --only headline --sockets $(SOCKETS) --processes $(PROCESSES)

# Load, and faults in hundreds (docs/architecture.md, "When something is gone"); it prints what it measures.
# KILL_TRIALS=200 on each database, KILL_SEED=... to repeat them.
soak: venv-dev parts
	env -u DATABASE_URL -u REDIS_URL $(BIN)/python -m pytest -m soak -s --durations=0 --durations-min=1 $(ARGS)

format: venv-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 {} +

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache var/parts
	find $(PRESENT) -name __pycache__ -prune -exec rm -rf {} +

# Both requirement files anew, from pyproject.toml.
LOCK := $(BIN)/uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet
lock: venv-dev
	$(LOCK) --output-file requirements.txt
	$(LOCK) --extra dev --constraint requirements.txt --output-file requirements-dev.txt

# The container image, with whatever builder is here: `make image IMAGE=name:tag PLATFORMS=linux/amd64,linux/arm64
# BASE=... PUSH=1`, see deploy/container/build.
image:
	@IMAGE="$(IMAGE)" PLATFORMS="$(PLATFORMS)" BASE="$(BASE)" PUSH="$(PUSH)" BUILDER="$(BUILDER)" deploy/container/build

# An environment on AWS: `make up ENV=prod REGION=eu-central-1`, see docs/aws.md. Choices are kept for the next time.
CLOUD = $(BIN)/python -m deploy.cloud $@ $(if $(filter 1,$(YES)),--yes) $(if $(REGION),--region "$(REGION)") \
	$(if $(SIZE),--size "$(SIZE)") $(if $(DOMAIN),--domain "$(DOMAIN)") $(if $(ZONE_ID),--zone-id "$(ZONE_ID)") \
	$(if $(OWNER_EMAIL),--owner-email "$(OWNER_EMAIL)") $(if $(ALARM_EMAIL),--alarm-email "$(ALARM_EMAIL)") \
	$(if $(BUDGET_USD),--budget-usd "$(BUDGET_USD)") $(if $(filter 1,$(NAT_GATEWAY)),--nat-gateway) \
	$(if $(filter 0,$(NAT_GATEWAY)),--no-nat-gateway) $(if $(filter 0,$(SNAPSHOT)),--no-snapshot)
up down plan: venv
	@$(CLOUD) -- "$(ENV)"

# The pinned htmx anew, checked against static/vendor/CHECKSUMS.
vendor:
	python3 static/vendor/refresh.py

venv:
	@PYTHON="$(PYTHON)" .ci/venv requirements.txt

venv-dev:
	@PYTHON="$(PYTHON)" .ci/venv requirements-dev.txt

# PostgreSQL, Redis and Chromium: the machine's own, or fetched. A provider to sign in with, from npm.
parts browsers: venv-dev
	@.ci/parts
