# „make“ ohne Ziel listet, was es gibt.
PYTHON3 ?= python3
PYTHON := .venv/bin/python
export RASA_TELEMETRY_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help setup run chat ask train evaluate robustness crossvalidate bench encoder embeddings audit knowledge test test-fast soak browser services check format lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## Set everything up: Python environment, dependencies, German model (repeatable)
	@$(PYTHON3) scripts/setup.py

run: setup  ## Train if need be and serve on http://localhost:5005
	@$(PYTHON) -m bot serve

chat: setup  ## Talk to the assistant in the terminal
	@$(PYTHON) -m bot chat

ask: setup  ## Ask one question: make ask Q="Wie gewinne ich die Wirtschaft?"
	@$(PYTHON) -m bot ask "$(Q)"

train: setup  ## Train when something that matters has changed
	@$(PYTHON) -m bot train

evaluate: setup  ## Measure the running assistant: make evaluate [FILES="a.yml b.yml"]
	@$(PYTHON) -m bot evaluate --misses $(FILES)

robustness: setup  ## Ask the running assistant the same questions written differently
	@$(PYTHON) -m bot robustness

crossvalidate: setup  ## Train and test on different writers, with the learning curve (many minutes)
	@$(PYTHON) -m bot crossvalidate

# Needs PyTorch, in an environment of its own, and 20 minutes on two idle cores.
encoder: setup  ## Fine-tune the encoder on the sample sentences anew, and compute their vectors
	@test -d .venv-encoder || $(PYTHON3) -m venv .venv-encoder
	@.venv-encoder/bin/python -m pip install -q -r scripts/encoder/requirements.txt
	@mkdir -p .lotse && $(PYTHON) scripts/encoder/examples.py > .lotse/examples.jsonl
	@model=$$($(PYTHON) -c "from bot.encoder.packed import package_file; print(package_file())") && \
	  .venv-encoder/bin/python scripts/encoder/finetune.py .lotse/examples.jsonl "$$model" \
	    data/encoder/tuned.npz $(HOLD_OUT) && \
	  .venv-encoder/bin/python scripts/encoder/network.py "$$model"
	@$(PYTHON) scripts/embeddings.py

embeddings: setup  ## Store words and vectors of new sample sentences with the project
	@$(PYTHON) scripts/words.py
	@$(PYTHON) scripts/embeddings.py

bench: setup  ## Compare speed and memory with a stock Rasa assistant, alone on the machine
	@$(PYTHON) -W ignore -m benchmarks.compare

knowledge: setup  ## Check the knowledge base
	@$(PYTHON) -m bot knowledge check

# The browser's event loop would be in the way of other tests, so it has a process of its own.
test: setup check  ## Run all tests
	@$(PYTHON) -m pytest -m "not browser and not soak"
	@$(PYTHON) -m pytest -m browser

test-fast: setup  ## Run the tests that need neither training nor a browser (a few minutes)
	@$(PYTHON) -m pytest -m "not rasa and not browser and not soak"

browser:  ## Install Chromium for the browser tests, if it is missing (Debian, as root)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }

services:  ## Install PostgreSQL, Redis and nginx for the tests with them, if missing (Debian, as root)
	@{ command -v redis-server && ls /usr/lib/postgresql/*/bin/postgres && ls /usr/sbin/nginx; } >/dev/null 2>&1 || { \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql redis-server nginx openssl systemd; }

soak: setup  ## Run the long tests: attacks, load, killed processes: make soak [MINUTES=30]
	@LOTSE_SOAK_MINUTES=$(or $(MINUTES),10) $(PYTHON) -m pytest -m soak -s

check: setup  ## Lint, formatting, types
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

format: setup  ## Format the code
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

audit: setup  ## Look all locked packages up in the database of known weaknesses (needs the internet)
	@$(PYTHON) -m venv .lotse/audit && .lotse/audit/bin/python -m pip install --quiet pip-audit
	@.lotse/audit/bin/pip-audit --strict --no-deps --disable-pip -r requirements.lock --desc off

lock:  ## Resolve the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-annotate \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --extra dev pyproject.toml --output-file requirements.lock --quiet

clean:  ## Remove everything that setup and training made
	rm -rf .venv .lotse .rasa models results .pytest_cache .mypy_cache .ruff_cache
