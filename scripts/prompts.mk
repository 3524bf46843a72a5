# Sounds that the project makes itself and keeps: `make prompts` (spoken texts, music on hold), `make voice-set` (the labelled clips
# that the voice detector is tested with). Only these need espeak-ng and sox; building and testing use the files as they are kept.

AS_ROOT ?= $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: prompts voice-set sound-tools

prompts: sound-tools  ## speak the prompts and make the music on hold again
	scripts/make-prompts config/prompts
	scripts/make-music config/prompts/music/hold.wav

voice-set: sound-tools  ## make the voice detector's labelled clips again and measure it
	scripts/make-voice-set tests/fixtures/voice
	cargo test --test voice_set -- --nocapture

sound-tools:
	@if ! command -v espeak-ng >/dev/null || ! command -v sox >/dev/null || ! command -v python3 >/dev/null; then \
		$(AS_ROOT) apt-get update && $(AS_ROOT) apt-get install -y --no-install-recommends espeak-ng sox python3; \
	fi
