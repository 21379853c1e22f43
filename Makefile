# The menu. Each target is one line that calls cmake, ctest or a script; nothing lives only here.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
# Tests wait more than they compute: two a core.
TEST_JOBS ?= $(shell expr 2 \* $$(nproc))
PREFIX ?= /usr/local
SEEDS ?= 50
HOSTS ?= 3
HOURS ?= 1
SECONDS ?= 20
export FLEET_REQUIRE_PG ?= 1

.DEFAULT_GOAL := help
.PHONY: help deps quickstart build release test test-long faults kills soak bench bench-compare install uninstall clean format lint coverage asan tsan clang

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

deps:  ## Install the Debian packages that are missing
	@scripts/deps.sh

quickstart: deps  ## Build, start a fleet and play a scene with two agents
	@scripts/quickstart.sh

build: deps  ## Build for daily work, tests included, in build/dev
	@scripts/build.sh dev

release: deps  ## Build what is installed, in build/release
	@scripts/build.sh release

test: build  ## Run every test
	@ctest --test-dir build/dev --output-on-failure --no-tests=error -j $(TEST_JOBS) -LE long

test-long: build  ## Run the tests that take long, too
	@FLEET_TEST_LONG=1 ctest --test-dir build/dev --output-on-failure --no-tests=error -j $(JOBS)

faults: build  ## Break several hosts by seeded schedules: make faults SEEDS=50 HOSTS=3 SECONDS=20
	@FLEET_FLEETD=build/dev/daemon/fleetd tests/faults/run --seeds $(SEEDS) --hosts $(HOSTS) --seconds $(SECONDS) --jobs $(JOBS)

kills: build  ## Kill programs in the middle of a mission and let them go on: make kills SEEDS=100
	@FLEET_FLEETD=build/dev/daemon/fleetd FLEET_KILL_SEEDS=1-$(SEEDS) python3 tests/faults/kill_and_resume_test.py

soak: build  ## Steady work for hours; shows that nothing grows: make soak HOURS=8
	@FLEET_FLEETD=build/dev/daemon/fleetd tests/faults/soak --hours $(HOURS)

bench: deps  ## Measure; figures go to build/bench/results.json
	@scripts/bench.sh

bench-compare:  ## Compare with an earlier file: make bench-compare BEFORE=file.json
	@scripts/bench.sh --compare "$(BEFORE)"

install: release  ## Install programs, library, headers, man pages; PREFIX=/usr/local
	@cmake --install build/release --prefix "$(PREFIX)"

uninstall:  ## Remove what `make install` has installed
	@scripts/uninstall.sh build/release

clean:  ## Remove everything that was built
	@cmake -E rm -rf build

format:  ## Format the C++ code in place
	@scripts/format.sh

lint: build  ## House rules, clang-tidy, and whether the format is right
	@scripts/lint.sh

coverage:  ## Lines, functions and branches that the tests reach, in build/coverage
	@scripts/coverage.sh

asan: deps  ## Unit, property and bus tests under AddressSanitizer
	@scripts/sanitized.sh asan

tsan: deps  ## The same under ThreadSanitizer
	@scripts/sanitized.sh tsan

clang: deps  ## Build and test with clang
	@scripts/sanitized.sh clang
