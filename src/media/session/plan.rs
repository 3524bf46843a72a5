//! Who hears what: settled after each order, carried out at once or, by a changeover, in a later tick.

use super::Session;
use crate::audio::Rate;
use crate::base::{Codec, Instant};
use crate::media::changeover::Joint;
use crate::media::parties::Parties;
use crate::media::topology::{Hears, hears};
use crate::media::turn::Turn;

impl Session {
    /// 16 kHz when any leg is wideband, else 8.
    pub(super) fn set_rate(&mut self, now: Instant) {
        let wide = self.legs.iter().any(|stream| stream.codec().is_some_and(Codec::is_wideband));
        self.rate = if wide { Rate::Hz16000 } else { Rate::Hz8000 };
        for stream in &mut self.legs {
            stream.player.set_rate(self.rate);
            if let Some(detector) = &mut stream.detector {
                detector.set_rate(self.rate, now);
            }
        }
    }

    /// Settles who hears what. Cheap, and changes nothing when nothing changed.
    pub(super) fn plan(&mut self) {
        let speakers: Parties =
            self.legs.iter().enumerate().filter(|(_, stream)| stream.facts().may_speak()).map(|(place, _)| place).collect();
        let copied = self.copied();
        for index in (0..self.legs.len()).filter(|place| !copied.contains(*place)) {
            let parties = self.legs[index].is_to_hear.among(speakers);
            let codec_of = |party: Option<usize>| party.and_then(|party| self.legs[party].codec());
            let (codec, relayed) = (codec_of(parties.only()), codec_of(self.legs[index].hears.parties().only()));
            let stream = &mut self.legs[index];
            stream.turn_to(hears(stream.facts(), parties, codec), relayed, self.rate);
        }
        self.plan_copies(speakers);
        self.settle();
    }

    /// Derives from what is heard whose packets are passed on and whose sound is decoded.
    fn settle(&mut self) {
        let mut decoded = Parties::NONE;
        for stream in &mut self.legs {
            stream.relayed_to = Parties::NONE;
            decoded = decoded.with(stream.hears.decoded());
            decoded = stream.changeover.as_ref().map_or(decoded, |change| decoded.with(change.to.decoded()));
        }
        for hearer in 0..self.legs.len() {
            if let Hears::Relayed(party) = self.legs[hearer].hears {
                let stream = &mut self.legs[party];
                stream.relayed_to = stream.relayed_to.with(Parties::of(hearer));
            }
        }
        for (place, stream) in self.legs.iter_mut().enumerate() {
            let decodes = decoded.contains(place) || stream.detector.is_some();
            if stream.decodes != decodes {
                stream.decodes = decodes;
                stream.inbound.reset();
            }
        }
    }

    /// Makes the changeovers that are due in this tick, whose frames are decoded. Who begins a mix gets what it is to be joined to.
    pub(super) fn change_over(&mut self, now: Instant, turn: &mut Turn, joints: &mut Vec<(usize, Box<Joint>)>) {
        let mut changed = false;
        for index in 0..self.legs.len() {
            let Some(mut change) = self.legs[index].changeover.take() else { continue };
            // The one party that is heard before the change or after it.
            let party = self.legs[index].hears.parties().only().and_then(|party| self.legs.get(party));
            let is_due = change.is_due(party.and_then(|party| party.inbound.frame()));
            let stream = &mut self.legs[index];
            stream.changeover = Some(change);
            if is_due {
                joints.extend(stream.change_over(now, turn).map(|joint| (index, joint)));
                changed = true;
            }
        }
        if changed {
            self.settle();
        }
    }
}
