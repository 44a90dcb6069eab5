# meterd: see README.md. The two commands that matter: `make demo` and `make test`.

SWIFT ?= swift
PREFIX ?= /usr
DESTDIR ?=
VENV := .venv
APT_PACKAGES := tzdata libmodbus-dev libtomlplusplus-dev libsqlite3-dev zlib1g-dev libzstd-dev socat mbpoll python3-venv openssl make gcc g++ binutils procps

.PHONY: deps build debug demo test soak sanitize lint format bench install clean sample-archive

deps:
	@sh scripts/deps.sh $(APT_PACKAGES)

# What `make install` puts in place: one binary that needs no Swift on the gateway.
build: deps
	$(SWIFT) build -c release --static-swift-stdlib --product meterd

debug: deps
	$(SWIFT) build --product meterd

demo: debug
	@sh scripts/demo.sh .build/debug/meterd

# The tests of processes, and of TLS connections, run by themselves: beside hundreds of others they would compete for CPUs.
PROCESS_TESTS := 'InteropTests|FaultTests|ServiceTests|IEC104ClientTests|PowerCutTests|ArchiveFormatTests'

# So do those of the archive: their files and their arithmetic would leave the others no descriptors below 1024 and no CPU.
ARCHIVE_TESTS := '^(ArchiveTests|SegmentsTests|SeriesTests|ColumnsTests|ProofTests|AccountingTests|ForwardingTests)\.'

test: deps lint
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --skip $(PROCESS_TESTS) --skip $(ARCHIVE_TESTS)
	$(SWIFT) test --skip-build --filter $(ARCHIVE_TESTS)
	$(SWIFT) test --skip-build --filter $(PROCESS_TESTS)

# The full counts: METERD_SOAK lengthens the tests that know how. FUZZ_SECONDS each fuzzer.
FUZZ_SECONDS ?= 3600

soak: deps
	$(SWIFT) build --build-tests
	METERD_SOAK=1 $(SWIFT) test --skip-build --filter "FaultSequenceTests|LongRunTests"
	METERD_SOAK=1 $(SWIFT) test --skip-build --filter $(PROCESS_TESTS)
	$(MAKE) sanitize
	$(MAKE) -C Fuzz adu apdu object profile column segment manifest SECONDS=$(FUZZ_SECONDS)

sanitize: deps
	sh scripts/sanitize.sh address
	sh scripts/sanitize.sh thread

lint:
	@$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Fuzz/Package.swift Fuzz/Sources scripts
	@python3 scripts/check-imports.py

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Fuzz/Package.swift Fuzz/Sources scripts

bench: deps
	$(MAKE) -C Benchmarks run

# An archive of simulated meters with that many sealed days, for trying things out: make sample-archive DIR=/tmp/sample DAYS=30
DAYS ?= 30
sample-archive: deps
	$(SWIFT) build -c release --product sample-archive
	.build/release/sample-archive --dir "$(DIR)" --days "$(DAYS)"

install:
	sh scripts/install.sh "$(DESTDIR)" "$(PREFIX)"

clean:
	rm -rf .build .build-* $(VENV) demo-data
