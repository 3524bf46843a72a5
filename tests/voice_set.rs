//! The voice detector against its labelled set: speech of six voices in two languages at four levels, through each codec, clean and in
//! noise; and sounds that must never be speech. `cargo test --test voice_set -- --nocapture` prints the table.
//!
//! Labels: a 20 ms frame of a clip is speech when it lies within 30 dB of the clip's loudest frame. Levels are those of these frames.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_precision_loss, clippy::cast_sign_loss)]

use std::path::{Path, PathBuf};

use sanling::audio::level::dbov;
use sanling::audio::tone::{Tone, dtmf};
use sanling::audio::wav::read;
use sanling::audio::{Activity, Decoder, Encoder, Gauge, Rate, VoiceDetector, frame};
use sanling::base::{Cadence, Clarity, Codec, Loudness, Reading, Rng, SoundLimits};

const RATE: Rate = Rate::Hz8000;
const FRAME: usize = RATE.samples_per_frame();
const SECOND: usize = 8_000;

struct Clip {
    name: String,
    samples: Vec<i16>,
    /// Whether each frame is speech.
    label: Vec<bool>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/voice")
}

fn load(name: &str) -> Vec<i16> {
    let bytes = std::fs::read(folder().join(format!("{name}.wav"))).expect("a fixture");
    read(&bytes, RATE).expect("a clip")
}

fn clips() -> Vec<Clip> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the fixtures")
        .filter_map(|entry| entry.expect("an entry").path().file_stem()?.to_str().map(str::to_owned))
        .filter(|name| name.starts_with("zh-") || name.starts_with("en-"))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let mut samples = load(&name);
            samples.resize(samples.len().next_multiple_of(FRAME), 0);
            let levels: Vec<f32> = samples.chunks(FRAME).map(dbov).collect();
            let loudest = levels.iter().copied().fold(f32::MIN, f32::max);
            Clip { name, samples, label: levels.iter().map(|level| *level > loudest - 30.0).collect() }
        })
        .collect()
}

fn scaled(samples: &[i16], by_db: f32) -> Vec<i16> {
    let gain = 10_f32.powf(by_db / 20.0);
    samples.iter().map(|sample| (f32::from(*sample) * gain).round().clamp(-32_768.0, 32_767.0) as i16).collect()
}

impl Clip {
    /// The clip with its speech at `level` dBov.
    fn at(&self, level: f32) -> Vec<i16> {
        let speech: Vec<i16> =
            self.samples.chunks(FRAME).zip(&self.label).filter(|(_, speech)| **speech).flat_map(|(frame, _)| frame.to_vec()).collect();
        scaled(&self.samples, level - dbov(&speech))
    }
}

/// Noise of `seconds` at `level` dBov.
fn noise(kind: &str, seconds: usize, level: f32) -> Vec<i16> {
    let mut rng = Rng::new(11);
    let samples: Vec<i16> = match kind {
        "white" => (0..seconds * SECOND).map(|_| (rng.next_u64() % 8_192) as i16 - 4_096).collect(),
        // White noise through a one-pole low-pass, as comfort noise generators shape it.
        "comfort" => {
            let mut held = 0.0;
            (0..seconds * SECOND)
                .map(|_| {
                    held += 0.45 * (f64::from((rng.next_u64() % 16_384) as i16 - 8_192) - held);
                    held as i16
                })
                .collect()
        }
        "hum 50 Hz" | "hum 60 Hz" => {
            let base = if kind == "hum 50 Hz" { 50.0 } else { 60.0 };
            let wave = |n: usize, harmonic: f64| (n as f64 * base * harmonic / 8_000.0 * std::f64::consts::TAU + harmonic).sin();
            let weights = [(1.0, 1.0), (2.0, 0.6), (3.0, 0.5), (4.0, 0.2), (5.0, 0.3), (6.0, 0.1), (7.0, 0.15), (9.0, 0.1)];
            (0..seconds * SECOND).map(|n| weights.iter().map(|(h, w)| 6_000.0 * w * wave(n, *h)).sum::<f64>() as i16).collect()
        }
        // Keys of a keyboard: clicks of 4 ms, about eight a second.
        "clicks" => {
            let mut samples = vec![0; seconds * SECOND];
            for _ in 0..seconds * 8 {
                let at = rng.below((samples.len() - 40) as u64) as usize;
                for (n, sample) in samples[at..at + 32].iter_mut().enumerate() {
                    *sample = ((rng.next_u64() % 20_000) as i32 - 10_000) as i16 / (1 + n as i16 / 6);
                }
            }
            samples
        }
        _ => load(&format!("noise-{kind}")).into_iter().cycle().take(seconds * SECOND).collect(),
    };
    scaled(&samples, level - dbov(&samples))
}

fn mixed(one: &[i16], other: &[i16]) -> Vec<i16> {
    one.iter().zip(other).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// What the other end hears through `codec`.
fn through(codec: Codec, samples: &[i16]) -> Vec<i16> {
    let (mut encoder, mut decoder, mut out) = (Encoder::new(codec, RATE), Decoder::new(codec, RATE), Vec::new());
    for frame in samples.chunks_exact(FRAME) {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload);
        decoder.decode(&payload, &mut out).expect("our own packet");
    }
    out
}

/// The activity after each frame.
fn activities(samples: &[i16]) -> Vec<bool> {
    let mut detector = VoiceDetector::new(RATE);
    samples
        .chunks_exact(FRAME)
        .map(|frame| {
            detector.push(frame);
            detector.activity() == Activity::Speech
        })
        .collect()
}

#[derive(Default)]
struct Score {
    utterances: usize,
    missed: Vec<String>,
    /// Heard, but not within 300 ms.
    late: Vec<String>,
    delays_ms: Vec<usize>,
    /// Frames of speech later than 300 ms after the start of their utterance, and how many of them were known as speech.
    frames: usize,
    hit: usize,
    /// Frames of background before and well after the utterance, and how many of them were taken for speech.
    background: usize,
    false_alarms: usize,
}

impl Score {
    fn add(&mut self, clip: &Clip, background: &dyn Fn(usize) -> Vec<i16>, level: f32, codec: Codec) {
        const LEAD: usize = 50;
        let mut sound = vec![0; LEAD * FRAME];
        sound.extend(clip.at(level));
        sound.extend(vec![0; SECOND]);
        let heard = activities(&through(codec, &mixed(&sound, &background(sound.len()))));
        let begins = LEAD + clip.label.iter().position(|speech| *speech).expect("speech");
        let ends = LEAD + clip.label.iter().rposition(|speech| *speech).expect("speech");
        self.utterances += 1;
        match heard.iter().skip(begins).position(|speech| *speech) {
            Some(frames) => {
                self.delays_ms.push((frames + 1) * frame::FRAME_MS);
                if frames >= 15 {
                    self.late.push(format!("{} {} ms", clip.name, (frames + 1) * frame::FRAME_MS));
                }
            }
            None => self.missed.push(clip.name.clone()),
        }
        for (at, speech) in heard.iter().enumerate() {
            if at < begins || at > ends + 25 {
                self.background += 1;
                self.false_alarms += usize::from(*speech);
            } else if at >= begins + 15 && at <= ends && clip.label[at - LEAD] {
                self.frames += 1;
                self.hit += usize::from(*speech);
            }
        }
    }

    fn delay(&self, quantile: f64) -> usize {
        let mut sorted = self.delays_ms.clone();
        sorted.sort_unstable();
        sorted.get(((sorted.len() as f64 - 1.0) * quantile).round() as usize).copied().unwrap_or(0)
    }

    fn heard_percent(&self) -> f64 {
        100.0 * self.delays_ms.len() as f64 / self.utterances as f64
    }

    fn row(&self, name: &str) {
        let list = |what: &str, names: &[String]| if names.is_empty() { String::new() } else { format!("; {what}: {}", names.join(", ")) };
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        println!(
            "{name:<40} heard {:>2} of {:<2} frames {:>5.1} % false alarms {:>4.1} % delay p50 {:>3} p95 {:>3} max {:>3} ms{}{}",
            self.delays_ms.len(),
            self.utterances,
            percent(self.hit, self.frames),
            percent(self.false_alarms, self.background),
            self.delay(0.5),
            self.delay(0.95),
            self.delay(1.0),
            list("missed", &self.missed),
            list("late", &self.late),
        );
    }
}

#[test]
fn speech_is_heard_and_soon() {
    let clips = clips();
    assert_eq!(clips.len(), 21, "the set is whole");
    for (level, codecs) in [
        (-20.0, &[Codec::Pcma][..]),
        (-26.0, &[Codec::Pcma, Codec::Pcmu, Codec::Opus]),
        (-32.0, &[Codec::Opus]),
        (-40.0, &[Codec::Pcma, Codec::Opus]),
    ] {
        for codec in codecs {
            let mut score = Score::default();
            for clip in &clips {
                score.add(clip, &|samples| vec![0; samples], level, *codec);
            }
            score.row(&format!("speech {level} dBov, {codec}"));
            assert!(score.missed.is_empty());
            let latest = if level > -33.0 { 300 } else { 600 };
            assert!(score.delay(0.95) <= latest, "{} ms", score.delay(0.95));
            assert_eq!(score.false_alarms, 0);
        }
    }
}

#[test]
fn wideband_speech_is_heard_as_soon() {
    for name in ["zh-CN/silent_ask", "zh-CN/patience", "zh-CN/welcome", "en-US/silent_ask", "en-US/patience", "en-US/welcome"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/prompts").join(format!("{name}.wav"));
        let speech = read(&std::fs::read(path).expect("a prompt"), Rate::Hz16000).expect("a clip");
        for level in [-26.0, -40.0] {
            let mut detector = VoiceDetector::new(Rate::Hz16000);
            let heard = scaled(&speech, level + 23.0).chunks_exact(320).position(|frame| detector.push(frame).is_some());
            let delay = heard.map_or(usize::MAX, |frames| (frames + 1) * frame::FRAME_MS);
            // Prompts begin with 20 ms of silence.
            assert!(delay <= 320, "{name} at {level} dBov: {delay} ms");
        }
    }
}

#[test]
fn speech_is_heard_in_noise() {
    let clips = clips();
    for (level, kind, noise_level, least_percent) in [
        (-26.0, "comfort", -50.0, 100.0),
        (-26.0, "white", -41.0, 100.0),
        (-26.0, "pink", -41.0, 100.0),
        (-26.0, "street", -36.0, 95.0),
        (-26.0, "hum 50 Hz", -36.0, 95.0),
        (-26.0, "hum 50 Hz", -26.0, 80.0),
        (-40.0, "comfort", -60.0, 95.0),
    ] {
        let mut score = Score::default();
        for clip in &clips {
            let background = |samples: usize| {
                let mut noise = noise(kind, samples.div_ceil(SECOND), noise_level);
                noise.truncate(samples);
                noise
            };
            score.add(clip, &background, level, Codec::Pcma);
        }
        score.row(&format!("speech {level} dBov in {kind} {noise_level}"));
        assert!(score.heard_percent() >= least_percent, "{kind}: {} %", score.heard_percent());
    }
}

#[test]
fn what_is_not_voice_is_never_speech() {
    let mut cases: Vec<(String, Vec<i16>)> = vec![("silence".into(), vec![0; 6 * SECOND])];
    for kind in ["white", "pink", "brown", "street", "comfort", "hum 50 Hz", "hum 60 Hz", "clicks"] {
        for level in [-20.0, -30.0, -40.0, -50.0] {
            cases.push((format!("{kind} {level} dBov"), noise(kind, 6, level)));
        }
    }
    for (name, hz, on_off) in [
        ("dial tone 450 Hz", &[450.0][..], &[][..]),
        ("dial tone 350+440 Hz", &[350.0, 440.0], &[]),
        ("busy 450 Hz", &[450.0], &[350, 350]),
        ("congestion 450 Hz", &[450.0], &[700, 700]),
        ("busy 480+620 Hz", &[480.0, 620.0], &[500, 500]),
        ("call waiting 440 Hz", &[440.0], &[300, 3_000]),
        ("fax CNG 1100 Hz", &[1_100.0], &[500, 3_000]),
        ("answer tone 2100 Hz", &[2_100.0], &[]),
    ] {
        for level in [-15.0, -35.0] {
            let mut tone = Vec::new();
            Tone::new(hz, on_off, RATE, level).fill(6 * SECOND, &mut tone);
            cases.push((format!("{name} {level} dBov"), tone));
        }
    }
    for zone in ["cn", "us", "uk", "de", "jp", "au"] {
        let mut tone = Vec::new();
        Tone::ringback(&Cadence::of_zone(zone).expect("a known zone"), RATE).fill(6 * SECOND, &mut tone);
        cases.push((format!("ringback {zone}"), tone));
    }
    for (on, off) in [(50, 50), (80, 80), (100, 60), (300, 200)] {
        let keys: Vec<i16> = "13800138000*#ABCD965274".chars().flat_map(|key| dtmf(key, on, off, RATE)).collect();
        cases.push((format!("DTMF {on}/{off} ms"), keys));
    }
    let mut failed = Vec::new();
    let count = cases.len();
    for (name, samples) in cases {
        for codec in [Codec::Pcma, Codec::Opus] {
            let heard = activities(&through(codec, &samples));
            let frames = heard.iter().filter(|speech| **speech).count();
            if frames > 0 {
                failed.push(format!("{name} through {codec}: {:.1} % speech", 100.0 * frames as f64 / heard.len() as f64));
            }
        }
    }
    println!("{count} sounds that are not voice, 2 codecs each: {} taken for speech", failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The clip over and over, 0.4 s apart, for `seconds`.
fn said_again(clip: &Clip, level: f32, seconds: usize) -> Vec<i16> {
    let once: Vec<i16> = clip.at(level).into_iter().chain(vec![0; SECOND * 2 / 5]).collect();
    once.into_iter().cycle().take(seconds * SECOND).collect()
}

/// All that is told of 40 s.
fn readings(samples: &[i16], codec: Codec) -> Vec<Reading> {
    let mut gauge = Gauge::new(SoundLimits::default());
    through(codec, samples).chunks_exact(FRAME).filter_map(|frame| gauge.push(frame, RATE)).collect()
}

#[test]
fn how_speech_sounds_is_judged_by_no_machine_more_harshly_than_by_ear() {
    const SECONDS: usize = 40;
    let clips = clips();
    // (level, noise, its level, least and most of the 21 that are faint, and noisy, at any time)
    for (level, kind, noise_level, faint, noisy) in [
        (-15.0, "none", 0.0, 0..=0, 0..=0),
        (-20.0, "none", 0.0, 0..=0, 0..=0),
        (-26.0, "none", 0.0, 0..=0, 0..=0),
        (-32.0, "none", 0.0, 0..=0, 0..=0),
        (-44.0, "none", 0.0, 21..=21, 0..=0),
        (-20.0, "comfort", -60.0, 0..=0, 0..=0),
        (-26.0, "comfort", -50.0, 0..=0, 0..=0),
        (-26.0, "white", -46.0, 0..=0, 0..=0),
        (-26.0, "street", -46.0, 0..=0, 0..=0),
        (-26.0, "hum 50 Hz", -46.0, 0..=0, 0..=0),
        (-26.0, "white", -31.0, 0..=0, 19..=21),
        (-26.0, "pink", -31.0, 0..=0, 12..=21),
        (-26.0, "hum 50 Hz", -31.0, 0..=0, 12..=21),
        (-26.0, "street", -26.0, 0..=0, 0..=21),
    ] {
        for codec in [Codec::Pcma, Codec::Opus] {
            let background = if kind == "none" { vec![0; SECONDS * SECOND] } else { noise(kind, SECONDS, noise_level) };
            let (mut count, mut far, mut told) = ([0, 0], 0.0_f32, 0);
            for clip in &clips {
                let readings = readings(&mixed(&said_again(clip, level, SECONDS), &background), codec);
                told += usize::from(!readings.is_empty());
                count[0] += usize::from(readings.iter().any(|reading| reading.loudness == Loudness::Quiet));
                count[1] += usize::from(readings.iter().any(|reading| reading.clarity == Clarity::Noisy));
                far = far.max(readings.last().map_or(0.0, |reading| (f32::from(reading.level_dbov) - level).abs()));
            }
            println!(
                "speech {level} dBov, {kind:<9} {noise_level:>3}, {codec:<4}: {told} judged, {} faint, {} noisy, level off by at most {far:.0} dB",
                count[0], count[1]
            );
            assert!(faint.contains(&count[0]) && noisy.contains(&count[1]), "{level} in {kind} {noise_level}: {count:?}");
        }
    }
    let heard = clips.iter().filter(|clip| activities(&said_again(clip, -44.0, 6)).contains(&true)).count();
    println!("speech -44 dBov: the voice is heard within 6 s in {heard} of {}", clips.len());
    assert!(heard >= 19, "{heard}");
}

/// Nothing is asserted here: voices in the background are voices, and music may be sung.
#[test]
fn babble_and_music_for_the_record() {
    let clips = clips();
    let mut babble = vec![0_i16; 10 * SECOND];
    for (number, clip) in clips.iter().enumerate() {
        let voice: Vec<i16> = clip.at(-40.0).into_iter().chain(vec![0; 1_111]).cycle().skip(number * 1_999).take(babble.len()).collect();
        babble = mixed(&babble, &voice);
    }
    let music = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/prompts/music/hold.wav");
    let music = read(&std::fs::read(music).expect("the music"), RATE).expect("a clip");
    for (name, samples) in [("babble of 21 voices", babble), ("our music on hold", music)] {
        for level in [-20.0, -30.0, -40.0, -50.0] {
            let heard = activities(&through(Codec::Pcma, &scaled(&samples, level - dbov(&samples))));
            let frames = heard.iter().filter(|speech| **speech).count();
            println!("{name} {level} dBov: {:.1} % speech", 100.0 * frames as f64 / heard.len() as f64);
        }
    }
}
