# The commands of this project; `make help` lists them. Each works on a fresh Debian 12 with git, make and
# python3: what is missing is installed first.

PRESET ?= debug
JOBS ?= $(shell nproc)
export CCACHE_DIR ?= $(HOME)/.cache/ccache
export CCACHE_SLOPPINESS ?= pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_BASEDIR ?= $(CURDIR)
# a clone in another folder finds what the first one compiled
export CCACHE_NOHASHDIR ?= true

.DEFAULT_GOAL := help
.PHONY: help deps build test test-tsan test-long run bench format check-format clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 14

deps: ## installs missing Debian packages and Apache Arrow
	@python3 scripts/deps.py

build: deps ## the release binary: build/release/sluice
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

test: deps ## builds with ASan and UBSan, runs every test, prints the count last
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET) -j $(JOBS)
	@python3 scripts/run_tests.py --build build/$(PRESET)

test-tsan: deps ## the unit tests and scenarios under ThreadSanitizer
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	@TSAN_OPTIONS=suppressions=$(CURDIR)/tests/support/tsan.supp python3 scripts/run_tests.py --build build/tsan --skip faults

test-long: build ## 50 cycles of kill -9 against the release binary, and its controls
	@python3 tests/faults/kill9.py --sluice build/release/sluice --cycles 50

run: build ## the quickstart: gateway, receiver, sample events; RUN_SECONDS=n ends it by itself
	@python3 scripts/quickstart.py --sluice build/release/sluice

bench: deps ## micro benchmarks and the load test cases, with nginx as the ceiling
	cmake --preset release -DSLUICE_BENCH=ON
	cmake --build --preset release -j $(JOBS)
	@for program in build/release/*_bench; do [ ! -x "$$program" ] || "$$program" --benchmark_min_time=0.2; done
	@test -d .deps/duckdb || python3 -m pip install -q --target .deps/duckdb duckdb==1.4.1 || true  # a yardstick only
	@python3 loadtest/run.py --build build/release all

format: ## clang-format over every source file
	@command -v clang-format-14 >/dev/null || { echo "format: needs apt-get install clang-format-14"; exit 1; }
	@git ls-files '*.hpp' '*.cpp' | xargs clang-format-14 -i

clean: ## removes what was built and what the quickstart wrote
	rm -rf build .run
