# Freshet. `make` lists the targets.
GO ?= go
GOFLAGS ?=
FUZZTIME ?= 20s
BIN := bin/freshet

.PHONY: help build demo run test check race fuzz bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/freshet
	$(GO) build -o $(BIN) ./cmd/freshet

demo: build ## build, make an invented bookshop and serve it, with an experiment to try
	$(BIN) demo

run: build ## build and serve ./data
	$(BIN) serve

test: check ## every check and every test
	$(GO) test ./...

check: ## format, vet, linters, import walls
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) tool errcheck -exclude .errcheck ./...
	$(GO) tool ineffassign ./...
	$(GO) tool go-errorlint ./...
	$(GO) tool misspell -error -i embeded $$(git ls-files '*.go' '*.md')
	$(GO) test ./internal/importtest

race: ## every test under the race detector
	$(GO) test -race ./...

fuzz: ## each fuzz target for FUZZTIME (default 20s)
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$pkg; \
	  done; done

bench: ## every benchmark, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...
