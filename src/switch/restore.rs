//! A switch made of what was kept of the one before it: its calls go on where they were, on the same axis of time.
//!
//! What was kept may be incomplete, or parts of it a moment older than others; an image that cannot be read costs the part it is of. Whether
//! the phones are still there is asked when everything stands, a few at a time.

use super::boxes::Message;
use super::call_backs::CallBack;
use super::checkpoint::{KeptAgent, KeptCall, KeptCallers, KeptSwitch, Part};
use super::day::Day;
use super::directory::Role;
use super::figures::KeptFigures;
use super::on_source::Recent;
use super::output::Output;
use super::slot::Purpose;
use super::{Key, Surroundings, Switch, Work};
use crate::acd;
use crate::base::limits::{IDS_SKIPPED, RECHECK_EVERY, RECHECKS_AT_ONCE};
use crate::base::{AgentId, BoxId, CallId, Instant, LegId, QueueId, Timestamp};
use crate::config::Config;
use crate::sip::guard::Blocked;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Everything that was kept, read.
#[derive(Default)]
pub struct Kept {
    switch: Option<KeptSwitch>,
    calls: BTreeMap<CallId, KeptCall>,
    agents: BTreeMap<AgentId, KeptAgent>,
    boxes: BTreeMap<BoxId, Vec<Message>>,
    call_backs: BTreeMap<CallId, CallBack>,
    blocked: Vec<Blocked>,
    sessions: VecDeque<Recent>,
    figures: BTreeMap<QueueId, KeptFigures>,
    callers: Vec<KeptCallers>,
    unreadable: Vec<String>,
}

/// What came of a restart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// Calls that go on: their records stay open.
    pub calls: BTreeSet<CallId>,
    /// Those of them whose recording goes on in its file.
    pub recorded: BTreeSet<CallId>,
    pub agents: usize,
    /// Parts whose image could not be read, by their names.
    pub lost: Vec<String>,
}

/// Legs that are still to be asked whether their phone is there.
#[derive(Debug, Default)]
pub(super) struct Rechecks {
    legs: VecDeque<LegId>,
    pub next_at: Option<Instant>,
}

impl Kept {
    /// Reads images by the names of their parts.
    pub fn read(images: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let mut kept = Self::default();
        for (name, image) in images {
            let read = match name.parse() {
                Ok(Part::Switch) => rmp_serde::from_slice(&image).map(|read| kept.switch = Some(read)).is_ok(),
                Ok(Part::Call(call)) => rmp_serde::from_slice(&image).map(|read| kept.calls.insert(call, read)).is_ok(),
                Ok(Part::Agent(agent)) => rmp_serde::from_slice(&image).map(|read| kept.agents.insert(agent, read)).is_ok(),
                Ok(Part::CallBack(id)) => rmp_serde::from_slice(&image).map(|read| kept.call_backs.insert(id, read)).is_ok(),
                Ok(Part::Box(id)) => rmp_serde::from_slice(&image).map(|read| kept.boxes.insert(id, read)).is_ok(),
                Ok(Part::Figures(queue)) => rmp_serde::from_slice(&image).map(|read| kept.figures.insert(queue, read)).is_ok(),
                Ok(Part::Callers(_)) => rmp_serde::from_slice(&image).map(|read| kept.callers.push(read)).is_ok(),
                Ok(Part::Sessions) => rmp_serde::from_slice(&image).map(|read| kept.sessions = read).is_ok(),
                Ok(Part::Blocked) => rmp_serde::from_slice(&image).map(|read| kept.blocked = read).is_ok(),
                Err(_) => false,
            };
            if !read {
                kept.unreadable.push(name);
            }
        }
        kept
    }

    /// The moment at which a clock goes on when the wall reads `wall`: by the time that passed on the wall, and never before the last moment
    /// that is known, should the wall clock have been put back.
    #[must_use]
    pub fn resumes_at(&self, wall: Timestamp) -> Instant {
        let anchor = self.switch.as_ref().map_or(Instant::START, |kept| kept.wall.moment(wall).max(kept.at));
        self.calls.values().map(|kept| kept.at).fold(anchor, Instant::max)
    }

    /// Of the media plane, so that each stream goes on under the name that it had.
    #[must_use]
    pub fn media_seed(&self) -> Option<u64> {
        self.switch.as_ref().map(|kept| kept.media_seed)
    }
}

impl Switch {
    /// The switch of `kept`, at `now` on the axis that [`Kept::resumes_at`] continues. Orders to the media plane and what was due meanwhile
    /// go to `out`.
    #[must_use]
    pub fn restore(config: Arc<Config>, surroundings: Surroundings, kept: Kept, now: Instant, out: &mut Vec<Output>) -> (Self, Restored) {
        let mut switch = Self::new(config, surroundings, now);
        let restored = switch.resume(kept, now);
        switch.settle(now);
        switch.keep_urgent(now, out);
        out.append(&mut switch.out);
        (switch, restored)
    }

    fn resume(&mut self, kept: Kept, now: Instant) -> Restored {
        let Kept { switch, calls, agents, boxes, call_backs, blocked, sessions, figures, callers, unreadable } = kept;
        let mut restored = Restored { agents: agents.len(), lost: unreadable, ..Restored::default() };
        if let Some(kept) = switch {
            // The image may be older than the last calls of that run.
            self.next_leg = kept.next_leg + 2 * IDS_SKIPPED;
            self.next_session = kept.next_session + IDS_SKIPPED;
            self.endpoint.set_next_leg(kept.next_leg_in + 2 * IDS_SKIPPED);
            self.acd.restore_figures(kept.figures);
            self.day = kept.day.unwrap_or_else(|| Day::of(&self.config.reports.zone, kept.wall.read(kept.at)));
            self.figures.began = kept.day_began;
            self.recordings_missing = kept.recordings_missing;
        }
        let (asked, spoke_last): (Vec<_>, Vec<_>) = callers.into_iter().map(|kept| (kept.asked, kept.spoke_last)).unzip();
        self.asked.restore(asked);
        self.spoke_last.restore(spoke_last);
        for (queue, kept) in figures {
            if kept.day == Some(self.day) {
                self.figures.restore(queue, kept.tally);
            }
        }
        for (id, kept) in agents {
            self.resume_agent(id, kept, now);
        }
        self.endpoint.restore_blocked(blocked);
        self.sources.restore(sessions);
        for (id, messages) in boxes {
            self.boxes.restore(id, messages);
        }
        for (id, call_back) in call_backs {
            self.call_backs.restore(id, call_back);
        }
        self.light_lamps(now);
        let mut sessions = Vec::new();
        let mut gone = Vec::new();
        let mut queued = Vec::new();
        for (id, mut kept) in calls {
            restored.calls.insert(id);
            sessions.push(id);
            queued.extend(kept.queued.take().map(|image| (id, image)));
            gone.extend(self.resume_call(id, kept, now).into_iter().map(|leg| (id, leg)));
        }
        self.agree_with_acd(queued, &restored.calls, now);
        self.resume_call_backs(now);
        self.tell_presences(now);
        // Midnight may have passed.
        self.look_at_calendar(now);
        for call in sessions {
            self.resume_media(call, now);
        }
        restored.recorded.extend(self.slots.iter().filter(|(_, slot)| slot.media.records()).map(|(call, _)| *call));
        for (call, leg) in gone {
            if let Some(event) = self.slots.get(&call).and_then(|slot| slot.call.loses(leg)) {
                self.tell_call(call, event, now);
            }
        }
        self.rechecks.legs.extend(self.calls_of_legs.keys());
        self.rechecks.next_at = (!self.rechecks.legs.is_empty()).then_some(now);
        self.touched.extend([Key::Endpoint, Key::Acd, Key::Recheck]);
        restored
    }

    fn resume_agent(&mut self, id: AgentId, kept: KeptAgent, now: Instant) {
        if let Some(state) = kept.state {
            self.acd.restore_agent(&id, state);
            self.resume_spell(&id, kept.spell);
        }
        if !self.config.agents.contains_key(&id) {
            return self.dirty.agent(id);
        }
        self.endpoint.restore_bindings(&id, kept.bindings, now);
        self.endpoint.restore_watches(&id, kept.watches);
        if let Some(flow) = kept.flow.filter(|_| kept.contacts > 0) {
            self.directory.flows.insert(id.clone(), flow);
            self.directory.contacts.insert(id, kept.contacts);
        }
    }

    /// Puts the call on the books; the legs that cannot be brought back are returned.
    fn resume_call(&mut self, id: CallId, kept: KeptCall, now: Instant) -> Vec<LegId> {
        let KeptCall { mut slot, mut legs, lines, .. } = kept;
        let copied = slot.copied.take();
        let copied = copied.filter(|leg| legs.remove(leg).is_some_and(|image| self.endpoint.restore_leg(*leg, image, now)));
        self.next_leg = copied.map_or(self.next_leg, |leg| self.next_leg.max(leg.0 & !1));
        let gone = slot.legs.iter().filter(|leg| !legs.remove(leg).is_some_and(|image| self.endpoint.restore_leg(**leg, image, now)));
        let gone = gone.copied().collect();
        for (leg, trunk) in &lines {
            self.carriers.take(*leg, trunk);
        }
        for leg in &slot.legs {
            self.calls_of_legs.insert(*leg, id);
            self.tell_dialog(*leg);
            self.next_leg = self.next_leg.max(leg.0 & !1);
        }
        self.calls_of_sessions.insert(slot.call.session(), id);
        self.next_session = self.next_session.max(slot.call.session().0);
        for (agent, role) in [(&slot.caller_agent, Role::Caller), (&slot.callee_agent, Role::Callee)] {
            if let Some(agent) = agent {
                self.directory.takes_part(agent, id, role);
            }
        }
        for agent in slot.agents_beside() {
            self.directory.takes_part(agent, id, Role::Beside);
        }
        for offer in slot.offers.values() {
            self.directory.takes_part(&offer.agent, id, Role::Offered);
        }
        if let (Some(visit), Some(since)) = (slot.call.record().visits.last().filter(|visit| visit.left_at.is_none()), slot.visit_since) {
            self.figures.entered(&visit.queue, id, since);
        }
        self.slots.insert(id, Box::new(slot));
        self.dirty.is_kept(id);
        self.touched.insert(Key::Slot(id));
        self.copies.note(id);
        if let Some(leg) = copied {
            self.copy_cut_short(id, leg, now);
        }
        gone
    }

    /// The ACD is told which agents are in calls, and which calls go on and wait. In this order, as it came: an agent who calls a queue is
    /// on the call before it waits, and it is not answered by that.
    fn agree_with_acd(&mut self, queued: Vec<(CallId, acd::QueuedImage)>, calls: &BTreeSet<CallId>, now: Instant) {
        let mut talking = Vec::new();
        for (call, slot) in &self.slots {
            let called = slot.callee_agent.as_ref().filter(|_| slot.call.is_connected() || matches!(slot.purpose, Purpose::Party(_)));
            talking.extend(slot.caller_agent.iter().chain(called).chain(slot.agents_beside()).map(|agent| (agent.clone(), *call)));
        }
        for (agent, call) in talking {
            self.tell_acd(acd::Event::Engaged { agent, call }, now);
        }
        for (call, image) in queued {
            self.acd.restore_call(call, image);
        }
        let mut ordered = Vec::new();
        self.acd.restored(calls, now, &mut ordered);
        self.work.extend(ordered.into_iter().map(Work::Acd));
        // Phones that ring for a call of which the ACD's books know nothing.
        let ringing = self.slots.iter().flat_map(|(call, slot)| slot.offers.values().map(|offer| (*call, offer.agent.clone())));
        let stray: Vec<_> = ringing.filter(|(call, agent)| !self.acd.offered_to(*call).contains(agent)).collect();
        for (call, agent) in stray {
            self.withdraw_from(call, &agent, now);
        }
    }

    /// Has the media plane make the call's session anew, and makes up the reports that the old one can give no more.
    fn resume_media(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        self.out.extend(slot.media.commands().into_iter().map(Output::Media));
        let owed = slot.media.owed();
        // What was cut short was not listened to: it is heard again.
        self.forget_what_is_said(call);
        for report in owed {
            self.on_media(report, now);
        }
        self.listening_resumed(call, now);
        self.replaying_cut_short(call, now);
        self.publish("call.resumed", Some(call), now, Vec::new());
    }

    /// Asks the next few phones whether they are still there.
    pub(super) fn on_recheck_due(&mut self, now: Instant) {
        let mut ordered = Vec::new();
        for leg in self.rechecks.legs.drain(..RECHECKS_AT_ONCE.min(self.rechecks.legs.len())) {
            self.endpoint.recheck(leg, now, &mut ordered);
        }
        self.touched.insert(Key::Endpoint);
        self.work.extend(ordered.into_iter().map(Work::Sip));
        self.rechecks.next_at = (!self.rechecks.legs.is_empty()).then_some(now + RECHECK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{millis, secs};
    use crate::base::{Rng, WallClock};

    fn kept(at: Instant, wall: WallClock) -> Kept {
        let switch = KeptSwitch {
            at,
            wall,
            media_seed: 7,
            next_leg: 10,
            next_leg_in: 11,
            next_session: 5,
            figures: acd::FiguresImage::default(),
            day: None,
            day_began: Instant::START,
            recordings_missing: 0,
        };
        Kept::read([(Part::Switch.to_string(), rmp_serde::to_vec_named(&switch).expect("plain values"))])
    }

    #[test]
    fn the_clock_goes_on_by_the_time_that_passed_on_the_wall_and_never_back() {
        let began = Timestamp(1_795_000_000_000);
        let last = Instant::after_start(secs(100));
        let kept = kept(last, WallClock::new(Instant::START, began));
        assert_eq!(kept.media_seed(), Some(7));
        for (wall_ms, resumes_at) in [(100_000, secs(100)), (102_500, millis(102_500)), (40_000, secs(100)), (-9_000_000, secs(100))] {
            assert_eq!(kept.resumes_at(Timestamp(began.0 + wall_ms)), Instant::after_start(resumes_at), "{wall_ms}");
        }
        assert_eq!(Kept::default().resumes_at(began), Instant::START, "a first start");
    }

    #[test]
    fn an_image_that_cannot_be_read_costs_its_part_and_no_other() {
        let call = Part::Call(CallId::new(Timestamp(1_795_000_000_000), &mut Rng::new(1)));
        let mut images = vec![
            (call.to_string(), b"torn".to_vec()),
            ("trunk/carrier".to_owned(), Vec::new()),
            (Part::Agent("1001".into()).to_string(), vec![0xC1]),
        ];
        let whole = kept(Instant::START, WallClock::new(Instant::START, Timestamp(0)));
        images.push((Part::Switch.to_string(), rmp_serde::to_vec_named(&whole.switch.expect("read")).expect("plain values")));
        let kept = Kept::read(images);
        assert_eq!(kept.unreadable, [call.to_string(), "trunk/carrier".to_owned(), "agent/1001".to_owned()]);
        assert!(kept.switch.is_some() && kept.calls.is_empty() && kept.agents.is_empty());
    }
}
