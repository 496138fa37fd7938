# `make check` is what CI runs. Go is enough for build, test, bench and demo;
# gen and what checks it also use pip, for the .proto files in third_party.

GO        ?= go
PYTHON    ?= python3
FUZZTIME  ?= 10s
# What `make torture` breaks of Neo4j: connections, Neo4j itself, processes that
# write; about an hour on two cores.
CUTS      ?= 4000
KILLS     ?= 200
CHILDREN  ?= 1000
# What `make bench` adds, for example BENCHFLAGS='-count=10'.
BENCHFLAGS ?=
# What `make demo` hands on to `cairn demo`.
ARGS      ?=

BUF  := $(GO) tool -modfile=tools.mod buf
LINT := $(GO) tool -modfile=tools.mod golangci-lint

# The .proto files that ours import. Move PROTOVALIDATE together with the
# requirement on buf.build/gen/go/bufbuild/protovalidate in go.mod.
PROTOVALIDATE     := v1.2.2
GOOGLEAPIS        := 1.76.0
GOOGLEAPIS_SHA256 := 59e13344a9f3651aa201a03e2bee815a3bf43a4baf1f9ff8a9b62a840ce25fac
GOOGLEAPIS_FILES  := api/annotations api/field_behavior api/http api/httpbody rpc/code rpc/error_details rpc/status
THIRD_PARTY       := third_party/.$(PROTOVALIDATE)-$(GOOGLEAPIS)

# The folders of the packages that have a function of this kind: go test links
# a binary for every package it is given, so it is given only these.
with = $$(grep -rlE '^func $(1)[A-Z0-9_]?[A-Za-z0-9_]*\(' --include='*_test.go' --exclude-dir=gen . | xargs -rn1 dirname | sort -u)

# What a test needs of the system, where make may install it.
APT_INSTALL := [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y

.DEFAULT_GOAL := build
# Packages without goroutines: their tests need no race detector, which makes
# them several times slower.
PURE := ./exchange ./pathway ./docs/... ./tools/...
# What takes minutes with the race detector gets it in part. Every line of a
# transcript is a process of its own, which it makes start ten times slower; and
# Neo4j's driver has a race of its own when it loses a server (v5.28.4, router).
COMMAND := ./cmd/... ./graph/neo4jstore/...
# What breaks a real Neo4j takes minutes; make faults runs it, and torture more of it.
FAULTS  := Test(Cuts|KillNeo4j|Servers|KilledServers|Away|Silence|ReadWhileWritten)$$
RACY    := Interrupted|Bar|TestTranscripts/(serve|streams|import)$$

.PHONY: build gen gen-check third_party test faults test-deps lint buf-lint tidy-check fuzz bench bench-neo4j torture demo neo4j neo4j-stop check clean

## build: put the binaries into bin/
build:
	$(GO) build -trimpath -o bin/ ./cmd/...

## gen: make gen/ from proto/
gen: third_party
	$(BUF) generate

## gen-check: fail when gen/ is not what proto/ gives
gen-check: third_party
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && \
	$(BUF) generate -o "$$out" && \
	diff -r "$$out/gen" gen || { echo "gen/ is not what proto/ gives: run make gen and commit gen/" >&2; exit 1; }

## third_party: fetch the .proto files that ours import
third_party: $(THIRD_PARTY)

$(THIRD_PARTY):
	rm -rf third_party
	@mkdir -p third_party/buf/validate third_party/google/api third_party/google/rpc
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && set -e && \
	dir=$$(cd "$$tmp" && $(GO) mod download -json github.com/bufbuild/protovalidate@$(PROTOVALIDATE) | sed -n 's/.*"Dir": "\(.*\)",/\1/p') && \
	cp "$$dir/proto/protovalidate/buf/validate/validate.proto" third_party/buf/validate/ && \
	echo "googleapis-common-protos==$(GOOGLEAPIS) --hash=sha256:$(GOOGLEAPIS_SHA256)" >"$$tmp/wheel.txt" && \
	$(PYTHON) -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$$tmp" -r "$$tmp/wheel.txt" && \
	$(PYTHON) -m zipfile -e "$$tmp"/*.whl "$$tmp/wheel" && \
	for f in $(GOOGLEAPIS_FILES); do cp "$$tmp/wheel/google/$$f.proto" third_party/google/$${f%/*}/; done
	@chmod -R u+w third_party
	@touch $@

## test: every test, with the race detector and in random order
test: test-deps
	$(GO) test -shuffle=on -timeout 20m -skip '$(FAULTS)' $(PURE) $(COMMAND)
	$(GO) test -race -shuffle=on ./cmd/... -run '$(RACY)'
	$(GO) test -race -shuffle=on -timeout 20m $$($(GO) list ./... | grep -vxF "$$($(GO) list $(PURE) $(COMMAND))")

## faults: cut, kill and silence a real Neo4j and those who write to it
faults: test-deps
	CAIRN_CI=1 $(GO) test -v -timeout 20m ./graph/neo4jstore -run '$(FAULTS)'

# The crash tests watch system calls with strace; the tests of Neo4j start one
# with Java and Maven, whose jars are fetched here, once. Without them those
# tests skip and say so; with CAIRN_CI=1 those of Neo4j fail.
test-deps:
	@command -v strace >/dev/null || { $(APT_INSTALL) strace; } >/dev/null 2>&1 || true
	@[ -n "$$CAIRN_TEST_NEO4J_URI" ] || { command -v java && command -v mvn; } >/dev/null || \
		{ $(APT_INSTALL) default-jre-headless maven; } >/dev/null 2>&1 || true
	@[ -n "$$CAIRN_TEST_NEO4J_URI" ] || ! { command -v java && command -v mvn; } >/dev/null || sh deploy/neo4j/neo4j.sh jars >/dev/null || true

## lint: go vet, gofmt, golangci-lint
lint:
	$(GO) vet ./...
	@unformatted=$$(gofmt -l .) && [ -z "$$unformatted" ] || { echo "not formatted: $$unformatted" >&2; exit 1; }
	$(LINT) run

## buf-lint: the style of the .proto files
buf-lint: third_party
	$(BUF) lint

## tidy-check: fail when go.mod is not tidy
tidy-check:
	$(GO) mod tidy -diff

## fuzz: every fuzz target for FUZZTIME
fuzz:
	@set -e; for dir in $(call with,Fuzz); do \
		list=$$($(GO) test -list '^Fuzz' "$$dir"); \
		for target in $$(echo "$$list" | grep '^Fuzz'); do \
			echo "fuzz $$dir $$target for $(FUZZTIME)"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$dir"; \
		done; \
	done

## bench: every benchmark
bench:
	@dirs="$(call with,Benchmark)"; [ -z "$$dirs" ] || $(GO) test -run '^$$' -bench . -benchmem $(BENCHFLAGS) $$dirs

## bench-neo4j: a server on a real Neo4j, and the same questions by Cypher; PEOPLE have 20 awards each
PEOPLE ?= 100000
bench-neo4j: test-deps
	CAIRN_BENCH_PEOPLE=$(PEOPLE) CAIRN_NEO4J_JAVA_OPTIONS="-XX:+UseG1GC" \
		$(GO) test -run '^$$' -bench Neo4j -benchtime 1x -timeout 60m ./graph/neo4jstore

## torture: the tests that look for losses, with thousands of tries
torture: test-deps
	$(GO) test ./graph/filestore -run 'TestBitFlips' -flips 20000 -timeout 60m
	$(GO) test ./graph -run 'TestOrderOfArrival' -rapid.checks 100000 -timeout 60m
	$(GO) test ./pathway -run 'TestSolve' -rapid.checks 20000 -timeout 60m
	CAIRN_CI=1 $(GO) test ./graph/neo4jstore -v -run 'Test(Cuts|Servers|Replica|KillNeo4j|KilledServers|Migrate.*|CommitFindsOut|Silence|Away|ReadWhileWritten)$$' \
		-cuts $(CUTS) -kills $(KILLS) -children $(CHILDREN) -everywhere -timeout 6h

## demo: build and run cairn demo ARGS
demo: build
	bin/cairn demo $(ARGS)

## neo4j: start a Neo4j on loopback and print its URI; deploy/neo4j/README.md
neo4j:
	@sh deploy/neo4j/neo4j.sh start

## neo4j-stop: end it
neo4j-stop:
	@sh deploy/neo4j/neo4j.sh stop

## check: what CI runs
check:
	bash .ci/run

## clean: remove what make made, except gen/
clean:
	rm -rf bin third_party
