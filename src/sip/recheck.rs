//! Whether the peer of a session is still there, after a restart: it is asked. A phone whose connection is gone, with the old process or in
//! mid-call, has 32 s to come back on another once that is noticed. What is asked and how answers are read is `reoffer`'s.

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

    /// What we asked could not be sent. Whether there is another way: a connection that it came back by meanwhile, or where it listens.
    pub(super) fn turns_elsewhere(&mut self, room: &Room) -> bool {
        if !self.dialog.flow.protocol.is_stream() {
            return false;
        }
        if self.dialog.is_cut
            && let Some(flow) = self.dialog.listening(room.settings)
        {
            self.dialog.flow = flow;
            return true;
        }
        !self.dialog.is_cut
    }

    /// Whether its peer, whose connection is gone, is somebody who comes to us.
    pub(super) fn may_come_back(&self) -> bool {
        self.dialog.flow.protocol.is_stream() && (self.unheard_until.is_some() || self.account.is_some())
    }

    /// No connection can be opened: it has to come to us.
    pub(super) fn cut_off(&mut self, ask: Ask, room: &mut Room) {
        if let Ask::Offer(sdp) = ask {
            self.wanted.get_or_insert(sdp);
        }
        let give_up_at = *self.unheard_until.get_or_insert(room.now + PATIENCE);
        self.reoffer = Reoffer::CutOff { give_up_at };
    }

    /// The phone is back on another connection; what went out on the lost one is asked again.
    pub fn rejoined(&mut self, flow: Flow, room: &mut Room) {
        self.dialog.flow = flow;
        self.dialog.is_cut = false;
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
