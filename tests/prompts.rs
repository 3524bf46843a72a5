//! The sounds that are shipped: every prompt is there in every language, is a clip, and is as loud as the others.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_precision_loss, clippy::cast_sign_loss)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sanling::audio::Rate;
use sanling::audio::level::dbov;
use sanling::audio::wav::{Clip, read};

const LANGUAGES: [&str; 2] = ["zh-CN", "en-US"];

/// Every prompt that a language must have, and the suffix that the greeting needs.
const NAMES: &str = "welcome agent_greeting agent_greeting_suffix promise_30 promise_60 promise_120 promise_180 promise_300 hold_overdue \
    greeting_early greeting_morning greeting_noon greeting_afternoon greeting_evening company \
    agent_number handset_ask handset_farewell caller_faint caller_noisy \
    agent_faint agent_loud agent_noisy agent_open_microphone \
    escalation queue_comfort patience silent_ask silent_farewell low_volume_ask low_volume_farewell noise_farewell dialect_ask \
    dialect_other_person dialect_call_back closed goodbye survey_ask thanks menu menu_wrong message_ask meeting_ask message_kept queue_next \
    call_back_offer call_back_offer_suffix call_back_confirm call_back_or_number call_back_number \
    call_back_wrong_number call_back_promised call_back_agent call_back_reached call_back_not_reached \
    box_full ask_who ask_what ask_when ask_number messages_none messages_new messages_new_suffix message_from \
    replay_ask replay_unknown replay_open replay_removed replay_missing replay_unavailable replay_end replay_goodbye replay_refused recording_paused recording_resumed \
    message_at date_month date_day clock_hour clock_minute message_number message_keys messages_end \
    queue_ahead queue_ahead_suffix queue_ahead_many queue_wait_soon queue_wait queue_wait_suffix queue_wait_long \
    digits/0 digits/1 digits/2 digits/3 digits/4 digits/5 digits/6 digits/7 digits/8 digits/9";

fn prompts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/prompts")
}

/// Level of the frames within 30 dB of the loudest.
fn active_level(samples: &[i16]) -> f32 {
    let levels: Vec<f32> = samples.chunks_exact(320).map(dbov).collect();
    let loudest = levels.iter().copied().fold(f32::MIN, f32::max);
    let spoken: Vec<i16> = samples.chunks_exact(320).filter(|frame| dbov(frame) > loudest - 30.0).flatten().copied().collect();
    dbov(&spoken)
}

#[test]
fn every_prompt_is_spoken_in_every_language() {
    for language in LANGUAGES {
        for name in NAMES.split_whitespace() {
            let path = prompts().join(language).join(format!("{name}.wav"));
            let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let samples = read(&bytes, Rate::Hz16000).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let (level, seconds) = (active_level(&samples), samples.len() as f32 / 16_000.0);
            assert!((-26.0..-20.0).contains(&level), "{}: {level} dBov", path.display());
            assert!((0.2..15.0).contains(&seconds), "{}: {seconds} s", path.display());
            assert!(samples.iter().all(|sample| sample.unsigned_abs() < 30_000), "{} clips", path.display());
        }
    }
}

#[test]
fn texts_and_sounds_are_the_same_set() {
    for language in LANGUAGES {
        let folder = prompts().join(language);
        let book = std::fs::read_to_string(folder.join("prompts.toml")).expect("the texts");
        let book: toml::Table = book.parse().expect("TOML");
        let mut texts = BTreeSet::new();
        for (name, text) in book["prompts"].as_table().expect("a table of texts") {
            match text.as_table() {
                None => assert!(texts.insert(name.clone())),
                Some(group) => texts.extend(group.keys().map(|key| format!("{name}/{key}"))),
            }
        }
        let expected: BTreeSet<String> = NAMES.split_whitespace().map(str::to_owned).collect();
        assert_eq!(texts, expected, "{language}");
    }
}

#[test]
fn the_music_is_soft_and_has_no_seam() {
    let bytes = std::fs::read(prompts().join("music/hold.wav")).expect("the music");
    let music = Clip::read(&bytes).expect("a clip");
    assert!(music.samples.len() > 60 * music.hz as usize, "not the same every few seconds");
    assert!((dbov(&music.samples) + 26.0).abs() < 1.0, "{} dBov", dbov(&music.samples));
    assert!(music.samples.iter().all(|sample| sample.unsigned_abs() < 16_384), "peaks");
    // The step over the seam is no larger than the steps beside it.
    let around: Vec<i16> = music.samples[music.samples.len() - 200..].iter().chain(&music.samples[..200]).copied().collect();
    let steps: Vec<u16> = around.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect();
    let largest = steps.iter().enumerate().filter(|(at, _)| *at != 199).map(|(_, step)| *step).max().expect("steps");
    assert!(steps[199] <= largest * 2, "a click of {} among {largest}", steps[199]);
}
