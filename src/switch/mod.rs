//! The switch: owns all machines and routes what one says to the others. One value, driven by one task, on virtual time.
//!
//! `handle` takes what happened, `handle_timeout` wakes what is due; both work off a list of orders until none is left. `input`,
//! `output` and `view` are the surface; each `on_…` file routes what one source says. Siblings never call each other: what a queue wants
//! of a phone passes through here.

pub mod checkpoint;
pub mod input;
pub mod output;
pub mod restore;
pub mod view;

mod admit;
mod announcing;
mod boxes;
mod call_back_list;
mod call_backs;
mod calling_back;
mod card_data;
mod carriers;
pub mod changes;
mod copy_orders;
mod copying;
mod day;
mod directory;
mod errand;
mod figures;
mod fold;
mod forwarding;
mod going;
mod greeting;
mod hearing;
mod indicating;
mod lamps;
mod listening;
mod offer;
mod on_acd;
mod on_call;
mod on_command;
mod on_hold;
mod on_media;
mod on_menu;
mod on_message;
mod on_parties;
mod on_rules;
mod on_service;
mod on_sip;
mod on_source;
mod overflow;
mod party_orders;
mod protecting;
mod quality;
mod referrals;
mod remembered;
mod replaying;
mod routing;
mod slot;
mod spells;
mod visits;
mod wishes;

pub use figures::basis;

use crate::acd::{self, Acd};
use crate::base::{AgentId, CallId, Deadlines, Duration, Instant, LegId, Machine, Rng, SessionId, Timestamp, WallClock};
use crate::call::record::CallRecord;
use crate::call::{self, Order};
use crate::config::Config;
use crate::qa::breaches;
use crate::recording::Recording;
use crate::sip::admission::{Strain, Turn};
use crate::sip::{self, Endpoint};
use boxes::{Boxes, Lamp};
use call_backs::CallBacks;
use carriers::Carriers;
use checkpoint::Dirty;
use copying::Copies;
use day::Day;
use directory::Directory;
use input::{FoundHosts, Input};
use on_source::Sources;
use output::{Detail, Event, Output};
use quality::Travels;
use remembered::Remembered;
use restore::Rechecks;
use slot::Slot;
use spells::Spells;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

/// What one machine ordered and another must be told; worked off in order.
#[derive(Debug)]
enum Work {
    Sip(sip::Output),
    Call(CallId, call::Action),
    Acd(acd::Action),
}

/// Whose deadline it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Key {
    /// First: what happens at midnight is of the new day.
    Midnight,
    /// Queues' figures are told.
    Figures,
    Endpoint,
    Acd,
    Slot(CallId),
    Closing(CallId),
    Drain,
    /// Phones are asked whether they are still there, after a restart.
    Recheck,
    /// Something is due to a call's copy.
    Copy(CallId),
    /// To a recording session of others.
    Source(CallId),
    /// A message goes on to a superior.
    Messages,
    /// Who was not reached is called again.
    CallBacks,
    /// What has changed is written down.
    Checkpoint,
}

/// A call that is over, whose recording is not closed yet, or whose legs are still being counted.
#[derive(Debug)]
struct Closing {
    record: CallRecord,
    recording: Recording,
    /// There is one to be waited for.
    records: bool,
    session: SessionId,
    travels: Travels,
    /// Until when the legs are waited for.
    counted_by: Instant,
    /// The call's own.
    wall: WallClock,
    /// Something came since its record was given to the store.
    changed: bool,
}

impl Closing {
    fn deadline(&self) -> Option<Instant> {
        let recording = if self.records { self.recording.deadline() } else { None };
        let counted = (!self.travels.owing().is_empty()).then_some(self.counted_by);
        recording.into_iter().chain(counted).min()
    }
}

/// What `io` knows and the core cannot find out.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Listening addresses, concrete.
    pub listen: Vec<(sip::Protocol, SocketAddr)>,
    /// Names of this machine.
    pub our_hosts: Vec<String>,
    /// From the system's source of chance: of ids and tags, and the key of the digest's nonces.
    pub seed: u64,
    pub secret: [u8; 32],
    /// The media plane's, kept for the next start.
    pub media_seed: u64,
    pub wall: WallClock,
}

pub struct Switch {
    config: Arc<Config>,
    surroundings: Surroundings,
    wall: WallClock,
    rng: Rng,
    endpoint: Endpoint,
    acd: Acd,
    directory: Directory,
    /// Boxed: nodes of a map that grows at its end stay half empty.
    slots: BTreeMap<CallId, Box<Slot>>,
    closing: BTreeMap<CallId, Closing>,
    calls_of_legs: BTreeMap<LegId, CallId>,
    calls_of_sessions: BTreeMap<SessionId, CallId>,
    next_leg: u64,
    next_session: u64,
    hosts: FoundHosts,
    carriers: Carriers,
    copies: Copies,
    sources: Sources,
    /// The figures are its.
    day: Day,
    drain_until: Option<Instant>,
    draining: bool,
    store_blocked: bool,
    recording_alarm: Option<String>,
    recordings_missing: u64,
    /// By the survey.
    asked: Remembered<()>,
    /// Who spoke last with a queue's caller.
    spoke_last: Remembered<AgentId>,
    boxes: Boxes,
    call_backs: CallBacks,
    /// What was said of them to each agent's phone.
    lamps: BTreeMap<AgentId, Lamp>,
    spells: Spells,
    figures: figures::Today,
    dirty: Dirty,
    rechecks: Rechecks,
    deadlines: Deadlines<Key>,
    /// Machines that were spoken to since their deadline was noted.
    touched: BTreeSet<Key>,
    work: VecDeque<Work>,
    out: Vec<Output>,
}

impl Switch {
    #[must_use]
    pub fn new(config: Arc<Config>, surroundings: Surroundings, now: Instant) -> Self {
        let rng = Rng::new(surroundings.seed);
        let endpoint = Endpoint::new(directory::sip_settings(&config, &surroundings, &BTreeMap::new()), surroundings.secret, now);
        let acd = Acd::new(directory::acd_settings(&config), surroundings.seed, now);
        let wall = surroundings.wall;
        let day = Day::of(&config.reports.zone, wall.read(now));
        let mut switch = Self {
            config,
            surroundings,
            wall,
            rng,
            endpoint,
            acd,
            directory: Directory::default(),
            slots: BTreeMap::new(),
            closing: BTreeMap::new(),
            calls_of_legs: BTreeMap::new(),
            calls_of_sessions: BTreeMap::new(),
            next_leg: 0,
            next_session: 0,
            hosts: BTreeMap::new(),
            carriers: Carriers::default(),
            copies: Copies::default(),
            sources: Sources::default(),
            day,
            drain_until: None,
            draining: false,
            store_blocked: false,
            recording_alarm: None,
            recordings_missing: 0,
            asked: Remembered::default(),
            spoke_last: Remembered::default(),
            boxes: Boxes::default(),
            call_backs: CallBacks::default(),
            lamps: BTreeMap::new(),
            spells: Spells::default(),
            figures: figures::Today::new(now),
            dirty: Dirty::default(),
            rechecks: Rechecks::default(),
            deadlines: Deadlines::new(),
            touched: BTreeSet::from([Key::Midnight, Key::Endpoint, Key::Acd]),
            work: VecDeque::new(),
            out: Vec::new(),
        };
        switch.tell_presences(now);
        switch.settle(now);
        switch
    }

    /// What happened, and what follows from it. Whatever was due before is done first: an answer that comes after a limit is late, however
    /// busy the switch was.
    pub fn handle(&mut self, input: Input, now: Instant, out: &mut Vec<Output>) {
        self.wake(now);
        match input {
            Input::Sip(received) => self.on_received(received, now),
            Input::Media(report) => self.on_media(report, now),
            Input::Recorder(report) => self.on_recorder(report, now),
            Input::RecordingFound(found) => self.recording_found(found, now),
            Input::Command { id, command } => self.on_command(id, command, now),
            Input::Wall(wall) => {
                self.wall = wall;
                self.touched.insert(Key::Messages);
                self.look_at_calendar(now);
                self.dirty.clock();
            }
            Input::Hosts(hosts) => self.hosts_found(hosts, now),
            Input::StoreBlocked(blocked) => self.store_blocked = blocked,
            Input::Strained(strain) => self.on_strain(strain, now),
        }
        self.settle(now);
        self.hand_out(now, out);
    }

    /// To be called when `deadline()` has passed; leaves no deadline at or before `now`.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.wake(now);
        self.hand_out(now, out);
    }

    /// What must survive goes before what is sent, as it stands when all is decided: an image is never older than what is told of its part.
    fn hand_out(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.keep_urgent(now, out);
        self.keep_due(now, out);
        out.append(&mut self.out);
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    fn wake(&mut self, now: Instant) {
        while let Some(key) = self.deadlines.pop_due(now) {
            self.touched.insert(key);
            match key {
                Key::Endpoint => {
                    let mut ordered = Vec::new();
                    self.endpoint.handle_timeout(now, &mut ordered);
                    self.work.extend(ordered.into_iter().map(Work::Sip));
                }
                Key::Acd => {
                    let mut ordered = Vec::new();
                    self.acd.handle_timeout(now, &mut ordered);
                    self.work.extend(ordered.into_iter().map(Work::Acd));
                }
                Key::Slot(call) => self.on_slot_timeout(call, now),
                Key::Closing(call) => self.on_closing_timeout(call, now),
                Key::Drain => self.on_drain_timeout(now),
                Key::Copy(call) => self.on_copy_timeout(call, now),
                Key::Source(call) => self.on_source_timeout(call, now),
                Key::Recheck => self.on_recheck_due(now),
                Key::Messages => self.on_messages_due(now),
                Key::CallBacks => self.on_call_backs_due(now),
                Key::Checkpoint => self.dirty.fall_due(),
                Key::Midnight => self.look_at_calendar(now),
                Key::Figures => self.on_figures_due(now),
            }
            self.settle(now);
        }
    }

    /// Works off what was ordered, then notes the deadlines of all who were spoken to.
    fn settle(&mut self, now: Instant) {
        while !self.work.is_empty() || self.settle_copies(now) {
            let Some(work) = self.work.pop_front() else { continue };
            match work {
                Work::Sip(output) => self.on_sip(output, now),
                Work::Call(call, action) => self.on_call(call, action, now),
                Work::Acd(action) => {
                    self.look_at_acd(&action, now);
                    self.look_at_agent(&action, now);
                    self.on_acd(action, now);
                }
            }
        }
        while let Some(key) = self.touched.pop_first() {
            let deadline = match &key {
                Key::Endpoint => self.endpoint.deadline(),
                Key::Acd => self.acd.deadline(),
                Key::Slot(call) => {
                    self.dirty.call(*call);
                    self.slots.get(call).and_then(|slot| slot.deadline())
                }
                Key::Closing(call) => self.closing.get(call).and_then(Closing::deadline),
                Key::Drain => self.drain_until,
                Key::Midnight => Some(Day::ends_after(&self.config.reports.zone, self.at(now), self.wall)),
                Key::Figures => self.figures.deadline(),
                Key::Copy(call) => self.copies.deadline(*call),
                Key::Source(call) => self.sources.deadline(*call),
                Key::Recheck => self.rechecks.next_at,
                Key::Messages => self.messages_due_at(),
                Key::CallBacks => self.call_backs.next_at(),
                Key::Checkpoint => self.dirty.write_at,
            };
            // What is due at once is due from now on: whoever measures how late we are must not take it for something that waited.
            self.deadlines.set(key, deadline.map(|at| at.max(now)));
        }
        self.note_changes(now);
        if self.draining && self.slots.is_empty() && self.closing.is_empty() && self.sources.running() == 0 {
            self.draining = false;
            self.drain_until = None;
            self.deadlines.set(Key::Drain, None);
            self.directory.closed = true;
            self.out.push(Output::Drained);
        }
    }

    /// The endpoint lets in what can be borne; that it has to is told.
    fn on_strain(&mut self, strain: Strain, now: Instant) {
        let name = match self.endpoint.strained(strain, now) {
            Some(Turn::Overloaded) => "switch.overloaded",
            Some(Turn::Relieved) => "switch.relieved",
            None => return,
        };
        let late = |late: Duration| Detail::Number(i64::try_from(late.as_millis()).unwrap_or(i64::MAX));
        let detail = vec![("signalling_late_ms", late(strain.signalling)), ("media_late_ms", late(strain.media))];
        self.publish(name, None, now, detail);
    }

    /// A new day has new figures, be it that midnight came or that the clock was set over it.
    fn look_at_calendar(&mut self, now: Instant) {
        if self.day.turns_to(Day::of(&self.config.reports.zone, self.at(now))) {
            self.tell_acd(acd::Event::DayBegan, now);
            self.figures.begin(now);
            self.dirty.every_queue(self.config.queues.keys());
            self.touched.insert(Key::Figures);
        }
        self.touched.insert(Key::Midnight);
    }

    fn tell_sip(&mut self, command: sip::Command, now: Instant) {
        let begins = if let sip::Command::Invite { leg, .. } = &command { Some(*leg) } else { None };
        let mut ordered = Vec::new();
        self.endpoint.command(command, now, &mut ordered);
        self.touched.insert(Key::Endpoint);
        if let Some(leg) = begins {
            self.tell_dialog(leg);
        }
        self.work.extend(ordered.into_iter().map(Work::Sip));
    }

    fn tell_acd(&mut self, event: acd::Event, now: Instant) {
        let told = self.may_visit(&event);
        let mut ordered = Vec::new();
        self.acd.handle(event, now, &mut ordered);
        self.note_visit(told, now);
        self.touched.insert(Key::Acd);
        self.work.extend(ordered.into_iter().map(Work::Acd));
    }

    fn tell_call(&mut self, call: CallId, event: call::Event, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let mut ordered = Vec::new();
        slot.call.handle(event, now, &mut ordered);
        self.touched.insert(Key::Slot(call));
        self.work.extend(ordered.into_iter().map(|action| Work::Call(call, action)));
    }

    fn order(&mut self, call: CallId, order: Order, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let mut ordered = Vec::new();
        slot.call.order(order, now, &mut ordered);
        self.touched.insert(Key::Slot(call));
        self.work.extend(ordered.into_iter().map(|action| Work::Call(call, action)));
    }

    /// An even number: the switch's own legs (`base::id::LegId`).
    fn new_leg(&mut self) -> LegId {
        self.next_leg += 2;
        LegId(self.next_leg)
    }

    /// From here on what is told of the leg is told to the call.
    fn add_leg(&mut self, call: CallId, leg: LegId) {
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.legs.insert(leg);
            self.calls_of_legs.insert(leg, call);
        }
        self.tell_dialog(leg);
    }

    /// Whose the SIP of a leg is, for who keeps it.
    fn tell_dialog(&mut self, leg: LegId) {
        if let (Some(call), Some(call_id)) = (self.calls_of_legs.get(&leg), self.endpoint.call_id(leg)) {
            self.out.push(Output::Dialog { call: *call, call_id });
        }
    }

    fn remove_leg(&mut self, call: CallId, leg: LegId) {
        self.calls_of_legs.remove(&leg);
        self.carriers.free(leg);
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.legs.remove(&leg);
        }
    }

    /// By the call's own clock, on which its whole record is: a wall clock that is set in mid-call changes no length on it.
    fn at_of(&self, call: CallId, now: Instant) -> Timestamp {
        self.slots.get(&call).map_or_else(|| self.at(now), |slot| slot.call.at(now))
    }

    fn at(&self, now: Instant) -> Timestamp {
        self.wall.read(now)
    }

    fn publish(&mut self, name: &'static str, call: Option<CallId>, now: Instant, detail: Vec<(&'static str, Detail)>) {
        let slot = call.and_then(|call| self.slots.get(&call));
        let event = Event {
            at: self.at(now),
            name,
            call,
            agent: slot.and_then(|slot| slot.call.record().agent.clone()),
            queue: slot.and_then(|slot| slot.queue().cloned()),
            detail,
        };
        self.out.push(Output::Event(event));
    }

    fn store(&mut self, mut record: CallRecord) {
        record.broken = breaches(&record, &self.basis().terms).bits();
        self.dirty.stored(record.id, record.agent.clone());
        self.out.push(Output::StoreCall(Box::new(record)));
    }

    /// Nothing is left of any call: for leak checks.
    #[must_use]
    pub fn is_quiescent(&self) -> bool {
        self.slots.is_empty()
            && self.closing.is_empty()
            && self.calls_of_legs.is_empty()
            && self.carriers.is_idle()
            && self.copies.is_idle()
            && self.sources.is_idle()
            && self.calls_of_sessions.is_empty()
            && self.directory.is_idle()
            && self.endpoint.is_quiescent()
    }
}
