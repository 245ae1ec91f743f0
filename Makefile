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
.PHONY: help deps deps-kafka build test test-tsan test-long run bench bench-rules fuzz format check-format clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 14

deps: ## installs missing Debian packages and Apache Arrow
	@python3 scripts/deps.py

deps-kafka: ## a newer librdkafka into .deps (SCRAM logins need it); built programs find it at their next start
	@python3 scripts/librdkafka.py

build: deps ## the release binary: build/release/sluice
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

test: deps ## builds with ASan and UBSan, runs every test, prints the count last
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET) -j $(JOBS)
	@python3 scripts/run_tests.py --build build/$(PRESET)

test-tsan: deps ## every test and a few kills under ThreadSanitizer; a race in any process is a failure
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	@python3 scripts/run_tests.py --build build/tsan --faults few

test-long: build ## crash tests in full: 1,000 kills, 300 power cuts, every I/O call and 10,000 bits; more than 2 hours
	cmake --preset debug
	cmake --build --preset debug -j $(JOBS) --target test_datasets powercut_fs
	@python3 tests/faults/kill9.py --sluice build/release/sluice --cycles 1000
	@python3 tests/faults/power_cut.py --sluice build/release/sluice --disk build/debug/powercut_fs --cuts 300 --control-cuts 20
	@python3 tests/faults/disk_full.py --sluice build/release/sluice
	@SLUICE_TEST_LONG=1 build/debug/test_datasets --gtest_brief=1 --gtest_filter='IoFaults.*:Corruption.*'
	@python3 tests/faults/kafka_kill.py --sluice build/release/sluice --cycles 100
	@python3 tests/faults/kafka_spool.py --sluice build/release/sluice --cycles 50

run: build ## the quickstart: gateway, receiver, sample events; RUN_SECONDS=n ends it by itself
	@python3 scripts/quickstart.py --sluice build/release/sluice

bench: deps ## micro benchmarks and the load test cases, with nginx as the ceiling
	cmake --preset release -DSLUICE_BENCH=ON
	cmake --build --preset release -j $(JOBS)
	@for program in build/release/*_bench; do [ ! -x "$$program" ] || "$$program" --benchmark_min_time=0.2; done
	@test -d .deps/duckdb || python3 -m pip install -q --target .deps/duckdb duckdb==1.4.1 || true  # a yardstick only
	@python3 loadtest/run.py --build build/release all

bench-rules: deps ## what rules and functions cost: one table, figure against goal
	cmake --preset release -DSLUICE_BENCH=ON
	cmake --build --preset release -j $(JOBS) --target rules_bench expression_bench
	@python3 loadtest/rules_figures.py --build build/release

SECONDS ?= 60
fuzz: deps ## every fuzz target for SECONDS each (needs clang-14); findings land in build/fuzz
	@python3 tests/fuzz/run.py --seconds $(SECONDS)

format: ## clang-format over every source file
	@command -v clang-format-14 >/dev/null || { echo "format: needs apt-get install clang-format-14"; exit 1; }
	@git ls-files '*.hpp' '*.cpp' | xargs clang-format-14 -i

clean: ## removes what was built and what the quickstart wrote
	rm -rf build .run
