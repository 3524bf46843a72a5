//! What parties say and how what they hear is told apart. Every clip of the switch is a sine of its own here, so that a phone knows by its
//! frequency what was played to it; people say recorded sentences, hum, hiss or nothing.

use sanling::audio::level::dbov;
use sanling::audio::tone::Tone;
use sanling::audio::{Rate, g711::Law, wav};
use sanling::base::{ClipId, Rng};
use sanling::media::{Clip, ClipLibrary};
use std::sync::{Arc, LazyLock};

pub const FRAME: usize = 160;

/// What a party sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sound {
    /// A recorded sentence, over and over, without a pause of half a second.
    Speech,
    /// The same from far away, at −46 dBov; too near, beyond full scale; and half drowned in noise.
    Faint,
    Shouted,
    Drowned,
    /// Packets of digital silence.
    Silence,
    /// Comfort noise of a phone, about −60 dBov.
    Comfort,
    /// 50 Hz and its harmonics, loud.
    Hum,
    /// White noise at −40 dBov.
    Hiss,
    /// No RTP at all.
    Nothing,
}

/// Clips of the switch: name, frequency in Hz (all multiples of 50, so that 20 ms tell them apart), length in ms.
pub const CLIPS: &[(&str, u16, u16)] = &[
    ("music/hold", 350, 4_000),
    ("welcome", 500, 2_000),
    ("agent_greeting", 550, 600),
    ("agent_greeting_suffix", 600, 600),
    ("queue_comfort", 650, 1_500),
    ("patience", 700, 1_500),
    ("silent_ask", 750, 2_000),
    ("silent_farewell", 800, 2_000),
    ("thanks", 850, 1_000),
    ("closed", 900, 1_000),
    ("goodbye", 1_500, 1_000),
    ("survey_ask", 1_550, 2_000),
    ("low_volume_ask", 1_600, 1_500),
    ("low_volume_farewell", 1_650, 1_500),
    ("noise_farewell", 1_700, 1_500),
    ("dialect_ask", 1_750, 1_500),
    ("dialect_other_person", 1_800, 1_500),
    ("escalation", 2_500, 1_500),
    ("promise_30", 2_550, 1_500),
    ("promise_60", 2_600, 1_500),
    ("hold_overdue", 2_650, 1_500),
    ("queue_next", 2_700, 500),
    ("queue_ahead", 2_750, 500),
    ("queue_ahead_suffix", 2_800, 500),
    ("queue_ahead_many", 2_850, 500),
    ("queue_wait_soon", 2_900, 500),
    ("queue_wait", 2_950, 500),
    ("queue_wait_suffix", 3_000, 500),
    ("queue_wait_long", 3_050, 500),
    ("greeting_early", 2_050, 500),
    ("greeting_morning", 2_100, 500),
    ("greeting_noon", 2_150, 500),
    ("greeting_afternoon", 2_200, 500),
    ("greeting_evening", 2_250, 500),
    ("company", 2_300, 800),
    ("agent_number", 2_350, 500),
    ("handset_ask", 2_400, 1_500),
    ("handset_farewell", 2_450, 1_500),
    ("caller_faint", 3_100, 700),
    ("caller_noisy", 3_150, 700),
    ("agent_faint", 3_200, 700),
    ("agent_loud", 3_250, 700),
    ("agent_noisy", 3_300, 700),
    ("agent_open_microphone", 3_350, 700),
    ("call_back_offer", 400, 600),
    ("call_back_promised", 300, 1_000),
    ("call_back_agent", 250, 800),
    ("call_back_reached", 200, 1_000),
    ("call_back_not_reached", 150, 800),
    ("call_back_wrong_number", 100, 500),
    // What is asked on the way there, and told on another: all of it sounds alike.
    ("call_back_confirm", 3_950, 1_000),
    ("call_back_offer_suffix", 3_950, 300),
    ("call_back_or_number", 3_950, 500),
    ("call_back_number", 3_950, 1_000),
    ("dialect_call_back", 3_950, 1_000),
    ("box_full", 950, 500),
    ("ask_who", 1_850, 500),
    ("ask_what", 3_400, 500),
    ("ask_when", 3_450, 500),
    ("ask_number", 3_500, 500),
    ("messages_none", 3_550, 500),
    ("messages_new", 3_600, 500),
    ("messages_new_suffix", 3_650, 500),
    ("message_from", 3_700, 500),
    ("message_at", 3_750, 500),
    ("message_number", 3_800, 500),
    ("message_keys", 3_850, 500),
    ("messages_end", 3_900, 500),
    ("digits/0", 1_000, 300),
    ("digits/1", 1_050, 300),
    ("digits/2", 1_100, 300),
    ("digits/3", 1_150, 300),
    ("digits/4", 1_200, 300),
    ("digits/5", 1_250, 300),
    ("digits/6", 1_300, 300),
    ("digits/7", 1_350, 300),
    ("digits/8", 1_400, 300),
    ("digits/9", 1_450, 300),
    ("tone/ringback", 450, 1_000),
    ("tone/beep", 2_000, 400),
    ("en-US:survey_ask", 1_900, 2_000),
    ("en-US:welcome", 1_950, 2_000),
];

/// As no sine is left: two at a time, which are far from each other.
pub const CHORDS: &[(&str, [u16; 2], u16)] = &[
    ("replay_ask", [1_000, 3_000], 500),
    ("replay_unknown", [1_050, 3_050], 500),
    ("replay_open", [1_100, 3_100], 500),
    ("replay_removed", [1_150, 3_150], 500),
    ("replay_missing", [1_200, 3_200], 500),
    ("replay_unavailable", [1_250, 3_250], 500),
    ("replay_end", [1_300, 3_300], 500),
    ("replay_goodbye", [1_350, 3_350], 500),
    ("replay_refused", [1_400, 3_400], 500),
    ("recording_paused", [1_450, 3_450], 500),
    ("recording_resumed", [1_500, 3_500], 500),
];

/// Length of the greeting with the four digits of an agent's id, ms.
pub const GREETING_MS: u64 = 600 + 4 * 300 + 600;

pub fn library() -> Arc<ClipLibrary> {
    static LIBRARY: LazyLock<Arc<ClipLibrary>> = LazyLock::new(|| {
        let mut library = ClipLibrary::new();
        let sines = CLIPS.iter().map(|(name, hz, ms)| (name, vec![f64::from(*hz)], ms));
        let chords = CHORDS.iter().map(|(name, hz, ms)| (name, hz.map(f64::from).to_vec(), ms));
        for (name, hz, ms) in sines.chain(chords) {
            let at = |rate: Rate| {
                let mut samples = Vec::new();
                Tone::new(&hz, &[], rate, -18.0).fill(rate.samples_in_ms(usize::from(*ms)), &mut samples);
                Arc::from(samples)
            };
            library.insert(ClipId::from(*name), Clip::new(at(Rate::Hz8000), at(Rate::Hz16000)));
        }
        Arc::new(library)
    });
    Arc::clone(&LIBRARY)
}

/// The sound as A-law, to be repeated.
pub fn loop_of(sound: Sound) -> &'static [u8] {
    fn sentence() -> Vec<i16> {
        let samples = wav::read(include_bytes!("../fixtures/voice/zh-f-3.wav"), Rate::Hz8000).expect("a clip");
        // Without the silence around the sentence, and without a click at the seam.
        let loud = |frame: &[i16]| dbov(frame) > -40.0;
        let frames: Vec<&[i16]> = samples.chunks_exact(FRAME).collect();
        let first = frames.iter().position(|frame| loud(frame)).expect("speech");
        let last = frames.iter().rposition(|frame| loud(frame)).expect("speech");
        frames[first..=last].concat()
    }
    fn at(level: f32, samples: &[i16]) -> Vec<i16> {
        let gain = 10_f32.powf((level - dbov(samples)) / 20.0);
        samples.iter().map(|sample| (f32::from(*sample) * gain) as i16).collect()
    }
    static SPEECH: LazyLock<Vec<u8>> = LazyLock::new(|| alaw(&sentence()));
    static FAINT: LazyLock<Vec<u8>> = LazyLock::new(|| alaw(&at(-46.0, &sentence())));
    static SHOUTED: LazyLock<Vec<u8>> = LazyLock::new(|| alaw(&at(-8.0, &sentence())));
    static DROWNED: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let (speech, noise) = (at(-26.0, &sentence()), at(-32.0, &noise(10_000)));
        alaw(&speech.iter().zip(noise.iter().cycle()).map(|(a, b)| a.saturating_add(*b)).collect::<Vec<_>>())
    });
    static COMFORT: LazyLock<Vec<u8>> = LazyLock::new(|| alaw(&noise(30)));
    static HISS: LazyLock<Vec<u8>> = LazyLock::new(|| alaw(&noise(560)));
    static HUM: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let wave = |n: usize, harmonic: f64| (n as f64 * 50.0 * harmonic / 8_000.0 * std::f64::consts::TAU + harmonic).sin();
        let weights = [(1.0, 1.0), (2.0, 0.6), (3.0, 0.5), (4.0, 0.2), (5.0, 0.3), (7.0, 0.15)];
        let sample = |n: usize| (weights.iter().map(|(h, w)| 2_000.0 * w * wave(n, *h)).sum::<f64>()) as i16;
        alaw(&(0..FRAME * 50).map(sample).collect::<Vec<_>>())
    });
    static SILENCE: [u8; FRAME] = [0xD5; FRAME];
    match sound {
        Sound::Speech => &SPEECH,
        Sound::Faint => &FAINT,
        Sound::Shouted => &SHOUTED,
        Sound::Drowned => &DROWNED,
        Sound::Silence | Sound::Nothing => &SILENCE,
        Sound::Comfort => &COMFORT,
        Sound::Hum => &HUM,
        Sound::Hiss => &HISS,
    }
}

fn noise(peak: i16) -> Vec<i16> {
    let mut rng = Rng::new(11);
    (0..FRAME * 100).map(|_| rng.below(2 * peak as u64 + 1) as i16 - peak).collect()
}

fn alaw(samples: &[i16]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Law::A.encode(samples, &mut bytes);
    bytes
}

/// What 20 ms of sound are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Heard {
    /// No packet came.
    Nothing,
    Silence,
    /// A clip of the switch, alone or over something quieter.
    Clip(&'static str),
    /// A voice, or any other sound.
    Voice,
}

/// Tells what 20 ms of A-law are.
pub fn tell(payload: &[u8]) -> Heard {
    let mut samples = Vec::with_capacity(FRAME);
    Law::A.decode(payload, &mut samples);
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    if dbov(&samples) < -55.0 {
        return Heard::Silence;
    }
    let strongest = CLIPS.iter().map(|(name, hz, _)| (power(&samples, f64::from(*hz)), *name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match (chord(&samples, energy), strongest) {
        (Some(name), _) => Heard::Clip(name),
        // A sine alone holds all the energy: N/2 × its power at its own frequency.
        (None, Some((power, name))) if power > 0.5 * energy => Heard::Clip(name),
        _ => Heard::Voice,
    }
}

/// The chord whose two sines hold the energy between them, each its part.
fn chord(samples: &[i16], energy: f64) -> Option<&'static str> {
    let sounds = |hz: &[u16; 2]| hz.iter().all(|hz| power(samples, f64::from(*hz)) > 0.3 * energy);
    CHORDS.iter().find(|(_, hz, _)| sounds(hz)).map(|(name, ..)| *name)
}

/// Energy of the samples at `hz`, by Goertzel.
fn power(samples: &[i16], hz: f64) -> f64 {
    let coefficient = 2.0 * (std::f64::consts::TAU * hz / 8_000.0).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (f64::from(*sample) + coefficient * one - two, one);
    }
    (one * one + two * two - coefficient * one * two) * 2.0 / samples.len() as f64
}

#[test]
fn every_clip_is_told_by_its_frequency_and_speech_is_none() {
    let hz_of = |clip: &str| CLIPS.iter().find(|(name, ..)| *name == clip).map(|(_, hz, _)| *hz);
    let alike = CLIPS.iter().filter(|(name, hz, _)| CLIPS.iter().any(|(other, same, _)| other != name && same == hz));
    assert_eq!(alike.count(), 5, "each has a frequency of its own, but for those that nobody need tell apart");
    for (name, hz, _) in CLIPS {
        let library = library();
        let clip = library.get(&ClipId::from(*name)).expect("a clip");
        for frame in clip.samples(Rate::Hz8000).chunks_exact(FRAME) {
            let told = tell(&alaw(frame));
            assert!(matches!(told, Heard::Clip(clip) if hz_of(clip) == Some(*hz)), "{name}: {told:?}");
        }
    }
    for (name, ..) in CHORDS {
        let library = library();
        let clip = library.get(&ClipId::from(*name)).expect("a clip");
        assert!(clip.samples(Rate::Hz8000).chunks_exact(FRAME).all(|frame| tell(&alaw(frame)) == Heard::Clip(name)), "{name}");
    }
    for sound in [Sound::Speech, Sound::Faint, Sound::Shouted, Sound::Drowned, Sound::Hiss, Sound::Hum] {
        let frames: Vec<Heard> = loop_of(sound).chunks_exact(FRAME).map(tell).collect();
        let clips = frames.iter().filter(|heard| matches!(heard, Heard::Clip(_))).count();
        assert!(clips * 5 < frames.len(), "{sound:?}: {clips} of {}", frames.len());
    }
    assert_eq!(tell(loop_of(Sound::Silence)), Heard::Silence);
}
