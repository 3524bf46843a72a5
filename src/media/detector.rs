//! Voice of one leg, as facts that a rule can use: it spoke, it fell silent. Short pauses between words are no silence.

use crate::audio::{Activity, Rate, VoiceDetector};
use crate::base::{Duration, Instant, time::millis};

/// A speaker who paused this long fell silent.
pub const HANGOVER: Duration = millis(500);

/// What changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    Spoke,
    FellSilent,
}

#[derive(Debug)]
pub struct Detector {
    rate: Rate,
    /// From the first sound on.
    voice: Option<Box<VoiceDetector>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Silent,
    Speaking,
    /// No voice since half a second before `silent_at`.
    Pausing {
        silent_at: Instant,
    },
}

impl Detector {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, voice: None, state: State::Silent }
    }

    /// The session works at another rate: the ear begins anew, and who was speaking must be heard again or fell silent.
    pub fn set_rate(&mut self, rate: Rate, now: Instant) {
        if rate == self.rate {
            return;
        }
        self.rate = rate;
        self.voice = None;
        if self.state == State::Speaking {
            self.state = State::Pausing { silent_at: now + HANGOVER };
        }
    }

    /// Takes the frame that was heard up to `now`; silence where nothing came.
    pub fn hear(&mut self, frame: &[i16], now: Instant) -> Option<Voice> {
        if self.voice.is_none() && frame.iter().any(|sample| *sample != 0) {
            self.voice = Some(Box::new(VoiceDetector::new(self.rate)));
        }
        let change = self.voice.as_mut().and_then(|voice| voice.push(frame));
        match (self.state, change.map(|change| (change.activity, change.ago))) {
            (State::Silent, Some((Activity::Speech, _))) => {
                self.state = State::Speaking;
                Some(Voice::Spoke)
            }
            (State::Pausing { .. }, Some((Activity::Speech, _))) => {
                self.state = State::Speaking;
                None
            }
            (State::Speaking, Some((Activity::Quiet, ago))) => {
                self.state = State::Pausing { silent_at: now + HANGOVER.saturating_sub(ago) };
                None
            }
            (State::Pausing { silent_at }, _) if silent_at <= now => {
                self.state = State::Silent;
                Some(Voice::FellSilent)
            }
            _ => None,
        }
    }
}
