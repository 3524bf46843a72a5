//! The recording as it goes to a recording server while it is made: its left to one leg, its right to another. Both have what the tap has:
//! the same parties, what the switch says to the left, and silence in pauses.

use super::Session;
use crate::base::time::millis;
use crate::base::{Duration, Instant, LegId};
use crate::media::parties::Parties;
use crate::media::topology::{Hears, hears};

/// So long after a pause copies are still silent: what was said in it may stand in a jitter buffer, or be late.
const LATE_MAX: Duration = millis(200);

#[derive(Debug, Default)]
pub struct Copies {
    /// To whom left and right go.
    to: Option<(LegId, LegId)>,
    /// A pause is over, and what was said in it may still come.
    silent_until: Option<Instant>,
}

impl Copies {
    /// The recording goes on after a pause.
    pub fn resume(&mut self, now: Instant) {
        self.silent_until = Some(now + LATE_MAX);
    }

    /// Whether copies sound again from this tick on; told once.
    pub fn are_due(&mut self, now: Instant) -> bool {
        let due = self.silent_until.is_some_and(|until| until <= now);
        if due {
            self.silent_until = None;
        }
        due
    }

    /// Whether the leg gets what the switch says, in this tick.
    pub fn has_voice_of_switch(&self, leg: LegId, now: Instant) -> bool {
        self.to.is_some_and(|(_, right)| right == leg) && self.silent_until.is_none_or(|until| until <= now)
    }
}

impl Session {
    /// What is recorded goes to these legs too, from now on.
    pub fn copy(&mut self, left: LegId, right: LegId) {
        self.copies.to = Some((left, right));
        self.plan();
    }

    /// The places of those legs.
    pub(super) fn copied(&self) -> Parties {
        let Some((left, right)) = self.copies.to else { return Parties::NONE };
        [left, right].into_iter().filter_map(|leg| self.index(leg)).collect()
    }

    /// Who copies hear: the right has the switch's own voice too, so that it is mixed; the left may have its one party's packets.
    pub(super) fn plan_copies(&mut self, speakers: Parties) {
        let Some((left, right)) = self.copies.to else { return };
        let silent = self.copies.silent_until.is_some();
        let Some(tap) = &self.tap else { return self.silence_copies() };
        if tap.is_paused() || silent {
            return self.silence_copies();
        }
        let of_left: Parties = self.index(tap.left()).into_iter().collect();
        let of_right: Parties = tap.right().filter_map(|leg| self.index(leg)).collect();
        if let Some(place) = self.index(left) {
            let parties = of_left.among(speakers);
            let codec = parties.only().and_then(|party| self.legs[party].codec());
            let wanted = match hears(self.legs[place].facts(), parties, codec) {
                relayed @ Hears::Relayed(_) => relayed,
                _ => Hears::Copied(parties),
            };
            self.turn_copy(place, wanted);
        }
        if let Some(place) = self.index(right) {
            self.turn_copy(place, Hears::Copied(of_right.among(speakers)));
        }
    }

    fn silence_copies(&mut self) {
        for place in self.copied().iter() {
            self.turn_copy(place, Hears::Copied(Parties::NONE));
        }
    }

    /// Before its stream is settled nothing can be sent.
    fn turn_copy(&mut self, place: usize, wanted: Hears) {
        let stream = &mut self.legs[place];
        let wanted = if stream.facts().send { wanted } else { Hears::Nothing };
        stream.turn_to(wanted, None, self.rate);
    }
}
