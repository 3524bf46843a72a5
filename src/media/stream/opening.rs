//! What comes from an encrypted leg, on its way to be heard: opened, or counted and dropped. And what its keys mean for both ways.

use super::Stream;
use crate::base::srtp::{MasterKey, SrtpKeys};
use crate::base::{Duration, Instant, time::secs};
use crate::media::latch::Standing;
use crate::media::turn::Component;
use crate::rtp::packet::{is_keep_alive, is_rtcp};
use crate::rtp::srtp::{Inbound, Rejected};
use std::net::SocketAddr;

/// The least time in which a sequence rolls over: at a hundred packets a second.
const ROLLS_OVER_IN: Duration = secs(655);
/// The least time between two reports of ours, rounded down.
const REPORTS_EVERY: Duration = secs(2);

#[derive(Debug)]
pub(super) struct Opening {
    key: MasterKey,
    now: Inbound,
    /// Under the key before, until the first packet under the new one: those that were on their way (RFC 4568 §7.1.4).
    before: Option<Box<Inbound>>,
}

impl Stream {
    pub fn is_encrypted(&self) -> bool {
        self.opening.is_some()
    }

    /// These keys are settled, or none. The same again change nothing: roll-over counters go on.
    pub(super) fn encrypt(&mut self, keys: Option<&SrtpKeys>) {
        let old = self.parameters.as_ref().and_then(|parameters| parameters.srtp.as_deref());
        let is_first = self.parameters.is_none();
        if old.map(|keys| &keys.send) != keys.map(|keys| &keys.send) {
            // After a restart it is not known which reports went out, only how many there can have been at most.
            let reports = self.resumed_after.as_nanos() / REPORTS_EVERY.as_nanos();
            self.outbound.set_key(keys.map(|keys| &keys.send), u32::try_from(reports).unwrap_or(u32::MAX >> 2));
            if is_first && !self.resumed_after.is_zero() {
                self.outbound.resume_key();
            }
        }
        let before = self.opening.take();
        // A new key may go on with the old one's count, and one that comes again with its own.
        if let Some(opening) = &before {
            self.rolled_over = self.rolled_over.max(opening.now.counter().saturating_add(1));
        }
        self.opening = keys.map(|SrtpKeys { receive: key, .. }| match before {
            Some(opening) if opening.key == *key => opening,
            before => {
                let rolled = self.resumed_after.as_nanos() / ROLLS_OVER_IN.as_nanos();
                let most = if self.resumed_after.is_zero() { 0 } else { u32::try_from(rolled).unwrap_or(u32::MAX).saturating_add(1) };
                let now = Inbound::new(key, most.max(self.rolled_over));
                Box::new(Opening { key: key.clone(), now, before: before.map(|opening| Box::new(opening.now)) })
            }
        });
    }

    /// Decrypts a packet into `room`; false for what is not the leg's.
    pub fn open(&mut self, component: Component, from: SocketAddr, bytes: &[u8], room: &mut Vec<u8>, now: Instant) -> bool {
        room.clear();
        room.extend_from_slice(bytes);
        let is_report = component == Component::Rtcp || is_rtcp(bytes);
        let latch = if component == Component::Rtcp { &self.rtcp_latch } else { &self.rtp_latch };
        let (Some(parameters), Some(opening)) = (&self.parameters, &mut self.opening) else { return false };
        // Who is a stranger, and what only holds a way open, is judged as it stands: nothing of it is heard.
        if latch.standing(from, parameters, now) == Standing::Stranger || is_keep_alive(bytes) {
            return true;
        }
        let open = |context: &mut Inbound, room: &mut Vec<u8>| if is_report { context.open_report(room) } else { context.open(room) };
        let mut outcome = open(&mut opening.now, room);
        if outcome.is_ok() {
            opening.before = None;
        } else if let Some(before) = &mut opening.before {
            room.clear();
            room.extend_from_slice(bytes);
            outcome = open(before, room);
        }
        match outcome {
            Ok(()) => return true,
            Err(Rejected::Malformed) => self.counted.malformed += 1,
            Err(Rejected::Repeated | Rejected::Forged) => self.counted.unauthentic += 1,
        }
        false
    }
}
