//! What a sound is made of: levels, tones, where in it a known prompt begins; and sounds for phones to speak. Knows no network. Written
//! apart from the switch's own audio code, so that a fault of that cannot hide in its measurement.

use std::f64::consts::PI;
use std::path::{Path, PathBuf};

/// 20 ms at 8 kHz: a packet, a frame.
pub const FRAME: usize = 160;
/// Below this a frame is quiet, dBov.
pub const QUIET: f64 = -50.0;

/// Samples at 8 kHz.
pub type Samples = Vec<i16>;

/// The channels of a WAV file, brought to 8 kHz.
pub fn read_wav(path: &Path) -> Vec<Samples> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse_wav(&bytes)
}

/// As [`read_wav`], of a phone whose header promises more than there is (linphone counts the header as sound).
pub fn read_phones_wav(path: &Path) -> Samples {
    let mut reader = hound::WavReader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.bits_per_sample), (1, 16), "mono, 16-bit PCM");
    to_8k(&reader.samples().map_while(Result::ok).collect::<Vec<i16>>(), spec.sample_rate)
}

pub fn parse_wav(bytes: &[u8]) -> Vec<Samples> {
    let mut reader = hound::WavReader::new(bytes).expect("a WAV file");
    let spec = reader.spec();
    assert_eq!(spec.bits_per_sample, 16, "16-bit PCM");
    let all: Vec<i16> = reader.samples().map(|sample| sample.expect("a sample")).collect();
    let channels = usize::from(spec.channels);
    (0..channels).map(|channel| to_8k(&all.iter().skip(channel).step_by(channels).copied().collect::<Vec<_>>(), spec.sample_rate)).collect()
}

/// By a windowed sinc; the rate a multiple of 8 kHz.
fn to_8k(samples: &[i16], hz: u32) -> Samples {
    assert_eq!(hz % 8_000, 0, "a multiple of 8 kHz");
    let factor = (hz / 8_000) as usize;
    if factor == 1 {
        return samples.to_vec();
    }
    let half = 12 * factor as i64;
    let tap = |n: i64| {
        let x = n as f64 / factor as f64 * 0.9;
        let sinc = if n == 0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        sinc * (0.5 + 0.5 * (PI * n as f64 / half as f64).cos())
    };
    let taps: Vec<f64> = (-half..=half).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    let at = |index: i64| usize::try_from(index).ok().and_then(|index| samples.get(index)).map_or(0.0, |sample| f64::from(*sample));
    let filtered = |centre: i64| (-half..=half).zip(&taps).map(|(n, tap)| at(centre + n) * tap).sum::<f64>() / sum;
    (0..samples.len() / factor).map(|n| filtered((n * factor) as i64).clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// dBov: 0 is a square wave of full scale (RFC 6465 §4).
pub fn level(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|sample| (f64::from(*sample) / 32_768.0).powi(2)).sum::<f64>() / samples.len().max(1) as f64;
    10.0 * (power + 1e-13).log10()
}

/// The level of one frequency, by Goertzel's algorithm, dBov.
pub fn tone_level(samples: &[i16], frequency: f64) -> f64 {
    let coefficient = 2.0 * (2.0 * PI * frequency / 8_000.0).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (f64::from(*sample) / 32_768.0 + coefficient * one - two, one);
    }
    let power = (one * one + two * two - coefficient * one * two) * 2.0 / (samples.len().max(1) as f64).powi(2);
    10.0 * (power + 1e-13).log10()
}

/// Seconds `from` to `to` of a sound.
pub fn cut(samples: &[i16], from: f64, to: f64) -> &[i16] {
    let index = |at: f64| ((at.max(0.0) * 8_000.0) as usize).min(samples.len());
    &samples[index(from)..index(to)]
}

pub fn seconds(samples: &[i16]) -> f64 {
    samples.len() as f64 / 8_000.0
}

/// Where a prompt begins in what was heard, and how alike the two are there (1 the same).
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub at: f64,
    pub likeness: f64,
}

/// The place, between `from` and `to` seconds, where `heard` is most like `prompt`: normalised correlation over its first 600 ms of voice.
pub fn find(prompt: &[i16], heard: &[i16], from: f64, to: f64) -> Found {
    let lead = prompt.chunks(FRAME).take_while(|frame| level(frame) < -40.0).count() * FRAME;
    let needle: Vec<f32> = prompt[lead..(lead + 4_800).min(prompt.len())].iter().map(|sample| f32::from(*sample)).collect();
    let first = ((from * 8_000.0) as usize + lead).min(heard.len());
    let last = ((to * 8_000.0) as usize + lead + needle.len()).min(heard.len());
    let hay: Vec<f32> = heard[first..last].iter().map(|sample| f32::from(*sample)).collect();
    let energy = |part: &[f32]| part.iter().map(|sample| sample * sample).sum::<f32>();
    let whole = energy(&needle);
    let likeness = |part: &[f32]| {
        let dot: f32 = part.iter().zip(&needle).map(|(one, other)| one * other).sum();
        dot / (energy(part) * whole).sqrt().max(1.0)
    };
    let best = hay.windows(needle.len()).map(likeness).enumerate().max_by(|one, other| one.1.total_cmp(&other.1));
    let (offset, likeness) = best.unwrap_or_default();
    Found { at: (first + offset - lead.min(first)) as f64 / 8_000.0, likeness: f64::from(likeness) }
}

/// Stretches of sound, in seconds: what is quieter than [`QUIET`] for `gap` seconds parts them.
pub fn stretches(samples: &[i16], gap: f64) -> Vec<(f64, f64)> {
    let mut found: Vec<(f64, f64)> = Vec::new();
    for (n, frame) in samples.chunks(FRAME).enumerate().filter(|(_, frame)| level(frame) > QUIET) {
        let (start, end) = ((n * FRAME) as f64 / 8_000.0, (n * FRAME + frame.len()) as f64 / 8_000.0);
        match found.last_mut() {
            Some(last) if start - last.1 < gap => last.1 = end,
            _ => found.push((start, end)),
        }
    }
    found
}

/// A tone of −23 dBov.
pub fn tone(frequency: f64, seconds: f64) -> Samples {
    (0..(seconds * 8_000.0) as usize).map(|n| ((2.0 * PI * frequency * n as f64 / 8_000.0).sin() * 3_277.0) as i16).collect()
}

/// A sentence of the labelled set, said again and again with a second between, after `lead` seconds of silence.
pub fn speech(lead: f64, seconds: f64) -> Samples {
    let said = read_wav(&in_tree("tests/fixtures/voice/zh-m-4.wav")).remove(0);
    let mut samples = vec![0; (lead * 8_000.0) as usize];
    while samples.len() < (seconds * 8_000.0) as usize {
        samples.extend_from_slice(&said);
        samples.extend([0; 8_000]);
    }
    samples
}

/// A sum of tones of −23 dBov each at 16 kHz or more, the same in each channel, as a softphone reads it.
pub fn write_wide(path: &Path, tones: &[f64], seconds: f64, hz: u32, channels: u16) {
    let spec = hound::WavSpec { channels, sample_rate: hz, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).expect("a file");
    for n in 0..(seconds * f64::from(hz)) as usize {
        let sum: f64 = tones.iter().map(|tone| (2.0 * PI * tone * n as f64 / f64::from(hz)).sin() * 3_277.0).sum();
        (0..channels).for_each(|_| writer.write_sample(sum as i16).expect("written"));
    }
    writer.finalize().expect("written");
}

/// The level of one frequency in each channel of a WAV file at its own rate, dBov, between `from` and `to` seconds; and that rate.
pub fn tone_levels_at_own_rate(bytes: &[u8], frequency: f64, from: f64, to: f64) -> (u32, Vec<f64>) {
    let mut reader = hound::WavReader::new(bytes).expect("a WAV file");
    let (hz, channels) = (reader.spec().sample_rate, usize::from(reader.spec().channels));
    let all: Vec<i16> = reader.samples().map(|sample| sample.expect("a sample")).collect();
    let index = |at: f64| (at * f64::from(hz)) as usize;
    let level = |channel: usize| {
        let samples: Vec<i16> = all.iter().skip(channel).step_by(channels).copied().collect();
        // Goertzel's algorithm counts in samples: a file of twice the rate has the frequency at half.
        tone_level(&samples[index(from)..index(to).min(samples.len())], frequency * 8_000.0 / f64::from(hz))
    };
    (hz, (0..channels).map(level).collect())
}

/// As a softphone reads it: `hz` a multiple of 8 kHz (by repetition and a straight line between), the same in each channel.
pub fn write_wav(path: &Path, samples: &[i16], hz: u32, channels: u16) {
    let spec = hound::WavSpec { channels, sample_rate: hz, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).expect("a file");
    let factor = (hz / 8_000) as i32;
    for (n, sample) in samples.iter().enumerate() {
        let (this, next) = (i32::from(*sample), i32::from(*samples.get(n + 1).unwrap_or(sample)));
        for step in 0..factor {
            let value = this + (next - this) * step / factor;
            (0..channels).for_each(|_| writer.write_sample(value as i16).expect("written"));
        }
    }
    writer.finalize().expect("written");
}

/// A prompt of the shipped configuration.
pub fn prompt(name: &str) -> Samples {
    read_wav(&in_tree(&format!("config/prompts/zh-CN/{name}.wav"))).remove(0)
}

pub fn in_tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// ITU-T G.711, A-law to linear.
pub fn alaw_to_linear(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (exponent, mantissa) = (i32::from(code >> 4 & 7), i32::from(code & 15) << 4);
    let magnitude = if exponent == 0 { mantissa + 8 } else { (mantissa + 0x108) << (exponent - 1) };
    (if code & 0x80 == 0 { -magnitude } else { magnitude }) as i16
}

/// ITU-T G.711, the code whose value is nearest: by search, for tests have time.
pub fn linear_to_alaw(sample: i16) -> u8 {
    (0..=255).min_by_key(|code| (i32::from(alaw_to_linear(*code)) - i32::from(sample)).abs()).unwrap_or(0xD5)
}

#[test]
fn the_measures_measure() {
    let sound = tone(600.0, 1.0);
    assert!((level(&sound) + 23.0).abs() < 0.1 && (tone_level(&sound, 600.0) + 23.0).abs() < 0.1 && tone_level(&sound, 1_000.0) < -70.0);
    assert!((i16::MIN..=i16::MAX).step_by(97).all(|sample| {
        let back = alaw_to_linear(linear_to_alaw(sample));
        (i32::from(back) - i32::from(sample)).abs() <= (i32::from(sample).abs() / 16).max(8) + 256 * i32::from(sample == i16::MIN)
    }));
    // A prompt in the midst of music is found to the sample.
    let patience = prompt("patience");
    let mut heard = tone(300.0, 6.0);
    heard.iter_mut().skip(16_123).zip(&patience).for_each(|(heard, prompt)| *heard = *heard / 8 + *prompt);
    let found = find(&patience, &heard, 0.5, 4.0);
    assert!((found.at - 16_123.0 / 8_000.0).abs() < 0.001 && found.likeness > 0.8, "{found:?}");
    assert!(find(&prompt("welcome"), &heard, 0.5, 4.0).likeness < 0.5);
    let mut parted = tone(600.0, 1.0);
    parted.extend([0; 8_000]);
    parted.extend(tone(600.0, 0.5));
    assert_eq!(stretches(&parted, 0.5), [(0.0, 1.0), (2.0, 2.5)]);
}
