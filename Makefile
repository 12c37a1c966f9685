# Each target runs plain commands. README.rst prints them too, for machines without make.

PYTHON ?= python3
TEST_EXTRAS ?= demo,test

.PHONY: demo test lint format messages docs links check

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

# The book. -W: a warning is an error; -n: so is a reference that leads nowhere.
docs: .venv/installed-docs
	.venv/bin/python -m sphinx -W -n --keep-going -q -b html docs docs/_build/html

# Asks every other site that the book links to; it needs the network.
links: .venv/installed-docs
	.venv/bin/python -m sphinx -n -q -b linkcheck docs docs/_build/links

check: lint test

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed-demo: setup.cfg pyproject.toml | .venv/bin/python
	.venv/bin/pip install -e ".[demo]"
	@touch $@

.venv/installed-test: setup.cfg pyproject.toml | .venv/bin/python
	.venv/bin/pip install -e ".[$(TEST_EXTRAS)]"
	@touch $@

.venv/installed-docs: setup.cfg pyproject.toml | .venv/bin/python
	.venv/bin/pip install -e ".[demo,docs]"
	@touch $@

.venv/installed-dev: setup.cfg pyproject.toml | .venv/bin/python
	.venv/bin/pip install -e ".[demo,test,dev]"
	@touch $@
