//! Copies of calls to recording servers: which calls go to which, by which ways, what the servers are told of who is there, and what of it is
//! told here. The call knows nothing of its copy, and waits for nothing of it.

use super::output::{Detail, Output};
use super::slot::Slot;
use super::{Key, Switch};
use crate::base::time::secs;
use crate::base::{CallId, Duration, Instant, LegId, TrunkId};
use crate::call::Side;
use crate::call::record::HeldBy;
use crate::config::{CopiedCalls, RecordingServer};
use crate::media::control::{Channel, Command as Media, Report};
use crate::sip::{self, Command};
use crate::siprec::client::{Action, Event, Fact, Way};
use crate::siprec::{Book, Client, Present};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

/// How long a host has to take a recording session, where its trunk says nothing.
const TRY_FOR: Duration = secs(5);
/// How often a server is asked whether it still has a copy, where its trunk has no `ping`.
const ASK_EVERY: Duration = secs(30);

/// All copies that there are.
#[derive(Debug, Default)]
pub(super) struct Copies {
    of_calls: BTreeMap<CallId, Copying>,
    /// Recording sessions and their streams, until nothing more is told of them.
    legs: BTreeMap<LegId, CallId>,
    /// Calls of whose parties something has changed.
    stale: BTreeSet<CallId>,
    /// Calls of which no server took a copy, since the start; and why the last was not, while none was since.
    pub failed: u64,
    pub alarm: Option<String>,
}

#[derive(Debug)]
struct Copying {
    client: Client,
    /// When it is tried anew.
    again_at: Option<Instant>,
    /// So long after no server took it; `None`: not at all.
    retry_after: Option<Duration>,
}

impl Copies {
    pub fn note(&mut self, call: CallId) {
        self.stale.insert(call);
    }

    /// Whose copy that leg is of.
    pub fn of_leg(&self, leg: LegId) -> Option<CallId> {
        self.legs.get(&leg).copied()
    }

    /// Copies that a server has.
    #[must_use]
    pub fn running(&self) -> usize {
        self.of_calls.values().filter(|copy| copy.client.runs_at().is_some()).count()
    }

    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.of_calls.is_empty() && self.legs.is_empty()
    }

    pub fn deadline(&self, call: CallId) -> Option<Instant> {
        let copy = self.of_calls.get(&call)?;
        copy.client.deadline().into_iter().chain(copy.again_at).min()
    }
}

/// Of what leg of a recording session the endpoint speaks.
fn leg_of(event: &sip::Event) -> Option<LegId> {
    match event {
        sip::Event::Ringing { leg, .. }
        | sip::Event::Answered { leg, .. }
        | sip::Event::Failed { leg, .. }
        | sip::Event::Acked { leg, .. }
        | sip::Event::Reoffered { leg, .. }
        | sip::Event::ReofferAnswered { leg, .. }
        | sip::Event::ReofferFailed { leg, .. }
        | sip::Event::SnapshotAsked { leg }
        | sip::Event::Digit { leg, .. }
        | sip::Event::Released { leg, .. } => Some(*leg),
        _ => None,
    }
}

impl Switch {
    /// Has the copies follow what has changed of their calls. True when there was something to be done.
    pub(super) fn settle_copies(&mut self, now: Instant) -> bool {
        let stale = std::mem::take(&mut self.copies.stale);
        for call in &stale {
            self.indicate(*call, now);
            self.settle_copy(*call, now);
        }
        !stale.is_empty()
    }

    fn settle_copy(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call).filter(|slot| slot.media.records()) else { return };
        let begins = !self.copies.of_calls.contains_key(&call);
        let servers = if begins { self.servers_for(slot) } else { Vec::new() };
        if begins && servers.is_empty() {
            return;
        }
        let (present, at) = (self.present(slot), self.at_of(call, now));
        if begins {
            let book = Book::new(call, at, &mut self.rng);
            let from = sip::Party { display: None, user: self.config.switch.name.clone() };
            let client = Client::new(slot.call.session(), from, self.config.media.rtp_timeout, book);
            let retry_after = servers.iter().filter_map(|server| server.retry_after).min();
            self.copies.of_calls.insert(call, Copying { client, again_at: None, retry_after });
        }
        let mut ordered = Vec::new();
        if let Some(copy) = self.copies.of_calls.get_mut(&call) {
            copy.client.note(present, at, &mut self.rng, &mut ordered);
        }
        if begins {
            let ways = self.ways_of_copy(&servers);
            if let Some(copy) = self.copies.of_calls.get_mut(&call) {
                copy.client.begin(ways, now, &mut ordered);
            }
        }
        self.on_copy(call, ordered, now);
    }

    /// Those servers that a copy of the call may go to.
    fn servers_for(&self, slot: &Slot) -> Vec<RecordingServer> {
        let record = slot.call.record();
        let is_copied = |calls: &CopiedCalls| match calls {
            CopiedCalls::All => true,
            CopiedCalls::OnDemand => false,
            CopiedCalls::Queue(queue) => record.queue.as_ref() == Some(queue),
            CopiedCalls::Agent(agent) => slot.agents().any(|one| one == agent),
            CopiedCalls::Trunk(trunk) => record.trunk.as_ref() == Some(trunk),
            CopiedCalls::Number(pattern) => pattern.matches(&record.called),
        };
        let takes = |server: &&RecordingServer| match &slot.copy_order {
            Some(order) => order.names(&server.id),
            None => server.calls.iter().any(is_copied),
        };
        self.config.recording_servers.iter().filter(takes).cloned().collect()
    }

    /// Every host of every server, the best first, each with legs of its own.
    fn ways_of_copy(&mut self, servers: &[RecordingServer]) -> VecDeque<Way> {
        let mut ways = VecDeque::new();
        for server in servers {
            let trunk = self.config.trunks.get(&server.trunk);
            let try_for = trunk.and_then(|trunk| trunk.try_for).unwrap_or(TRY_FOR);
            let ask_every = trunk.and_then(|trunk| trunk.ping).map_or(ASK_EVERY, |ping| ping.every);
            for (callee, local) in self.ways_over(std::slice::from_ref(&server.trunk), &server.user) {
                let [leg, left, right] = [self.new_leg(), self.new_leg(), self.new_leg()];
                let protections = [left, right].map(|stream| self.protection_of(stream, &callee));
                let (server, codecs) = (server.id.clone(), server.codecs.clone());
                ways.push_back(Way { server, leg, streams: [left, right], protections, callee, local, codecs, try_for, ask_every });
            }
        }
        ways
    }

    /// Who is on the call's recording now.
    fn present(&self, slot: &Slot) -> Vec<Present> {
        let (left, right) = slot.call.recorded();
        let record = slot.call.record();
        let domain = &self.config.switch.domain;
        let one = |leg: LegId, side: Channel| {
            let seat = slot.call.side_of(leg);
            let agent = slot.whose(leg);
            let number = match (seat, side) {
                (Some(Side::Callee), Channel::Right) => &record.called,
                _ => &record.caller,
            };
            let (user, name) = match &agent {
                Some(agent) => (agent.as_str(), self.config.agents.get(agent).map(|agent| agent.name.clone())),
                None if seat.is_none() => ("guest", None),
                None if number.is_empty() => ("anonymous", None),
                None => (number.as_str(), None),
            };
            let holds = match seat {
                Some(Side::Caller) => slot.call.is_held(HeldBy::Caller),
                Some(Side::Callee) => slot.call.is_held(HeldBy::Agent),
                None => false,
            };
            let waits = slot.call.is_held(if side == Channel::Left { HeldBy::Agent } else { HeldBy::Caller });
            Present { leg, aor: format!("sip:{user}@{domain}"), name, side, sends: !holds, hears: !holds && !waits }
        };
        let there: BTreeSet<LegId> = slot.call.legs().collect();
        let left = std::iter::once(left).map(|leg| one(leg, Channel::Left));
        left.chain(right.into_iter().map(|leg| one(leg, Channel::Right))).filter(|one| there.contains(&one.leg)).collect()
    }

    fn tell_copy(&mut self, call: CallId, event: Event, now: Instant) {
        let mut ordered = Vec::new();
        if let Some(copy) = self.copies.of_calls.get_mut(&call) {
            copy.client.handle(event, now, &mut ordered);
        }
        self.on_copy(call, ordered, now);
    }

    fn on_copy(&mut self, call: CallId, ordered: Vec<Action>, now: Instant) {
        self.touched.insert(Key::Copy(call));
        for action in ordered {
            match action {
                Action::Sip(Command::Record { leg, callee, .. }) if !self.takes_channel(leg, &callee) => {
                    let failure = super::carriers::all_channels_taken();
                    self.tell_copy(call, Event::Failed { leg, failure }, now);
                }
                Action::Sip(command) => {
                    if let Command::Record { leg, .. } = &command {
                        self.copies.legs.insert(*leg, call);
                        // A restart says goodbye to it.
                        if let Some(slot) = self.slots.get_mut(&call) {
                            slot.copied = Some(*leg);
                            self.touched.insert(Key::Slot(call));
                        }
                    }
                    self.tell_sip(command, now);
                }
                Action::Ask { leg } => {
                    let mut told = Vec::new();
                    self.endpoint.recheck(leg, now, &mut told);
                    self.touched.insert(Key::Endpoint);
                    self.work.extend(told.into_iter().map(super::Work::Sip));
                }
                Action::Media(command) => {
                    if let Media::Allocate { leg, .. } = &command {
                        self.copies.legs.insert(*leg, call);
                    }
                    self.out.push(Output::Media(command));
                }
                Action::Tell(fact) => self.copy_told(call, fact, now),
            }
        }
    }

    fn copy_told(&mut self, call: CallId, fact: Fact, now: Instant) {
        let text = |text: &str| Detail::Text(text.to_owned());
        match fact {
            Fact::Began { server } => {
                tracing::info!(%call, server, "a recording server has the call's copy");
                self.copies.alarm = None;
                self.publish("copy.started", Some(call), now, vec![("server", text(&server))]);
            }
            Fact::Refused { server, why } => {
                tracing::warn!(%call, server, why, "a recording server does not take the call's copy");
                self.publish("copy.refused", Some(call), now, vec![("server", text(&server)), ("why", text(&why))]);
            }
            Fact::Nowhere { why } => {
                tracing::error!(%call, why, "no recording server has the call's copy");
                self.copies.failed += 1;
                self.copies.alarm = Some(why.clone());
                if let Some(copy) = self.copies.of_calls.get_mut(&call) {
                    copy.again_at = copy.retry_after.map(|after| now + after);
                }
                self.publish("copy.failed", Some(call), now, vec![("why", text(&why))]);
            }
            Fact::Over { server, by_server, why } => {
                tracing::warn!(%call, server, why, "the call's copy has ended before it");
                let by = if by_server { "server" } else { "loss" };
                self.publish("copy.ended", Some(call), now, vec![("server", text(&server)), ("by", text(by)), ("why", text(&why))]);
                if let Some(copy) = self.copies.of_calls.get_mut(&call) {
                    // Whoever hung up wants no more of it; one that is gone has another in its place.
                    copy.again_at = if by_server { copy.retry_after.map(|after| now + after) } else { Some(now + secs(1)) };
                }
            }
        }
    }

    /// What the endpoint says of a recording session; what is of none is given back.
    pub(super) fn copy_heard(&mut self, event: sip::Event, now: Instant) -> Option<sip::Event> {
        let Some((leg, call)) = leg_of(&event).and_then(|leg| Some((leg, self.copies.of_leg(leg)?))) else { return Some(event) };
        let event = match event {
            sip::Event::Answered { leg, sdp, flow, .. } => Event::Answered { leg, sdp, peer: flow.peer.ip() },
            sip::Event::Failed { leg, failure } => Event::Failed { leg, failure },
            sip::Event::Released { leg, cause } => Event::Released { leg, cause },
            sip::Event::ReofferAnswered { leg, sdp } => Event::ReofferAnswered { leg, sdp },
            sip::Event::ReofferFailed { leg, .. } => Event::ReofferFailed { leg },
            sip::Event::SnapshotAsked { leg } => Event::SnapshotAsked { leg },
            sip::Event::Reoffered { leg, sdp } => Event::Reoffered { leg, sdp },
            sip::Event::Acked { leg, sdp } => Event::Acked { leg, sdp },
            _ => return None,
        };
        if matches!(event, Event::Failed { .. } | Event::Released { .. }) {
            self.copies.legs.remove(&leg);
            self.carriers.free(leg);
            if let Some(slot) = self.slots.get_mut(&call).filter(|slot| slot.copied == Some(leg)) {
                slot.copied = None;
                self.touched.insert(Key::Slot(call));
            }
        }
        self.tell_copy(call, event, now);
        None
    }

    /// What the media plane says of a copy's stream.
    pub(super) fn copy_reported(&mut self, call: CallId, report: &Report, now: Instant) {
        match report {
            Report::Allocated { leg, address, .. } => self.tell_copy(call, Event::Allocated { leg: *leg, address: *address }, now),
            Report::AllocationFailed { leg, .. } => {
                self.copies.legs.remove(leg);
                self.tell_copy(call, Event::AllocationFailed { leg: *leg }, now);
            }
            Report::Statistics { leg, .. } => drop(self.copies.legs.remove(leg)),
            _ => {}
        }
    }

    pub(super) fn on_copy_timeout(&mut self, call: CallId, now: Instant) {
        let Some(copy) = self.copies.of_calls.get_mut(&call) else { return };
        let mut ordered = Vec::new();
        copy.client.handle_timeout(now, &mut ordered);
        let again = copy.again_at.is_some_and(|at| at <= now);
        if again {
            copy.again_at = None;
        }
        if let Some(slot) = self.slots.get(&call).filter(|_| again) {
            let servers = self.servers_for(slot);
            let ways = self.ways_of_copy(&servers);
            if let Some(copy) = self.copies.of_calls.get_mut(&call) {
                copy.client.begin(ways, now, &mut ordered);
            }
        }
        self.on_copy(call, ordered, now);
    }

    /// The call is over, and its copy with it.
    pub(super) fn copy_ends(&mut self, call: CallId, now: Instant) {
        let server = self.copies.of_calls.get(&call).and_then(|copy| copy.client.runs_at()).map(str::to_owned);
        self.tell_copy(call, Event::Ended { why: "the call is over" }, now);
        self.copies.of_calls.remove(&call);
        if let Some(server) = server {
            self.publish("copy.ended", Some(call), now, vec![("server", Detail::Text(server)), ("by", Detail::Text("call".to_owned()))]);
        }
    }

    /// A host is down: what copies it has go to the next.
    pub(super) fn copies_lose(&mut self, host: &(TrunkId, SocketAddr), now: Instant) {
        let there = self.copies.of_calls.iter().filter(|(_, copy)| copy.client.runs_on(host));
        let calls: Vec<CallId> = there.map(|(call, _)| *call).collect();
        for call in calls {
            self.tell_copy(call, Event::Lost, now);
        }
    }

    /// It is tried now, be it anew.
    pub(super) fn copy_begins(&mut self, call: CallId, now: Instant) {
        if let Some(copy) = self.copies.of_calls.get_mut(&call) {
            copy.again_at = Some(now);
            self.on_copy_timeout(call, now);
        } else {
            self.copies.note(call);
        }
    }

    /// It is not wanted any more, while the call goes on.
    pub(super) fn copy_is_unwanted(&mut self, call: CallId, by: &str, now: Instant) {
        let Some(copy) = self.copies.of_calls.get_mut(&call) else { return };
        copy.again_at = None;
        let server = copy.client.runs_at().map(str::to_owned);
        self.tell_copy(call, Event::Ended { why: "not wanted any more" }, now);
        if let Some(server) = server {
            let text = |text: &str| Detail::Text(text.to_owned());
            let detail = vec![("server", text(&server)), ("by", text("order")), ("who", text(by))];
            self.publish("copy.ended", Some(call), now, detail);
        }
    }

    /// Whether a server has the call's copy, is tried, or will be.
    pub(super) fn is_copied(&self, call: CallId) -> bool {
        self.copies.of_calls.get(&call).is_some_and(|copy| !copy.client.is_idle() || copy.again_at.is_some())
    }

    /// The recording session of before a restart: its sound is gone, so it ends, and another begins.
    pub(super) fn copy_cut_short(&mut self, call: CallId, leg: LegId, now: Instant) {
        self.copies.legs.insert(leg, call);
        let reason = Some(sip::Reason { cause: 200, text: "the switch was restarted".to_owned() });
        self.tell_sip(Command::Release { leg, code: 487, reason, retry_after: None }, now);
        self.publish("copy.ended", Some(call), now, vec![("by", Detail::Text("restart".to_owned()))]);
        self.copies.note(call);
    }
}
