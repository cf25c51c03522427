# `make` lists what there is.
.DEFAULT_GOAL := help
.PHONY: load load-concurrency endpoint-load help test test-core lint doc demo local conformance artifact properties bench operating-characteristics \
	operating-characteristics-write bench-simulate alarm-to-zero calls-per-tick ci schema roles rights supply explore \
	mutants soak soak-one transcripts

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 34

test: ## All tests that need no other software
	cargo test

test-core: ## The pure core and the simulated AWS only: seconds
	cargo test --no-default-features --lib

CASES ?= 20000
properties: ## The core's properties with CASES cases each (20000), other ones every time: minutes
	PROPTEST_CASES=$(CASES) cargo test --no-default-features --lib propert

SEEDS ?= 20000
FROM ?= 0
soak: ## Whole releases under troubles: SEEDS (20000) of them, from seed FROM (0); MINUTES at most, if given
	cargo run --quiet --profile soak --example soak -- --seeds $(SEEDS) --from $(FROM) --counts $(if $(MINUTES),--minutes $(MINUTES))

soak-one: ## One of them, SEED, told in full; of its troubles only KEEP, if given, such as KEEP=0,3
	cargo run --quiet --profile soak --example soak -- --seed $(SEED) $(if $(KEEP),--keep $(KEEP))

lint: ## Formatting and clippy, warnings are errors
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

doc: ## API documentation, warnings are errors
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

demo: ## Six releases through CodeDeploy on the local AWS: good, bad, an alarm, and three that only counts decide
	cargo run -- demo

local: ## Serve the local AWS at port 4599
	cargo run -- local

schema: ## Rewrite docs/policy.schema.json
	cargo run --quiet -- policy schema > docs/policy.schema.json

transcripts: ## Rewrite tests/it/transcripts, what releases with a story look like: read what changes
	TRANSCRIPTS=rewrite cargo test --example soak stories

roles: ## Rewrite src/local/stack/roles.json from template.yaml (after tests/conformance/lint has run once)
	$$(ls -d .venv/lint-translator-* | tail -n 1)/bin/python tests/conformance/template/roles.py . --write

rights: ## Which of the template's rights the functions use: none may lack, none be idle
	cargo build
	tests/conformance/rights target/debug/canary target/debug/functions

supply: ## Licences, sources and versions of what the programs are built from, by deny.toml
	tests/conformance/supply

conformance: ## Against independent software: AWS CLI, boto3, SAM, linters, jsonschema, moto, LocalStack; in environments of its own
	cargo build
	cargo build --example cloudwatch_conformance
	tests/conformance/run target/debug/canary
	tests/conformance/lint
	tests/conformance/schema
	tests/conformance/machine target/debug/canary target/debug/functions
	tests/conformance/compare target/debug/canary target/debug/examples/cloudwatch_conformance

artifact: ## sam build, and the program it makes against its budgets: size, start, memory, beside Python
	tests/conformance/artifact

MORE ?= 1
explore: ## All states of a rollout that MORE (1) disturbances beyond the usual number lead to: minutes, gigabytes
	EXPLORE_MORE=$(MORE) cargo test --profile bench --no-default-features --lib driver::explore -- \
		--nocapture --test-threads 1

mutants: ## Break the core in one place after the other: does a test notice? An hour
	tests/mutations/run

bench: ## Benchmarks of the core: one tick; and what a tick costs and carries beside its budgets
	cargo bench --no-default-features --bench tick
	cargo bench --no-default-features --bench budgets

operating-characteristics: ## How often the evidence judge is wrong, how soon right: docs/operating-characteristics.md anew, compared
	cargo run --quiet --profile bench --no-default-features --example operating_characteristics

operating-characteristics-write: ## The same, written
	cargo run --quiet --profile bench --no-default-features --example operating_characteristics -- --write

bench-simulate: ## Rehearsed rollouts a second, on one core
	cargo bench --no-default-features --bench simulate

alarm-to-zero: ## From an alarm's change to the weight at 0, 20 times: median and worst
	cargo build
	cargo run --quiet --example alarm_to_zero

calls-per-tick: ## The AWS calls of a release through CodeDeploy: in all, and per tick
	cargo build
	cargo run --quiet --example calls_per_tick

load: ## A thousand rollouts at once under an account's limits: ends, ring to zero, calls a second
	cargo run --quiet --profile soak --example load

load-concurrency: ## A new version that takes all of the account's concurrency: without places for the stepper, and with
	-cargo run --quiet --profile soak --example load -- --rollouts 40 --bad 1 --ring-at 300 --concurrency 1000
	cargo run --quiet --profile soak --example load -- --rollouts 40 --bad 1 --ring-at 300 --concurrency 1000 --reserve 100

endpoint-load: ## Requests a second to the local AWS from one client, and its memory over a day and a half
	cargo build --profile soak --bin canary
	cargo run --quiet --profile soak --example endpoint_load -- target/soak/canary

ci: ## Everything that CI runs
	bash .ci/run
