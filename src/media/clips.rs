//! Prompts and music as the engine plays them: samples at both of its rates, made once when they are loaded. Reading files is `io`'s.

use crate::audio::tone::{RINGBACK_DBOV, Tone};
use crate::audio::{Rate, resample};
use crate::base::ClipId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tone after which a caller speaks. Made, not read: 1 kHz for 400 ms.
pub const BEEP: &str = "tone/beep";
const BEEP_HZ: f64 = 1_000.0;
const BEEP_MS: usize = 400;

/// The name of a clip in a language that is not the switch's own.
#[must_use]
pub fn in_language(language: &str, clip: &ClipId) -> ClipId {
    ClipId::new(&format!("{language}:{clip}"))
}

/// Whether it is somebody's voice: music and tones are the same in all languages.
#[must_use]
pub fn is_spoken(clip: &ClipId) -> bool {
    !clip.as_str().starts_with("music/") && !clip.as_str().starts_with("tone/")
}

/// One piece of sound, mono. Cheap to clone: what plays goes on when the library is swapped.
#[derive(Clone, Debug)]
pub struct Clip {
    narrow: Arc<[i16]>,
    wide: Arc<[i16]>,
}

impl Clip {
    /// `narrow` at 8 kHz, `wide` at 16 kHz.
    #[must_use]
    pub fn new(narrow: Arc<[i16]>, wide: Arc<[i16]>) -> Self {
        Self { narrow, wide }
    }

    /// Sound of any sample rate in Hz, brought to both rates.
    #[must_use]
    pub fn from_samples(samples: &[i16], hz: u32) -> Self {
        Self::new(resample::convert(samples, hz, Rate::Hz8000).into(), resample::convert(samples, hz, Rate::Hz16000).into())
    }

    #[must_use]
    pub fn samples(&self, rate: Rate) -> &[i16] {
        match rate {
            Rate::Hz8000 => &self.narrow,
            Rate::Hz16000 => &self.wide,
        }
    }
}

/// Every clip that can be played, by name. Immutable: a reload makes another.
#[derive(Clone, Debug, Default)]
pub struct ClipLibrary {
    clips: BTreeMap<ClipId, Clip>,
}

impl ClipLibrary {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub fn insert(&mut self, id: ClipId, clip: Clip) {
        self.clips.insert(id, clip);
    }

    /// The tones that the switch makes itself.
    pub fn insert_tones(&mut self) {
        let at = |rate: Rate| {
            let mut samples = Vec::new();
            Tone::new(&[BEEP_HZ], &[], rate, RINGBACK_DBOV).fill(rate.samples_in_ms(BEEP_MS), &mut samples);
            Arc::from(samples)
        };
        self.insert(ClipId::new(BEEP), Clip::new(at(Rate::Hz8000), at(Rate::Hz16000)));
    }

    /// A clip that a language lacks is played in the switch's own.
    #[must_use]
    pub fn get(&self, id: &ClipId) -> Option<&Clip> {
        self.clips.get(id).or_else(|| self.clips.get(id.as_str().split_once(':')?.1))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }
}
