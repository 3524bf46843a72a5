//! Sound as numbers: frames of mono 16-bit samples, codecs, resampling, mixing, levels, tones, voice. Pure: samples in, samples out,
//! no clock, no file, no packet. Time here is counted in samples.

// Sound is arithmetic between integers and floats of known range: these pedantic lints would fire on every second line.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_precision_loss, clippy::cast_sign_loss)]

pub mod comfort_noise;
pub mod conceal;
pub mod decoder;
pub mod encoder;
pub mod frame;
pub mod g711;
pub mod g722;
pub mod gauge;
pub mod high_pass;
pub mod level;
pub mod mix;
pub mod outline;
pub mod pitch;
pub mod resample;
pub mod sides;
pub mod tone;
pub mod tone_detector;
pub mod voice;
pub mod wav;

pub use decoder::{DecodeError, Decoder};
pub use encoder::{Encoder, OpusSettings};
pub use frame::{FRAME, FRAME_MS, Rate};
pub use gauge::Gauge;
pub use mix::Sum;
pub use voice::{Activity, Change, VoiceDetector};
