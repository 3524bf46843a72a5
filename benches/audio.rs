//! What a frame of 20 ms costs. `cargo bench --bench audio`.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]

use criterion::{Criterion, criterion_group, criterion_main};
use sanling::audio::g711::Law;
use sanling::audio::level::dbov;
use sanling::audio::resample::{Downsampler, Upsampler};
use sanling::audio::sides::Sides;
use sanling::audio::tone_detector::ToneDetector;
use sanling::audio::{Decoder, Encoder, Gauge, Rate, Sum, VoiceDetector};
use sanling::base::{Codec, SoundLimits};
use std::hint::black_box;

/// A voice of 140 Hz that rises and falls, frame by frame.
fn voice(rate: Rate, frames: usize) -> Vec<Vec<i16>> {
    let mut phase = 0.0_f64;
    let mut samples = (0..frames * rate.samples_per_frame()).map(|n| {
        let seconds = n as f64 / f64::from(rate.hz());
        phase += (140.0 + 20.0 * (seconds * 5.0).sin()) / f64::from(rate.hz()) * std::f64::consts::TAU;
        let swell = 0.6 + 0.4 * (seconds * 9.0).sin();
        (1..=12).map(|h| 2_500.0 * swell / f64::from(h) * (phase * f64::from(h)).sin()).sum::<f64>() as i16
    });
    (0..frames).map(|_| samples.by_ref().take(rate.samples_per_frame()).collect()).collect()
}

fn frames(c: &mut Criterion) {
    let narrow = voice(Rate::Hz8000, 50);
    let wide = voice(Rate::Hz16000, 50);
    let (mut bytes, mut samples) = (Vec::with_capacity(2_000), Vec::with_capacity(4_000));

    let mut turn = 0;
    let mut next = move || {
        turn = (turn + 1) % 50;
        turn
    };

    c.bench_function("g711 a-law encode, 160 samples", |b| {
        b.iter(|| {
            bytes.clear();
            Law::A.encode(black_box(&narrow[0]), &mut bytes);
        });
    });
    c.bench_function("g711 a-law decode, 160 samples", |b| {
        b.iter(|| {
            samples.clear();
            Law::A.decode(black_box(&bytes), &mut samples);
        });
    });
    let mut up = Upsampler::new();
    c.bench_function("resample 8 to 16 kHz, 20 ms", |b| {
        b.iter(|| {
            samples.clear();
            up.process(black_box(&narrow[0]), &mut samples);
        });
    });
    let mut down = Downsampler::new();
    c.bench_function("resample 16 to 8 kHz, 20 ms", |b| {
        b.iter(|| {
            samples.clear();
            down.process(black_box(&wide[0]), &mut samples);
        });
    });
    let (mut sum, mut mixed) = (Sum::new(), [0; 160]);
    c.bench_function("mix three voices at 8 kHz", |b| {
        b.iter(|| {
            sum.clear();
            for frame in &narrow[..3] {
                sum.add(black_box(frame));
            }
            sum.subtract(&narrow[0]);
            sum.write(black_box(&mut mixed));
        });
    });
    c.bench_function("level of 160 samples", |b| b.iter(|| dbov(black_box(&narrow[0]))));
    let coded: Vec<Vec<u8>> = narrow
        .iter()
        .map(|frame| {
            let mut bytes = Vec::new();
            Law::A.encode(frame, &mut bytes);
            bytes
        })
        .collect();
    let mut gauge = Gauge::new(SoundLimits::default());
    c.bench_function("gauge of 20 ms of a-law", |b| b.iter(|| gauge.push_law(Law::A, black_box(&coded[next()]))));
    let mut gauge = Gauge::new(SoundLimits::default());
    c.bench_function("gauge of 20 ms decoded, 8 kHz", |b| b.iter(|| gauge.push(black_box(&narrow[next()]), Rate::Hz8000)));
    for (rate, frames) in [(Rate::Hz8000, &narrow), (Rate::Hz16000, &wide)] {
        // A voice left, the same a second later right, as a recording's file has them.
        let second: Vec<u8> = (0..50)
            .flat_map(|n| frames[n].iter().zip(&frames[49 - n]).flat_map(|(l, r)| [l.to_le_bytes(), r.to_le_bytes()].concat()))
            .collect();
        let mut sides = Sides::new(rate);
        (0..3).for_each(|_| sides.push(&second));
        c.bench_function(&format!("both sides of a second of recording at {} kHz", rate.hz() / 1_000), |b| {
            b.iter(|| sides.push(black_box(&second)));
        });
    }
    let mut tones = ToneDetector::new(Rate::Hz8000);
    c.bench_function("tone detector, 20 ms at 8 kHz", |b| b.iter(|| tones.push(black_box(&narrow[next()]))));
    for (rate, voice) in [(Rate::Hz8000, &narrow), (Rate::Hz16000, &wide)] {
        let mut detector = VoiceDetector::new(rate);
        c.bench_function(&format!("voice detector, 20 ms of voice at {} kHz", rate.hz() / 1_000), |b| {
            b.iter(|| detector.push(black_box(&voice[next()])));
        });
        let mut detector = VoiceDetector::new(rate);
        let silence = vec![0; rate.samples_per_frame()];
        c.bench_function(&format!("voice detector, 20 ms of silence at {} kHz", rate.hz() / 1_000), |b| {
            b.iter(|| detector.push(black_box(&silence)));
        });
        let mut encoder = Encoder::new(Codec::Opus, rate);
        c.bench_function(&format!("opus encode, 20 ms at {} kHz", rate.hz() / 1_000), |b| {
            b.iter(|| {
                bytes.clear();
                encoder.encode(black_box(&voice[next()]), &mut bytes);
            });
        });
        let mut decoder = Decoder::new(Codec::Opus, rate);
        c.bench_function(&format!("opus decode, 20 ms at {} kHz", rate.hz() / 1_000), |b| {
            b.iter(|| {
                samples.clear();
                decoder.decode(black_box(&bytes), &mut samples).expect("our own packet");
            });
        });
    }
    let mut decoder = Decoder::new(Codec::Pcma, Rate::Hz8000);
    Law::A.encode(&narrow[0], &mut bytes);
    decoder.decode(&bytes[..160], &mut samples).expect("a packet");
    c.bench_function("g711 concealment, 20 ms lost and 20 ms heard", |b| {
        b.iter(|| {
            samples.clear();
            decoder.conceal(160, &mut samples);
            decoder.decode(black_box(&[0x55; 160]), &mut samples).expect("a packet");
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots().warm_up_time(std::time::Duration::from_millis(300)).measurement_time(std::time::Duration::from_secs(1));
    targets = frames
}
criterion_main!(benches);
