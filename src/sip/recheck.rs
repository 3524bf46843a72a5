//! Whether the peer of a session is still there, after a restart: it is asked, and a phone whose connection went with the old process
//! has 32 s to come back on another. What is asked and how answers are read is `reoffer`'s.

use super::Flow;
use super::order::Room;
use super::reoffer::{Ask, Reoffer};
use super::session::{Phase, Session};
use super::transaction::PATIENCE;

impl Session {
    /// Asks, when its turn has come.
    pub fn recheck(&mut self, room: &mut Room) {
        if matches!(self.phase, Phase::Up) && self.unheard_until.is_none() {
            self.unheard_until = Some(room.now + PATIENCE);
            self.next_offer(room);
        }
    }

    pub fn is_unheard(&self) -> bool {
        self.unheard_until.is_some()
    }

    /// The peer gave a sign of life.
    pub(super) fn heard_of(&mut self) {
        self.unheard_until = None;
        if let Reoffer::CutOff { .. } = self.reoffer {
            self.reoffer = Reoffer::Idle;
        }
    }

    /// The connection could not be opened again. The peer may listen where its Contact says; else it has to come to us.
    pub(super) fn cut_off(&mut self, ask: Ask, room: &mut Room) {
        if let Ask::Offer(sdp) = ask {
            self.wanted.get_or_insert(sdp);
        }
        if let Some(flow) = self.dialog.listening() {
            self.dialog.flow = flow;
            return self.next_offer(room);
        }
        let give_up_at = self.unheard_until.unwrap_or(room.now);
        self.reoffer = Reoffer::CutOff { give_up_at };
    }

    /// The phone is back on another connection; what went out on the lost one is asked again.
    pub fn rejoined(&mut self, flow: Flow, room: &mut Room) {
        self.dialog.flow = flow;
        match std::mem::replace(&mut self.reoffer, Reoffer::Idle) {
            Reoffer::CutOff { .. } => {}
            Reoffer::Ours { ask, .. } if self.unheard_until.is_some() => {
                if let Ask::Offer(sdp) = ask {
                    self.wanted.get_or_insert(sdp);
                }
            }
            other => return self.reoffer = other,
        }
        self.next_offer(room);
    }
}
