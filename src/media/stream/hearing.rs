//! The leg as one who hears: what it hears now and soon, and how it comes to that without noticing.

use super::{COMFORT_NOISE, Stream};
use crate::audio::Rate;
use crate::base::{Codec, Instant};
use crate::media::changeover::{Changeover, Joint};
use crate::media::control::Background;
use crate::media::parties::Parties;
use crate::media::topology::Hears;
use crate::media::turn::Turn;
use crate::rtp::sender::Relayed;

impl Stream {
    /// Passes a party's packet on to it.
    pub fn relay(&mut self, packet: Relayed, payload: &[u8], now: Instant, turn: &mut Turn) {
        if let Some(changeover) = &mut self.changeover {
            changeover.relayed(payload);
        }
        self.send(|outbound, towards| outbound.relay(packet, payload, towards, now, turn));
    }

    /// Passes a party's comfort noise on to it, if it takes any.
    pub fn relay_comfort(&mut self, packet: Relayed, payload: &[u8], now: Instant, turn: &mut Turn) {
        if self.parameters.as_ref().is_some_and(|parameters| parameters.comfort_noise) {
            self.send(|outbound, towards| outbound.relay_as(COMFORT_NOISE, packet, payload, towards, now, turn));
        } else {
            self.outbound.withhold(packet);
        }
    }

    /// Hears `wanted` from now on: at once, or by a changeover where it would else notice. `codec` is that of the one party heard before.
    pub fn turn_to(&mut self, wanted: Hears, codec: Option<Codec>, rate: Rate) {
        let (own, change) = (self.codec(), &mut self.changeover);
        let at_once = match (self.hears, wanted, own) {
            (Hears::Relayed(party), Hears::Mixed(parties), Some(own))
                if parties.count() > 1 && parties.contains(party) && codec == Some(own) =>
            {
                match change {
                    Some(change) => change.to = wanted,
                    None => *change = Some(Changeover::into_mix(wanted, own, rate)),
                }
                self.hears
            }
            (Hears::Mixed(parties), Hears::Relayed(party), _) if parties.count() > 1 && parties.contains(party) => {
                *change = Some(Changeover::out_of_mix(wanted));
                // The others fall silent at once.
                Hears::Mixed(Parties::of(party))
            }
            // Waiting for the pause already.
            (Hears::Mixed(_), Hears::Relayed(_), _) if change.as_ref().is_some_and(|change| change.to == wanted) => self.hears,
            (_, wanted, _) => {
                *change = None;
                wanted
            }
        };
        self.hear(at_once);
    }

    /// The changeover that was due is made. What the mix that begins now is to be joined to.
    pub fn change_over(&mut self, now: Instant, turn: &mut Turn) -> Option<Box<Joint>> {
        let change = self.changeover.take()?;
        // What waits for its packet to be full was heard before.
        self.send(|outbound, towards| outbound.flush(towards, now, turn));
        self.hear(change.to);
        change.into_joint()
    }

    fn hear(&mut self, hears: Hears) {
        if hears != self.hears && (hears.is_relayed() || self.hears.is_relayed()) {
            self.outbound.interrupt();
        }
        self.hears = hears;
    }

    /// The leg at `place` left the session.
    pub fn close_up(&mut self, place: usize) {
        self.is_to_hear = self.is_to_hear.close_up(place);
        self.relayed_to = self.relayed_to.close_up(place);
        let (before, hears) = (self.hears, self.hears.close_up(place));
        self.hears = hears;
        if before.is_relayed() && !hears.is_relayed() {
            self.outbound.interrupt();
        }
        if let Some(change) = &mut self.changeover {
            change.to = change.to.close_up(place);
        } else if let (Hears::Mixed(_), Some(party)) = (hears, hears.parties().only())
            && before.parties().count() > 1
        {
            // He is alone with the one who is left, whose packets he may get again.
            self.changeover = Some(Changeover::out_of_mix(Hears::Relayed(party)));
        }
    }

    /// Leaves its session: what that one ordered for it besides its stream ends, and what was counted is that one's.
    pub fn depart(&mut self, now: Instant, turn: &mut Turn) {
        self.end_part(now, turn);
        let mut ended = Vec::new();
        self.player.stop(&mut ended);
        self.report_ended(&mut ended, turn);
        self.player.set_background(Background::None);
        self.detector = None;
        self.gauge = None;
        self.changeover = None;
        self.is_to_hear = Parties::NONE;
        self.relayed_to = Parties::NONE;
        self.outbound.interrupt();
        self.hears = Hears::Nothing;
    }
}
