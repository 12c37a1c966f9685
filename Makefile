# Each target runs plain commands. README.rst prints them too, for machines without make.

PYTHON ?= python3
TEST_EXTRAS ?= demo,test

.PHONY: demo test lint format messages check

demo: .venv/installed-demo
	.venv/bin/python manage.py demo

test: .venv/installed-test
	.venv/bin/python -m pytest -n auto

lint: .venv/installed-dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/djlint --lint django_useraccounts testproject
	.venv/bin/mypy
	.venv/bin/python -m django makemigrations --check --dry-run --settings testproject.test_settings

format: .venv/installed-dev
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

# What each translation lacks; docs/languages.rst says how it is filled in.
messages: .venv/installed-test
	.venv/bin/python -m tests.languages

check: lint test

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed-demo: setup.cfg pyproject.toml | .venv/bin/python
	.venv/bin/pip install -e ".[demo]"
	@touch $@

.venv/installed-test: setup.cfg pyproject.toml | .venv/bin/python
	.venv/bin/pip install -e ".[$(TEST_EXTRAS)]"
	@touch $@

.venv/installed-dev: setup.cfg pyproject.toml | .venv/bin/python
	.venv/bin/pip install -e ".[demo,test,dev]"
	@touch $@
