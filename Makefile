# Sinan: `make` alone explains the targets. Everything is built under build/; the program is bin/sinan.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo build test test-integration bench format style lint clean configure tests

JOBS ?= $(shell nproc)
RELEASE := build/release

help:
	@echo "make demo              build, fetch the flights data, and run a whole program on it"
	@echo "make build             the program: bin/sinan (installs and fetches what is missing)"
	@echo "make test              every fast test; TEST=regex runs some"
	@echo "make test-integration  slow tests, the Python package, the sanitizer and clang builds, the fuzzers"
	@echo "make bench             Sinan against its peers; BENCH=full for the large sizes"
	@echo "make lint              layers, format, clang-tidy (results are cached); make style leaves clang-tidy out"
	@echo "make format            formats the C++ sources in place"
	@echo "make clean             removes build/, bin/ and lib/ (the dependency cache stays)"

# The program

configure:
	@deps/install-debian build test
	@deps/fetch --groups core
	@[ -f $(RELEASE)/build.ninja ] || cmake --preset release > /dev/null

build: configure
	@ninja -C $(RELEASE) -j $(JOBS) --quiet program
	@cmake --install $(RELEASE) --prefix . > /dev/null

demo: build
	@deps/fetch --groups core,flights
	@bin/sinan run examples/flights/flights.sql

# Tests

tests: build
	@ninja -C $(RELEASE) -j $(JOBS) --quiet

test: tests
	@ctest --test-dir $(RELEASE) --output-on-failure --no-label-summary -j $(JOBS) --label-exclude slow $(if $(TEST),-R '$(TEST)')

test-integration: tests
	@deps/install-debian build test clang
	@tools/test_integration

bench: build
	@deps/install-debian bench
	@deps/fetch --groups core,python,flights,importers
	@ninja -C $(RELEASE) -j $(JOBS) --quiet benchmarks
	@bench/run

# The source text

format:
	@deps/install-debian lint
	@tools/format

style:
	@deps/install-debian lint
	@tools/check_layers
	@tools/format --check

lint: configure style
	@tools/tidy --build $(RELEASE) --jobs $(JOBS)

clean:
	rm -rf build bin lib
