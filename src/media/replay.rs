//! A piece of a recording on its way to an ear: it is wanted in parts, each a little before it sounds, and read elsewhere.

use super::clips::Clip;
use super::control::Excerpt;
use crate::audio::Rate;
use crate::base::limits::REPLAY_PART;

#[derive(Debug)]
pub struct Replay {
    /// What was not asked for yet.
    rest: Excerpt,
    asked: Option<Excerpt>,
    /// What sounds, and the next sample of it.
    sounds: Option<(Clip, usize)>,
    /// What comes next.
    ready: Option<Clip>,
}

impl Replay {
    #[must_use]
    pub fn new(excerpt: Excerpt) -> Self {
        Self { rest: excerpt, asked: None, sounds: None, ready: None }
    }

    /// The next part, when it is time to read it: while the part before sounds.
    pub fn wanted(&mut self) -> Option<Excerpt> {
        if self.asked.is_some() || self.ready.is_some() || self.rest.from >= self.rest.to {
            return None;
        }
        let to = self.rest.to.min(self.rest.from + REPLAY_PART);
        let part = Excerpt { to, ..self.rest };
        self.rest.from = to;
        self.asked = Some(part);
        Some(part)
    }

    /// A part that ends before it should is the last; a sample more or less comes of another rate.
    pub fn read(&mut self, excerpt: Excerpt, sound: Option<Clip>) {
        if self.asked != Some(excerpt) {
            return;
        }
        self.asked = None;
        let long = sound.as_ref().map_or(0, |clip| clip.samples(Rate::Hz8000).len()) + Rate::Hz8000.samples_per_frame();
        if long < Rate::Hz8000.samples_in_ms(usize::try_from((excerpt.to - excerpt.from).as_millis()).unwrap_or(usize::MAX)) {
            self.rest.from = self.rest.to;
        }
        self.ready = sound;
    }

    /// Fills the beginning of `frame` with what there is; returns how much.
    pub fn fill(&mut self, rate: Rate, frame: &mut [i16]) -> usize {
        let mut filled = 0;
        while filled < frame.len() {
            if self.sounds.is_none() {
                self.sounds = self.ready.take().map(|clip| (clip, 0));
            }
            let Some((clip, position)) = &mut self.sounds else { break };
            let rest = clip.samples(rate).get(*position..).unwrap_or(&[]);
            let count = rest.len().min(frame.len() - filled);
            frame[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
            *position += count;
            if count == rest.len() {
                self.sounds = None;
            }
        }
        filled
    }

    /// Nothing sounds, and nothing will.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.sounds.is_none() && self.ready.is_none() && self.asked.is_none() && self.rest.from >= self.rest.to
    }

    /// The session works at another rate.
    pub fn scale(&mut self, scale: impl Fn(&mut usize)) {
        if let Some((_, position)) = &mut self.sounds {
            scale(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{millis, secs};
    use crate::base::{CallId, Duration, Rng, Timestamp};

    fn excerpt(from: Duration, to: Duration) -> Excerpt {
        Excerpt { call: CallId::new(Timestamp(1), &mut Rng::new(1)), side: None, from, to }
    }

    fn sound(value: i16, long: Duration) -> Clip {
        let samples = Rate::Hz8000.samples_in_ms(usize::try_from(long.as_millis()).expect("short"));
        Clip::new(vec![value; samples].into(), vec![value; 2 * samples].into())
    }

    /// How many of the next 20 ms are there.
    fn next(replay: &mut Replay) -> usize {
        replay.fill(Rate::Hz8000, &mut [0; 160])
    }

    #[test]
    fn parts_are_wanted_one_ahead_and_follow_each_other() {
        let mut replay = Replay::new(excerpt(secs(3), secs(3) + REPLAY_PART + millis(50)));
        let first = replay.wanted().expect("the first");
        assert_eq!((first, replay.wanted()), (excerpt(secs(3), secs(3) + REPLAY_PART), None), "asked for once");
        assert_eq!((next(&mut replay), replay.is_over()), (0, false));
        replay.read(first, Some(sound(1, REPLAY_PART)));
        assert_eq!((next(&mut replay), replay.wanted().is_some()), (160, true), "while the first sounds");
        replay.read(excerpt(secs(3) + REPLAY_PART, secs(3) + REPLAY_PART + millis(50)), Some(sound(2, millis(50))));
        let frames = (REPLAY_PART.as_millis() / 20) as usize;
        assert!((1..frames).all(|_| next(&mut replay) == 160));
        let mut frame = [0; 160];
        assert!(replay.fill(Rate::Hz8000, &mut frame) == 160 && frame == [2; 160]);
        assert_eq!((next(&mut replay), replay.is_over()), (160, false));
        assert_eq!((next(&mut replay), replay.is_over()), (80, true));
    }

    #[test]
    fn a_recording_that_ends_early_or_cannot_be_read_holds_nobody_up() {
        for (sound, heard) in [(Some(sound(1, millis(20))), 160), (None, 0)] {
            let mut replay = Replay::new(excerpt(secs(0), secs(600)));
            let first = replay.wanted().expect("the first");
            replay.read(excerpt(secs(1), secs(2)), Some(self::sound(9, secs(1))));
            assert!(!replay.is_over() && next(&mut replay) == 0, "what nobody asked for is nobody's");
            replay.read(first, sound);
            assert_eq!((next(&mut replay), replay.wanted(), replay.is_over()), (heard, None, true));
        }
    }
}
