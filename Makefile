# `make` lists what there is.
.DEFAULT_GOAL := help
.PHONY: load load-concurrency endpoint-load help test test-core lint doc demo local conformance artifact properties bench operating-characteristics \
	operating-characteristics-write bench-simulate alarm-to-zero calls-per-tick ci schema roles rights supply

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 34

test: ## All tests that need no other software
	cargo test

test-core: ## The pure core and the simulated AWS only: seconds
	cargo test --no-default-features --lib

CASES ?= 20000
properties: ## The core's properties with CASES cases each (20000), other ones every time: minutes
	PROPTEST_CASES=$(CASES) cargo test --no-default-features --lib propert

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

roles: ## Rewrite src/local/stack/roles.json from template.yaml (after tests/conformance/lint has run once)
	$$(ls -d .venv/lint-translator-* | tail -n 1)/bin/python tests/conformance/template/roles.py . --write

rights: ## Which of the template's rights the functions use: none may lack, none be idle
	cargo build
	tests/conformance/rights target/debug/canary target/debug/functions

supply: ## Licences, sources and versions of what the programs are built from, by deny.toml
	tests/conformance/supply

conformance: ## Against independent software: AWS CLI, boto3, SAM, linters, jsonschema, moto; in environments of its own
	cargo build
	tests/conformance/run target/debug/canary
	tests/conformance/lint
	tests/conformance/schema
	tests/conformance/machine target/debug/canary target/debug/functions

artifact: ## sam build, and the program it makes against its budgets: size, start, memory, beside Python
	tests/conformance/artifact

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
