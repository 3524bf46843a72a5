# Sanling. On a bare Debian or Ubuntu with a Rust toolchain, gcc and make: `make run`, `make test`.

SHELL := /bin/bash
CARGO ?= cargo
# Software that the end-to-end tests call, and the packages it comes from.
TOOLS := sipp baresip linphonec sipsak sox espeak-ng tshark kamailio rtpengine
TOOL_PACKAGES := sip-tester baresip baresip-core linphone-cli sipsak sox espeak-ng tshark kamailio kamailio-tls-modules rtpengine-daemon
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: run build test interop interop-tools kill9 bench mutants e2e-tools build-tools help

run: build  ## build the switch and start it on config/
	target/release/sanling run --config config

build: build-tools  ## the release binary, target/release/sanling
	$(CARGO) build --release

test: build-tools e2e-tools web-check  ## everything that must hold before a change lands
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --test interop -- -D warnings
	$(CARGO) test
	$(MAKE) web-test

interop: build-tools interop-tools  ## softphones, proxies and SIPp each way that they can meet: writes docs/interworking.md (about ten minutes)
	$(CARGO) test --test interop

kill9: build-tools  ## kill -9 at random moments 200 times: nothing that ended may be lost (about ten minutes)
	scripts/kill9 200

bench: build-tools  ## the hot paths
	$(CARGO) bench

mutants: build-tools  ## which changes of the rules, the ACD, the calls and the recordings no test would notice
	scripts/mutants

measure: build  ## what the switch bears beside the floor of this machine: a quarter of an hour on two idle cores
	scripts/measure

# A linker and the C library's files are all that cargo needs; libopus and SQLite are compiled by it.
build-tools:
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs and open a new shell"; exit 1; }
	@echo 'int main(void) { return 0; }' | cc -x c -o /dev/null - 2>/dev/null || { $(AS_ROOT) apt-get update && \
		$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev; }

e2e-tools:  ## install the softphones and tools that the tests call, where they are missing
	@missing=$$(for tool in $(TOOLS); do command -v $$tool >/dev/null || echo $$tool; done; \
		ls /usr/lib/*/kamailio/modules/tls.so >/dev/null 2>&1 || echo kamailio-tls-modules); \
	if [ -n "$$missing" ]; then echo "installing:" $$missing; $(AS_ROOT) apt-get update && \
		$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(TOOL_PACKAGES); \
		$(SERVICES_OFF); fi
	@test -d target/sipvicious/bin || { python3 -m pip --version >/dev/null 2>&1 || { $(AS_ROOT) apt-get update && \
		$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-pip; }; \
		python3 -m pip install -q --no-warn-conflicts --root-user-action=ignore --target target/sipvicious sipvicious==0.3.8; }

# Debian's packages begin to serve when they are installed; the tests start them themselves, on ports of their own.
SERVICES_OFF = ! test -d /run/systemd/system || $(AS_ROOT) systemctl disable --now kamailio rtpengine-daemon

interop-tools: e2e-tools  ## what `make interop` needs: nothing besides what the tests call

TARGET ?= sip_datagram
SECONDS ?= 600
fuzz:  ## libFuzzer on one of the targets: make fuzz TARGET=sdp SECONDS=60 (nightly Rust and `cargo install cargo-fuzz`)
	$(CARGO) +nightly fuzz run -s none $(TARGET) -- -max_total_time=$(SECONDS) -max_len=16384

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*  ## /\1\t/' | expand -t 14

# `make prompts`: the spoken prompts and the music on hold.
-include scripts/prompts.mk
# `make web`, `make web-check`, `make web-test`: the pages.
-include scripts/web.mk
