# What a person or a script does with this workspace. `make` alone lists the targets.
# Nothing is installed by hand: what a target needs beyond Rust, make and python3 with pip, it fetches into .tools/.

.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := /bin/sh

CARGO ?= cargo
# Which data `corpus` runs over, which form of `soak` and `simulate`, which copy of the advisory database `audit` reads.
DATA ?=
FORM ?= short
ADVISORIES ?=
SOAK ?=
# Which parts of `bench` run (all when empty), and over which folder of mails instead of mails of our own.
PARTS ?=
CORPUS ?=
# What `fuzz` begins with, how long each target runs or how often; which sample `mutants` draws.
SEEDS ?=
SECONDS ?= 60
RUNS ?=
TARGETS ?=
SEED ?= 1
COUNT ?= 200
IMAGE ?= redress:local
# How many requests an operation `api-check` sends.
CASES ?= 50

# The nats-server to run on. Asked for by the recipes that need it, so that `make` alone fetches nothing.
PINNED = NATS_SERVER="$$(tools/nats.sh --pinned)" && export NATS_SERVER
RECENT = NATS_SERVER="$$(tools/nats.sh)" && export NATS_SERVER

# Fail points, which the program has only here: `test`, `soak` and `deploy-check` share what is built.
FAULTS = --features redress/failpoints

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## The whole story on the terminal, with deadlines of seconds; ends by itself
	@$(RECENT) && $(CARGO) build --locked -p redress -p redress-tests --bins && $(CARGO) run --locked --quiet -p redress-tests --bin demo

.PHONY: up
up: ## Run every service with the example settings, until Ctrl-C
	@$(RECENT) && $(CARGO) build --locked -p redress && $(CARGO) run --locked --quiet -p redress -- --config deploy/redress.example.toml up

TESTS = $(CARGO) test --workspace --lib --bins --tests --locked $(FAULTS)

# The pages in a real browser, by the program that was built last.
BROWSER = REDRESS="$${CARGO_TARGET_DIR:-target}/debug/redress" tests/browser/run.sh

# Documentation holds no examples to run (the crates are not published), so nothing is built for them.
.PHONY: test
test: ## All tests, on the pinned nats-server; says which real servers, or browser, are missing and skipped
	@for server in dovecot clamd; do \
		if PATH="$$PATH:/usr/sbin" command -v $$server >/dev/null 2>&1; then echo "real server: $$server is here"; \
		else echo "real server: $$server is missing; its tests are skipped"; fi; \
	done
	@$(PINNED) && echo "real server: $$NATS_SERVER" && { failed=0; $(TESTS) --no-fail-fast || failed=1; $(BROWSER) || failed=1; exit $$failed; }

.PHONY: browser
browser: ## The pages in a real browser (Chromium, node, npm), with pictures of them in target/browser/
	@$(PINNED) && $(CARGO) build --locked $(FAULTS) --bin redress && $(BROWSER)

# What `test` runs, built and not run: CI does other work beside the running tests, which mostly wait.
.PHONY: test-build
test-build:
	@$(TESTS) --no-run

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: fmt-check
fmt-check:
	$(CARGO) fmt --all --check

.PHONY: lint
lint:
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

.PHONY: doc
doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --workspace --locked

.PHONY: check
check: ## Format, lints, tests, docs; CI runs the simulator and the soak besides
	@$(MAKE) --no-print-directory fmt-check
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory doc

.PHONY: corpus
corpus: ## RESULT lines over real data: make corpus DATA=<folder> [PART=words|deadlines|phone|social|system]
	@test -n "$(DATA)" || { echo "usage: make corpus DATA=<folder>" >&2; exit 2; }
	@test -d "$(DATA)" || { echo "make corpus: $(DATA) is no folder" >&2; exit 2; }
	@$(PINNED) && $(CARGO) build --release --locked -p redress -p redress-tests --bins && $(CARGO) run --release --locked --quiet -p redress-tests --bin corpus -- "$(DATA)" $(PART)

.PHONY: bench
bench: ## RESULT lines about speed, as ratios to bare loops: make bench [PARTS="story paced"] [CORPUS=<folder of mails with manifest.jsonl>]
	@$(PINNED) && $(CARGO) build --release --locked -p redress -p redress-tests --bins && $(CARGO) run --release --locked --quiet -p redress-tests --bin bench -- $(if $(CORPUS),--corpus "$(CORPUS)",) $(PARTS)

# The short form runs what `make test` built, so that CI builds once; the long one is optimised, and is written down.
SOAK_PROFILE = $(if $(filter long,$(FORM)),--release,) $(FAULTS)
SOAK_APPEND = $(if $(filter long,$(FORM)),--append docs/verification.md,)
# Due times against a count of minutes: `make test` tries 2,000, a long soak of everything many more.
SOAK_RULES = $(if $(filter long,$(FORM)),$(if $(SOAK),,PROPTEST_CASES=100000 $(CARGO) test --release --locked -p redress-domain --test rules business_time && ),)

.PHONY: soak
soak: ## Faults on real processes: make soak FORM=short|long [SOAK="--seed 7 kills points"]
	@$(SOAK_RULES)$(PINNED) && $(CARGO) build $(SOAK_PROFILE) --locked --bin redress --bin soak && $(CARGO) run $(SOAK_PROFILE) --locked --bin soak -- --form "$(FORM)" $(SOAK_APPEND) $(SOAK)

.PHONY: test-bluesky
test-bluesky: ## The social channel against a whole Bluesky network on this machine: make test-bluesky [FORM=long]
	@tools/bluesky-network.sh --install && $(MAKE) --no-print-directory soak FORM=$(FORM) SOAK=bluesky

.PHONY: snapshots
snapshots: ## Review changed snapshots one by one
	@if $(CARGO) insta --version >/dev/null 2>&1; then $(CARGO) insta review; else \
		find crates tests -name '*.snap.new' -print; \
		echo "each stands beside the file it would replace; move it over, or: cargo install cargo-insta && cargo insta review"; \
	fi

.PHONY: simulate
simulate: ## The rules under every order of events: make simulate FORM=short|long [SOAK="--seed 7"]
	@$(CARGO) run $(SOAK_PROFILE) --locked --quiet -p redress-tests --bin simulator -- --form "$(FORM)" $(SOAK)

.PHONY: fuzz
fuzz: ## Parsers and decoders under libFuzzer: make fuzz [SEEDS=<folder>] [SECONDS=60 | RUNS=10000000] [TARGETS="mail form"]
	@SEEDS="$(SEEDS)" SECONDS_EACH="$(SECONDS)" RUNS="$(RUNS)" tools/fuzz.sh $(TARGETS)

.PHONY: fuzz-changes
fuzz-changes: ## Seeds and changes of them without libFuzzer: make fuzz-changes [SECONDS=60] [TARGETS=mail]
	@$(CARGO) run $(FAULTS) --locked --quiet -p redress-tests --bin fuzz -- --seconds "$(SECONDS)" $(or $(TARGETS),mail)

.PHONY: mutants
mutants: ## Small changes of the rules, counted when tests notice: make mutants [SEED=1] [COUNT=200]
	@tools/mutants.sh "$(SEED)" "$(COUNT)"

.PHONY: audit
audit: ## Licences, sources and advisories of the dependencies: make audit [ADVISORIES=<folder>|none]
	@PATH="$$(tools/cargo-tool.sh cargo-deny):$$PATH" ADVISORIES="$(ADVISORIES)" tools/audit.sh

.PHONY: image
image: ## Container image (IMAGE=redress:local)
	docker build --file deploy/Dockerfile --tag "$(IMAGE)" .

.PHONY: api-check
api-check: ## The API against its own description (schemathesis): make api-check [CASES=500]
	@$(PINNED) && $(CARGO) build --locked $(FAULTS) --bin redress && REDRESS="$${CARGO_TARGET_DIR:-target}/debug/redress" tools/api-check.sh $(CASES)

.PHONY: deploy-check
deploy-check: ## Parse every file under deploy/
	@$(PINNED) && REDRESS="$(CARGO) run --locked --quiet $(FAULTS) --manifest-path $(CURDIR)/Cargo.toml --bin redress --" tools/deploy-check.sh
