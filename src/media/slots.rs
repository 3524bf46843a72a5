//! The sessions of one engine: found by name when ordered, by place when a packet comes, and passed over by the ticks in which they have
//! nothing to do. A thousand relayed calls cost a tick one look at a row of moments.

use super::engine::Place;
use super::session::Session;
use crate::base::{Instant, SessionId};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Slots {
    sessions: Vec<Option<Box<Session>>>,
    /// Beside `sessions`: the tick at which each is to be asked again; the start for one that was disturbed. The end of time for none.
    quiet_until: Vec<Instant>,
    vacant: Vec<u32>,
    by_id: BTreeMap<SessionId, Place>,
}

impl Slots {
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn find_or_begin(&mut self, id: SessionId) -> Place {
        if let Some(place) = self.by_id.get(&id) {
            return *place;
        }
        let session = Some(Box::new(Session::new(id)));
        let index = if let Some(index) = self.vacant.pop() {
            self.sessions[index as usize] = session;
            self.quiet_until[index as usize] = Instant::START;
            index
        } else {
            self.sessions.push(session);
            self.quiet_until.push(Instant::START);
            u32::try_from(self.sessions.len() - 1).expect("legs are bounded far below")
        };
        self.by_id.insert(id, Place::of(index));
        Place::of(index)
    }

    pub fn at(&self, place: Place) -> Option<&Session> {
        self.sessions.get(place.index())?.as_deref()
    }

    /// For a packet, which mostly changes nothing that a tick would look at.
    pub fn at_mut(&mut self, place: Place) -> Option<&mut Session> {
        self.sessions.get_mut(place.index())?.as_deref_mut()
    }

    /// The session, which the next tick asks again.
    pub fn disturb(&mut self, place: Place) -> Option<&mut Session> {
        let session = self.sessions.get_mut(place.index())?.as_deref_mut()?;
        self.quiet_until[place.index()] = Instant::START;
        Some(session)
    }

    /// The session of this name, which the next tick asks again.
    pub fn find_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.disturb(*self.by_id.get(&id)?)
    }

    pub fn remove(&mut self, id: SessionId) {
        let Some(place) = self.by_id.remove(&id) else { return };
        self.sessions[place.index()] = None;
        self.quiet_until[place.index()] = Instant::NEVER;
        self.vacant.push(place.raw());
    }

    /// Asks each session that is not quiet at `now`, in the order of their places, and is told until when it is.
    pub fn each_due(&mut self, now: Instant, mut ask: impl FnMut(&mut Session) -> Instant) {
        for (quiet_until, session) in self.quiet_until.iter_mut().zip(&mut self.sessions) {
            if *quiet_until <= now
                && let Some(session) = session
            {
                *quiet_until = ask(session);
            }
        }
    }
}
