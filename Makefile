# `make` alone lists what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PORT ?= 4566
PYTHON ?= python3
REPORTS ?= 100000
MESSAGES ?= 1000000
MODE ?= webhooks
SECONDS ?= 600
bin := .venv/bin
unit := $(bin)/pytest -m unit -n auto --dist worksteal
# In the order of the alphabet: the longest files have the fewest tests, and would come last.
slow := $(bin)/pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder --durations 15
emulator := $(bin)/pytest -m emulator -n auto --maxprocesses 4 --dist loadfile
sam := .venv-sam/bin/sam
checkov := .venv-checkov/bin/checkov
names := $(basename $(notdir $(sort $(wildcard layers/dlr/dlr/providers/*.csv))))
providers := $(shell echo $(names) | tr ' ' ,)
groups := $(shell sed -n '/^\[dependency-groups\]/,/^\[tool/s/^\([a-z0-9]*\) = \[.*/\1/p' pyproject.toml)
deployed := layers/dlr/requirements.txt layers/duckdb/requirements.txt $(sort $(wildcard functions/*/*.txt))
locks := $(sort $(wildcard requirements-*.txt)) $(deployed)
sources := layers/dlr/dlr functions local bench cli
dlr := PYTHONPATH=layers/dlr:cli $(bin)/python -m dlr_cli
# Without STACK a command works on what `make run` runs, and on nobody's account. An empty one is refused.
stack := $(if $(filter undefined,$(origin STACK)),,--stack "$(STACK)")
compile := $(bin)/uv pip compile --quiet --universal --generate-hashes --custom-compile-command 'make lock'
export SAM_CLI_TELEMETRY := 0
# Without bytecode every process of the tests compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPATH := layers/dlr
export pip := $(CURDIR)/$(bin)/python -m pip

.PHONY: help setup run demo smoke codes load sam-local rehearse test test-unit test-emulator test-slow sdks test-browser screenshots first-view vendor faults kill fuzz check lint build bench month docs lock lock-check audit sbom clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: .venv/ready ## make the project's environment in .venv (Python 3.11 or newer)

run: .venv/ready ## run everything on this machine, until Ctrl-C (PORT=4566 PARAMETERS="SmppErrTable=gsm")
	@exec $(bin)/python -m local run --port $(PORT) $(PARAMETERS)

demo: .venv/ready ## replay events/ and some traffic through the webhooks, show every hop
	@exec $(bin)/python -m local demo

smoke: .venv/ready ## send a made-up message through every hop of a deployed stack, clean up (STACK=dlr PROVIDER=twilio; without STACK: `make run`)
	@$(dlr) smoke $(stack) $(if $(PROVIDER),--provider $(PROVIDER))

codes: .venv/ready ## print what every status and code of PROVIDER leads to
	@$(bin)/python -m dlr codes $(PROVIDER)

load: .venv/ready ## send REPORTS=100000 made-up requests, check every stored message (MODE=webhooks or in-process)
	@exec $(bin)/python -m bench.load --reports $(REPORTS) --mode $(MODE)

test: .venv/ready ## run the tests: first those that need no embedded AWS, then the others (CI=true: with coverage)
	$(unit) $(if $(CI),--cov --cov-report=)
	$(emulator) $(if $(CI),--cov --cov-append --cov-report=term-missing)

test-unit: .venv/ready ## run the tests that need no embedded AWS
	$(unit)

test-emulator: .venv/ready ## run the tests on the embedded AWS; each process starts its own
	$(emulator)

test-slow: .venv/ready sdks ## run the long tests: faults, kills, grants, the API's description, the vendors' SDKs
	$(slow)

test-browser: .venv/ready .venv-browser/ready local/vendor/node_modules/ready ## look at the console in Chromium: each page, each act (SHOTS=folder keeps the pictures)
	PYTHONPATH=layers/dlr:.venv-browser $(bin)/pytest -m browser -n auto --maxprocesses 4 tests/browser

screenshots: .venv/ready .venv-browser/ready ## write the pictures of the console in docs/pictures again
	PYTHONPATH=layers/dlr:.venv-browser $(bin)/python -m tests.browser.screenshots

first-view: .venv/ready .venv-browser/ready ## measure how long until the console can be used, beside a bare page
	PYTHONPATH=layers/dlr:.venv-browser $(bin)/python -m bench.first_view

vendor: local/vendor/node_modules/ready ## write the console's vendor.js anew, from npm
	cd local/vendor && npm run --silent build

sdks: .venv/ready .venv-sdks/ready ## hold our verifiers against the vendors' SDKs, print what each accepts and refuses
	@$(bin)/pytest -q -s -m unit tests/test_signatures.py
	@.venv-sdks/bin/python -W ignore tests/sdks.py

faults: .venv/ready ## let each call to AWS fail in each way, show who retries it and that nothing is lost
	$(bin)/pytest -m slow tests/test_faults.py

kill: .venv/ready ## kill functions while they handle 2,000 reports, check that none is lost
	$(bin)/pytest -m slow tests/test_kill.py

fuzz: .venv-fuzz/ready ## let atheris try each provider's parser for SECONDS=600
	.venv-fuzz/bin/python -m bench.fuzz $(SECONDS)

sam-local: .venv/ready $(sam) ## run the built functions in containers, by sam local, on every recorded request
	@exec $(bin)/python -m local sam-local

rehearse: .venv/ready $(sam) ## sam deploy, change the providers, sam delete, on the embedded AWS
	@exec $(bin)/python -m local rehearse

check: test lint build ## everything that must be green: tests, lint, types, template, build

lint: .venv/ready $(sam) $(checkov)
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy $(sources)
	AWS_DEFAULT_REGION=us-east-1 $(sam) validate --lint
	$(bin)/python -m local.template .aws-sam/written-out.json
	$(checkov) --config-file .checkov.yaml --file .aws-sam/written-out.json

build: .venv/ready $(sam) ## build what `sam deploy` uploads, and check it
	$(sam) build --parameter-overrides Providers=$(providers)
	$(bin)/pytest --quiet -m built tests/test_built.py

bench: .venv/ready .venv-bench/ready build ## measure time and cost beside the alternatives; writes docs/performance.md
	$(bin)/python -m bench .venv-bench $(if $(CI),,--keep)

month: .venv/ready ## search and count a made-up month of MESSAGES=1000000, as multiples of a bare GetItem
	@exec $(bin)/python -m bench.month --messages $(MESSAGES)

docs: .venv/ready ## write what the documentation takes from the code
	$(bin)/python -m local.docs

# Writes every lock; options of uv come first, then the folder to write under.
define write_locks
	$(compile) $(1) pyproject.toml --group dev --python-version 3.11 -o $(2)requirements-dev.txt
	$(compile) $(1) pyproject.toml -c requirements-dev.txt --python-version 3.13 -o $(2)layers/dlr/requirements.txt
	$(compile) $(1) --group duckdb -c requirements-dev.txt --python-version 3.13 -o $(2)layers/duckdb/requirements.txt
	for name in $(filter $(names),$(groups)); do \
		$(compile) $(1) --group $$name -c requirements-dev.txt --python-version 3.13 -o $(2)functions/ingest/$$name.txt || exit 1; done
	$(compile) $(1) --group authorizer -c requirements-dev.txt --python-version 3.13 -o $(2)functions/authorizer/requirements.txt
	$(compile) $(1) pyproject.toml --group fuzz -c requirements-dev.txt --python-version 3.11 -o $(2)requirements-fuzz.txt
	$(compile) $(1) pyproject.toml --group sdks -c requirements-dev.txt --python-version 3.11 -o $(2)requirements-sdks.txt
	$(compile) $(1) --group sam --python-version 3.11 -o $(2)requirements-sam.txt
	$(compile) $(1) --group checkov --python-version 3.11 -o $(2)requirements-checkov.txt
	$(compile) $(1) --group audit --python-version 3.11 -o $(2)requirements-audit.txt
	$(compile) $(1) --group bench -c requirements-dev.txt --python-version 3.13 -o $(2)requirements-bench.txt
	$(compile) $(1) --group browser --python-version 3.11 -o $(2)requirements-browser.txt
	$(compile) $(1) --group runtime -c requirements-dev.txt --python-version 3.13 -o $(2)requirements-runtime.txt
endef

lock: .venv/ready ## choose new versions of everything this project needs
	$(call write_locks,--upgrade,)

lock-check: .venv/ready ## check that the locks hold what pyproject.toml asks for
	@rm -rf dist/locks
	@for each in $(locks); do mkdir -p dist/locks/$$(dirname $$each) && cp $$each dist/locks/$$each || exit 1; done
	$(call write_locks,,dist/locks/)
	@status=0; for each in $(locks); do diff -u $$each dist/locks/$$each || status=1; done; \
		test $$status = 0 || echo "These locks are not what pyproject.toml asks for: make lock" >&2; exit $$status

audit: .venv/ready .venv-audit/ready ## ask for known vulnerabilities of everything in the locks
	$(bin)/python -m local.audit --pip-audit .venv-audit/bin/pip-audit $(locks)

sbom: .venv/ready .venv-audit/ready ## write dist/sbom.json, the packages that a deployment carries (CycloneDX)
	@mkdir -p dist
	cat $(deployed) | .venv-audit/bin/cyclonedx-py requirements --pyproject pyproject.toml --short-PURLs \
		--output-reproducible --output-format JSON --output-file dist/sbom.json -
	$(bin)/python -m local.audit --sbom dist/sbom.json $(deployed)

clean: ## remove the environments, the builds and the local data
	rm -rf .venv .venv-* local/vendor/node_modules .aws-sam .local dist

.venv/ready: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(bin)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

.venv-fuzz/ready: requirements-fuzz.txt
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# Packages only: pytest comes from .venv. The browser is Debian's, which is installed where it is missing.
.venv-browser/ready: requirements-browser.txt | .venv/ready
	test -x /usr/bin/chromium || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }
	rm -rf .venv-browser
	$(bin)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target .venv-browser -r $<
	@touch $@

local/vendor/node_modules/ready: local/vendor/package-lock.json
	cd local/vendor && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.venv-sdks/ready: requirements-sdks.txt
	$(PYTHON) -m venv .venv-sdks
	.venv-sdks/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

.venv-audit/ready: requirements-audit.txt
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# Each of these two pins another boto3 than the embedded AWS: an environment of its own.
$(sam): requirements-sam.txt
$(checkov): requirements-checkov.txt
$(sam) $(checkov):
	$(PYTHON) -m venv $(dir $(@D))
	$(@D)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

.venv-bench/ready: requirements-bench.txt | .venv/ready
	"$$($(bin)/python -m local.runtime)" -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@
