# The commands a person types. `make` alone lists them.

WEB := services/frontend/web
E2E := tests/e2e
BIN := target/release/userstream
WEB_SOURCES := $(shell find $(WEB) -path $(WEB)/node_modules -prune -o -path $(WEB)/dist -prune -o -path $(WEB)/src/shared/api/generated -prune -o -type f -print) \
               $(wildcard crates/domain/validation/*.json docs/openapi/*.json)

.DEFAULT_GOAL := help
.PHONY: help build run test test-compose fuzz lint demo bench growth crash web openapi lighthouse screenshots

help: ## Lists these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Builds what is missing and starts everything at http://localhost:3000
	@./$(BIN) up

build: web ## Builds the release binary, the web app inside it
	@test -x $(BIN) || echo "==> Compiling UserStream. The first time takes some minutes; later it is seconds."
	@cargo build --release --locked --package userstream

web: $(WEB)/dist/index.en.html

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json
	@echo "==> Installing what the web app is built with"
	@cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB)/dist/index.en.html: $(WEB)/node_modules/.installed $(WEB_SOURCES)
	@echo "==> Building the web app"
	@cd $(WEB) && npm run --silent build
	@touch $@

test: web ## Sets up what the tests need and runs them all
	@scripts/install-test-tools
	@scripts/install-fuzzer
	@echo "==> Testing the web app"
	@cd $(WEB) && npm test --silent
	@echo "==> Testing the crates, the services and the whole system"
	@cargo test --locked --workspace
	@echo "==> Testing in the browser, on the binary that the tests before have built"
	@cd $(E2E) && npm ci --no-audit --no-fund --loglevel=error && npm test --silent

lint: web ## Checks formatting, lints, documentation and who may know whom
	@echo "==> Checking the Rust code"
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items --quiet
	@echo "==> Checking who knows whom"
	@node scripts/check-layers.mjs
	@echo "==> Checking the web app"
	@cd $(WEB) && npm run --silent lint
	@cd $(E2E) && npm ci --no-audit --no-fund --loglevel=error && npm run --silent lint

test-compose: ## Brings the containers of docker-compose.yml up for real and uses them
	@node tests/compose/run.mjs

fuzz: web ## Fuzzes all five services by their API documents, longer than `make test` does
	@scripts/install-fuzzer
	@FUZZ_CASES=100 cargo test --locked --package userstream --test fuzz

demo: build ## Imports 100,000 people into a throw-away folder, mails and reports them, checks all three
	@cargo run --release --locked --quiet --package userstream-benches --bin demo -- $(BIN)

bench: build ## Measures, each figure as a ratio beside its limit or peer of the same run
	@scripts/install-test-tools postfix
	@cargo run --release --locked --quiet --package userstream-benches --bin bench -- $(BIN)

growth: build ## Measures how the system of many processes grows: up to a million people, and a million messages waiting
	@scripts/install-test-tools
	@cargo run --release --locked --quiet --package userstream-benches --bin bench -- $(BIN) growth

crash: build ## Kills, cuts and stalls everything under load, and counts what is lost or doubled: nothing
	@scripts/install-test-tools
	@cargo run --release --locked --quiet --package userstream-crash --bin crash -- $(BIN)

openapi: ## Writes docs/openapi anew, from which the console makes its types
	@WRITE_OPENAPI=1 cargo test --locked --quiet --package userstream --test openapi

lighthouse: web ## Has Lighthouse judge the public page: 95 of 100 in each category
	@scripts/install-test-tools
	@cargo build --locked --package userstream
	@cd tests/lighthouse && npm ci --no-audit --no-fund --loglevel=error
	@cd $(E2E) && npm ci --no-audit --no-fund --loglevel=error && npm run --silent lighthouse

screenshots: web ## Takes a picture of every page, light and dark, on a phone and a desk
	@scripts/install-test-tools
	@cargo build --locked --package userstream --package userstream-queue --bins --examples
	@cd $(E2E) && npm ci --no-audit --no-fund --loglevel=error && npm run --silent screenshots
