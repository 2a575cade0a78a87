# The index of everything that can be done with mcpo. `make` alone prints the list.

SWIFT ?= swift
PREFIX ?= /usr/local
# The system's name decides what can be linked statically.
SYSTEM := $(shell uname -s)
RELEASE := .build/release/mcpo

# One file that runs on any Linux with glibc: the Swift libraries are inside, and the C++ library
# that they need too. The linker takes a static library only where it finds no shared one, hence a
# folder of its own. (Measured: half a millisecond less at the start, 0.8 MB less in memory.)
STATIC := .build/static
ifeq ($(SYSTEM),Linux)
RELEASE_FLAGS := -c release --static-swift-stdlib -Xlinker -L$(abspath $(STATIC)) \
	-Xswiftc -use-ld=lld -Xlinker --no-export-dynamic -Xlinker --gc-sections
else
RELEASE_FLAGS := -c release
endif

.DEFAULT_GOAL := help
.PHONY: help run build test programs unit interop dashboard soak bench instructions peers traces sim fuzz lint format install clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## show mcpo at work in front of the bundled server, or SERVER='COMMAND ARG…'
	@$(SWIFT) build $(RELEASE_FLAGS) --product StubServer >/dev/null
	@$(SWIFT) build $(RELEASE_FLAGS) --product DemoClient >/dev/null
	@.build/release/DemoClient $(RELEASE) -- $(if $(SERVER),$(SERVER),.build/release/StubServer)

build: $(STATIC)/done ## build the release binary, .build/release/mcpo
	$(SWIFT) build $(RELEASE_FLAGS) --product mcpo

$(STATIC)/done:
	@mkdir -p $(STATIC)
	@for pair in libstdc++.a:libstdc++.a libgcc_eh.a:libgcc_s.a; do \
		found=$$(cc -print-file-name=$${pair%%:*} 2>/dev/null); \
		case $$found in /*) ln -sf $$found $(STATIC)/$${pair##*:};; esac; \
	done
	@touch $@

test: programs unit ## build and run every test
	@$(MAKE) --no-print-directory -j2 interop dashboard

# Real programs that tests talk to. Without them those tests are skipped, and fail under CI.
programs:
	@Tests/programs.sh prometheus chromium

unit: build
	@MCPO_RELEASE_BINARY=$(abspath $(RELEASE)) Tests/unit.sh $(SWIFT) test

interop: build
	MCPO_BINARY=$(abspath $(RELEASE)) Tests/Interop/run.sh

dashboard: build ## test the dashboard in the system's Chromium
	@$(SWIFT) build $(RELEASE_FLAGS) --product StubServer >/dev/null
	MCPO_BINARY=$(abspath $(RELEASE)) MCPO_STUB=$(abspath .build/release/StubServer) Tests/Dashboard/run.sh

soak: build ## kill, reload and talk to a dozen servers for SECONDS (600), or again with SEED
	@$(SWIFT) build $(RELEASE_FLAGS) --product StubServer >/dev/null
	Tests/Soak/soak.py $(RELEASE) .build/release/StubServer --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED))

bench: build ## measure mcpo against a null relay and other baselines (Linux, about 5 minutes)
	@$(MAKE) --no-print-directory -C Tests/Benchmarks
	.bench/bench --mcpo $(RELEASE) $(BENCH)

instructions: build ## count mcpo's instructions for a call, by valgrind; FUNCTIONS=N lists the dearest
	@$(MAKE) --no-print-directory -C Tests/Benchmarks
	@command -v valgrind >/dev/null || { echo "needs valgrind: apt-get install valgrind" >&2; exit 1; }
	@Tests/Benchmarks/instructions.py $(RELEASE) .bench/stub --functions $(or $(FUNCTIONS),0)

peers: build ## measure and check other caching proxies beside mcpo (fetches them; about 3 minutes)
	MCPO=$(RELEASE) Tests/Benchmarks/peers/run.sh $(BENCH)

traces: ## compare the cache's strategies: hit rates, timings, memory; or one of PART
	$(SWIFT) build $(RELEASE_FLAGS) --product traces
	@.build/release/traces $(PART)

sim: ## simulate for SECONDS (60), or one SEED of a WORLD (plain, cached, mesh) with its trace
	$(SWIFT) build $(RELEASE_FLAGS) --product simulate
	.build/release/simulate $(if $(WORLD),--world $(WORLD)) $(if $(SEED),--seed $(SEED) --trace,--seconds $(or $(SECONDS),60))

fuzz: ## fuzz framing and scanning for SECONDS (60) each
	Tests/Fuzz/run.sh $(or $(SECONDS),60)

lint: ## check the style of all sources
	$(SWIFT) format lint --strict --recursive Package.swift Sources Fixtures Tests

format: ## put all sources into style
	$(SWIFT) format --in-place --recursive Package.swift Sources Fixtures Tests

install: build ## install mcpo into PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/mcpo
	strip $(DESTDIR)$(PREFIX)/bin/mcpo

clean: ## remove everything that was built
	rm -rf .build .bench .fuzz .venv
