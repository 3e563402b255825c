# Everything a newcomer, a contributor and CI call. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
FAST := -m "not browser and not accuracy"

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-once demo-confluence demo-notion test check lint types imports format lock accuracy accuracy-hard bench bench-confluence test-browser chromium screens forge clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## everything SOPwright needs, in .venv

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "SOPwright needs Python 3.11 or newer. Install it, or name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync --quiet requirements.lock --python $(BIN)/python
	$(BIN)/uv pip install --quiet --no-deps --editable . --python $(BIN)/python
	@$(BIN)/python -c 'import cv2' || { echo "OpenCV misses a system library. On Debian and Ubuntu: apt-get install libgl1 libglib2.0-0"; exit 1; }
	@touch $@

demo: setup ## make an SOP from a sample recording, start the service, publish it, print its address
	$(BIN)/python examples/demo.py

demo-once: setup ## the same, and end
	$(BIN)/python examples/demo.py --once

demo-confluence: setup chromium ## a look-alike of Confluence with the Forge app in it, and the whole story in a real browser
	$(BIN)/python -m examples.demo_confluence

demo-notion: setup ## a fake Notion and the service: a row with a recording becomes a page, is edited and recorded again
	$(BIN)/python -m examples.demo_notion

test: setup ## all tests that need no outside service
	$(BIN)/pytest $(FAST) -n 4

check: lint types imports ## formatting, lint, types, direction of imports

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup
	$(BIN)/mypy --strict plugin connectors

imports: setup
	$(BIN)/lint-imports

format: setup ## put the code into its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: setup ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra offline-speech --group dev --universal --generate-hashes --python-version 3.11 --no-header --quiet --upgrade -o requirements.lock

accuracy: setup ## how right the SOPs of the recordings with ground truth are (table)
	$(BIN)/python -m tests.accuracy.run

accuracy-hard: setup ## the same with degraded recordings
	$(BIN)/python -m tests.accuracy.run --hard

bench: setup ## seconds and memory per stage, beside plain decoding and plain speech recognition
	$(BIN)/python -m tests.bench.pipeline

bench-confluence: setup ## requests and seconds per SOP published to Confluence, beside markdown-to-confluence
	$(BIN)/python -m tests.bench.confluence

chromium:
	@test -n "$(CHROMIUM)" || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium; } || { echo "The browser tests need Chromium. On Debian and Ubuntu: apt-get install chromium"; exit 1; }

test-browser: setup chromium ## tests in a real browser
	$(BIN)/pytest -m browser -p no:randomly -n 2 --dist loadfile

screens: setup chromium ## a picture of every page, light, dark and narrow, in var/screens
	$(BIN)/python -m tests.browser.screens

forge: ## build the app for Confluence Cloud (deploy/forge) and check its manifest; SERVICE=https://... puts your address in
	@command -v npm >/dev/null || { echo "The Forge app is built with npm. On Debian and Ubuntu: apt-get install npm"; exit 1; }
	cd deploy/forge && npm ci --ignore-scripts --silent && node build.mjs $(SERVICE) && node validate.mjs

clean: ## remove what was made (not your data)
	rm -rf $(VENV) var deploy/forge/node_modules deploy/forge/static/main/build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
