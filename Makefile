# Freshet. `make` lists the targets.
GO ?= go
GOFLAGS ?=
FUZZTIME ?= 20s
BIN := bin/freshet

HOURS ?= 2

.PHONY: help build demo run test check goals load soak sabotage race fuzz bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/freshet
	$(GO) build -o $(BIN) ./cmd/freshet

demo: build ## build, make an invented bookshop and serve it, with an experiment to try
	$(BIN) demo

run: build ## build and serve ./data
	$(BIN) serve

test: check ## every check and every test, goals at their CI sizes
	FRESHET_GOALS=ci $(GO) test -timeout 20m ./...

# A goal is a test named TestGoal…; it prints a line for each promise it proves.
GOALLINES = awk '/^GOAL /{print; fflush(); n++; if (!/ PASS$$/) bad=1} /^(--- FAIL|FAIL|panic:)/{print; bad=1} END{if (!n) print "no goal was tried"; exit bad || !n}'

goals: ## every promise that a test proves, one line each: figure, target, cases
	@FRESHET_GOALS=ci FRESHET_GOALS_TIMED=1 $(GO) test -count=1 -p 1 -timeout 60m -v -run '^TestGoal' ./... 2>&1 | $(GOALLINES)

load: ## feature values under 200,000 events a second, held against an independent program
	FRESHET_LOAD=full $(GO) test -count=1 -timeout 60m -v -run '^TestFeaturesUnderLoad' ./cmd/freshet

soak: ## the goals for HOURS (default 2) in all
	@goals=$$($(GO) test -list '^TestGoal' ./... | grep -c '^TestGoal'); \
	FRESHET_GOALS=soak FRESHET_GOALS_TIMED=1 FRESHET_GOAL_SECONDS=$$(($(HOURS) * 3600 / goals)) $(GO) test -count=1 -p 1 -timeout 0 -v -run '^TestGoal' ./... 2>&1 | $(GOALLINES)

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

sabotage: ## seeded bugs, each of which the test of a promise must catch
	@$(GO) run ./internal/sabotage

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
