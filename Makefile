# `make help` explains the targets. On a fresh machine only Python 3.11 or later, git and make are needed.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
CODE := services infra tests

# Options of `make day` and `make test`; see `make help`.
T ?= tests
VISITS ?= 200
SEED ?= 7
PORT ?= 8080

# Compiled modules are kept whatever the shell says: without them each process of a stack and of the tests compiles its own code anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help day run status reset test test-fast deep-test hostile-test lint format protos promises assets texts browser-test tour chaos observe bench load fortnight charts images images-test cluster-test clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-13s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make day PATIENTS=<dir of FHIR R4 bundles> VISITS=$(VISITS) SEED=$(SEED) CHAOS=1 KEEP=1"
	@echo "  make run PORT=$(PORT)    make test T=tests/billing"

day: protos assets ## Live one clinic day through every service, prove the books, leave the files in out/day
	@$(BIN)/python -m infra.day --visits $(VISITS) --seed $(SEED) $(if $(PATIENTS),--patients "$(PATIENTS)") $(if $(CHAOS),--chaos) $(if $(KEEP),--keep)

run: protos assets ## Start the whole system, seeded, and keep it up until Ctrl-C (data in .data/run)
	@$(BIN)/python -m infra.local run --port-base $(PORT)

status: .venv/.installed ## One screen of health of what `make run` has started
	@$(BIN)/python -m infra.local status --port-base $(PORT)

reset: .venv/.installed ## Empty what `make run` has kept
	@$(BIN)/python -m infra.local reset

# What has a target of its own, and is in none of the others.
APART := not load and not images and not browser and not hostile

test: protos assets ## Run the tests, a few minutes on two cores (T=path::name runs a part)
	$(BIN)/pytest -q -n auto --dist loadfile -m "$(APART) and not deep" $(T)

test-fast: protos assets ## Run the tests that take seconds: domains, contracts, services; not journeys, chaos, browser
	$(BIN)/pytest -q -n auto --dist loadfile -m "$(APART) and not deep and not slow and not journey" $(T)

deep-test: protos assets ## Run what `make test` keeps a piece of, whole: every role, way and seed, large crowds, long searches, stacks of their own
	$(BIN)/pytest -q -n auto --dist loadfile -m "$(APART) and deep" $(T)

hostile-test: protos ## Send every RPC what a stranger's program might: it answers or refuses by field, and never stumbles
	$(BIN)/pytest -q -n auto -m hostile tests/contracts

browser-test: protos assets ## Drive the pages in Chromium on a running, seeded system, at both widths (CHROMIUM=/usr/bin/chromium; shots in out/screens)
	$(BIN)/pytest -q -m browser tests/browser

tour: protos assets ## Walk over every page as everybody who has one: dead links, errors, untranslated texts, axe; pictures in out/screens/tour (URL=, ONLY=owner,patient, PART=2/4)
	$(BIN)/python -m infra.tour $(if $(URL),--url $(URL)) $(if $(ONLY),--only $(ONLY)) $(if $(PART),--part $(PART))

lint: protos ## Style, types and the borders between packages
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy -p chassis $(foreach service,$(SERVICES),-p $(service).domain -p $(service).usecases)
	$(BIN)/lint-imports --config .importlinter

format: .venv/.installed ## Put the code into the house's shape
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

protos: .venv/.installed ## Generate Python from the contracts into build/protos (only when one has changed)
	@$(BIN)/python -m infra.protos

promises: protos ## Add to protos/promised what the contracts say since the last time; refused while something promised is gone
	@$(BIN)/python -m infra.promises

chaos: protos ## Hurt a running stack under load in every way for a quarter of an hour, and prove it after each (ONLY=kill-*, SEED=)
	@$(BIN)/python -m infra.chaos --seed $(SEED) $(if $(ONLY),--only "$(ONLY)")

assets: .venv/.installed ## Build the pages' styles, scripts and texts (only when one has changed)
	@$(BIN)/python -m infra.assets

texts: .venv/.installed ## Collect the pages' texts into their catalogues, to be translated
	@$(BIN)/python -m infra.texts

observe: protos ## Live the day with a telemetry receiver, then look for every patient in all that was told
	@$(BIN)/python -m infra.observability.day --visits $(VISITS) --seed $(SEED) $(if $(PATIENTS),--patients "$(PATIENTS)")

bench: protos ## Measure, each figure beside its limit, into out/bench (ONLY="store slot-engine")
	$(BIN)/python -m tests.load $(ONLY)

load: protos ## A morning of 200 clinics: latencies, CPU and statements by request, growth to a million patients, into out/load (ONLY="reads mixed")
	@$(BIN)/python -m infra.load $(ONLY) $(LOAD)

fortnight: protos ## Two weeks of a network of 200 providers in simulated time, proved at the end, into out/fortnight (LIFE="--providers 20 --days 3")
	@$(BIN)/python -m infra.fortnight --seed $(SEED) $(LIFE)

charts: .venv/.installed ## Lint and package the Helm charts into out/charts
	$(BIN)/python -m infra.cluster.charts

images: protos assets ## Build every service's container image with podman or docker (BASE=local: base from Debian packages; PREFIX=, TAG=)
	$(BIN)/python -m infra.images build $(if $(BASE),--base $(BASE)) $(if $(PREFIX),--prefix $(PREFIX)) $(if $(TAG),--tag $(TAG))

images-test: protos assets ## Build the images with podman here and run each of them (as root, with podman and mmdebstrap)
	$(BIN)/pytest -q -m images tests/images

cluster-test: protos assets ## Install on the cluster of your kubeconfig and live a clinic day there (IMAGES=<registry/prefix->, TAG=)
	$(BIN)/python -m infra.cluster $(if $(IMAGES),--images $(IMAGES)) $(if $(TAG),--tag $(TAG)) --visits $(VISITS) --seed $(SEED) $(if $(KEEP),--keep)

clean: ## Delete everything that was made here: environment, generated code, data, results
	rm -rf .venv build out .data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

SERVICES := identity patient_registry scheduling billing notifications telehealth

# A stamp, so that later runs are instant; a changed lock file or project file makes it again.
.venv/.installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; found: $(PYTHON)"; exit 1; }
	@test -x $(BIN)/python || { echo "Making the virtual environment …"; $(PYTHON) -m venv .venv; }
	@echo "Installing locked dependencies …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
