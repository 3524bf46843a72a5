# Sounds that the project makes itself and keeps: `make prompts` (spoken texts, music on hold), `make voice-set` (the labelled clips
# that the voice detector is tested with). Only these need espeak-ng and sox; building and testing use the files as they are kept.

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: prompts voice-set sound-tools

prompts: sound-tools
	scripts/make-prompts config/prompts
	scripts/make-music config/prompts/music/hold.wav

voice-set: sound-tools
	scripts/make-voice-set tests/fixtures/voice
	cargo test --test voice_set -- --nocapture

sound-tools:
	@if ! command -v espeak-ng >/dev/null || ! command -v sox >/dev/null || ! command -v python3 >/dev/null; then \
		$(SUDO) apt-get update && $(SUDO) apt-get install -y --no-install-recommends espeak-ng sox python3; \
	fi
