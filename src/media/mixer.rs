//! What each hearer of several parties hears in one tick, made from the frames of those who say something: nobody hears himself, and a
//! sum that many hear but for one or two is made once.

use super::parties::Parties;
use super::stream::Stream;
use crate::audio::Sum;

/// Kept by the engine and lent to each session in turn: no allocation a tick.
#[derive(Debug, Default)]
pub struct Mixer {
    /// Who says something in this tick.
    speaking: Parties,
    /// All of them, from the first time that it is wanted.
    all: Sum,
    all_are_in: bool,
    /// What one hearer hears.
    heard: Sum,
}

impl Mixer {
    /// Another session's tick: its frames are decoded.
    pub fn begin(&mut self, legs: &[Stream]) {
        self.speaking = legs.iter().enumerate().filter(|(_, leg)| leg.inbound.frame().is_some()).map(|(place, _)| place).collect();
        self.all_are_in = false;
    }

    /// Those of `parties` who say something.
    #[must_use]
    pub fn speaking_of(&self, parties: Parties) -> Parties {
        self.speaking.among(parties)
    }

    /// Puts what `said` say into `frame`; on top of what is in it when `over`.
    pub fn mix(&mut self, legs: &[Stream], said: Parties, over: bool, frame: &mut [i16]) {
        let voice = |place: usize| legs[place].inbound.frame().unwrap_or_default();
        match (said.only(), over) {
            // One voice is heard as it is.
            (Some(place), false) => return frame.copy_from_slice(voice(place)),
            (None, _) if said.is_empty() => return,
            (Some(_) | None, _) => {}
        }
        let unheard = self.speaking.without(said);
        if said.count() <= unheard.count() + 1 {
            self.heard.clear();
            said.iter().for_each(|place| self.heard.add(voice(place)));
        } else {
            if !self.all_are_in {
                self.all.clear();
                self.speaking.iter().for_each(|place| self.all.add(voice(place)));
                self.all_are_in = true;
            }
            self.heard.clone_from(&self.all);
            unheard.iter().for_each(|place| self.heard.subtract(voice(place)));
        }
        if over {
            self.heard.add(frame);
        }
        self.heard.write(frame);
    }
}
