//! Calls of other switches that are recorded here (SIPREC): who may have that, and the record and recording of each. They are no calls of ours:
//! no queue, rule or agent knows of them.

use super::on_sip::Invitation;
use super::output::{Detail, Output};
use super::quality::Travels;
use super::view::CallView;
use super::{Closing, Key, Switch};
use crate::base::limits::{EXTERNAL_PARTIES_MAX, QUALITY_TOLD_WITHIN, SESSIONS_REMEMBERED};
use crate::base::{CallId, Instant, LegId, Machine, SessionId, WallClock};
use crate::call::record::{CallDirection, CallRecord, ExternalParty, ExternalRecord, Outcome, ReleasedBy};
use crate::media::control::Report;
use crate::recording::{self, Recording, RecordingFile};
use crate::sip::{self, Cause, Command, Metadata, Origin, Reason};
use crate::siprec::Server;
use crate::siprec::server::{Action, Arrival, Event, Fact, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Recording sessions of others.
#[derive(Debug, Default)]
pub(super) struct Sources {
    sessions: BTreeMap<CallId, Box<Recorded>>,
    legs: BTreeMap<LegId, CallId>,
    /// The last ones, running or not, the newest last: so that one that comes again is known.
    recent: VecDeque<Recent>,
    /// Refused since the start.
    pub refused: u64,
}

/// A session as its source calls it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Recent {
    source: String,
    session: String,
    call: CallId,
}

#[derive(Debug)]
struct Recorded {
    server: Server,
    record: CallRecord,
    recording: Recording,
    wall: WallClock,
}

impl Sources {
    #[must_use]
    pub fn running(&self) -> usize {
        self.sessions.len()
    }

    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sessions.is_empty() && self.legs.is_empty()
    }

    pub fn views(&self) -> Vec<CallView> {
        let view = |one: &Recorded| CallView {
            record: one.record.clone(),
            state: "external",
            state_since: one.record.answered_at.unwrap_or(one.record.arrived_at),
        };
        self.sessions.values().map(|one| view(one)).collect()
    }

    /// Those of one source.
    fn of(&self, source: &str) -> usize {
        self.sessions.values().filter(|one| one.record.external.as_ref().is_some_and(|external| external.source == source)).count()
    }

    pub fn recent(&self) -> &VecDeque<Recent> {
        &self.recent
    }

    pub fn restore(&mut self, recent: VecDeque<Recent>) {
        self.recent = recent;
    }

    /// Notes what the source calls it. True when that was not known.
    fn note(&mut self, call: CallId, source: &str, session: &str) -> bool {
        if self.recent.iter().any(|one| one.call == call && one.session == session) {
            return false;
        }
        if self.recent.len() >= SESSIONS_REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { source: source.to_owned(), session: session.to_owned(), call });
        true
    }

    /// The session of the same name before this one, if it is over: one beside it is another recording of the same call.
    fn before(&self, call: CallId, source: &str, session: &str) -> Option<CallId> {
        let is_it = |one: &&Recent| one.source == source && one.session == session && one.call != call;
        self.recent.iter().rev().find(is_it).map(|one| one.call).filter(|earlier| !self.sessions.contains_key(earlier))
    }

    pub fn deadline(&self, call: CallId) -> Option<Instant> {
        let one = self.sessions.get(&call)?;
        one.server.deadline().into_iter().chain(one.recording.deadline()).min()
    }

    pub fn recording_of(&mut self, call: CallId) -> Option<&mut Recording> {
        self.sessions.get_mut(&call).map(|one| &mut one.recording)
    }

    pub fn record_of(&mut self, call: CallId) -> Option<&mut CallRecord> {
        self.sessions.get_mut(&call).map(|one| &mut one.record)
    }
}

impl Switch {
    /// A recording session of another switch, which the endpoint has found to be one of a source.
    pub(super) fn session_offered(&mut self, invitation: Invitation, metadata: Metadata, call_id: String, now: Instant) {
        let source = match &invitation.origin {
            Origin::Trunk(trunk) => self.config.recording_sources.iter().find(|source| source.trunk == *trunk).cloned(),
            Origin::Account(_) => None,
        };
        let leg = invitation.leg;
        let Some(source) = source else { return self.turn_session_away(leg, None, 403, "no recording source", now) };
        if self.draining || self.directory.closed || self.store_blocked {
            return self.turn_session_away(leg, None, 503, "no new session is taken now", now);
        }
        let mut record = self.new_record(&invitation, CallDirection::External, None, now);
        let external = ExternalRecord { source: source.id.clone(), call_id, ..ExternalRecord::default() };
        let is_full = self.sources.of(&source.id) >= source.sessions;
        record.external = Some(Box::new(external));
        if is_full {
            return self.turn_session_away(leg, Some(record), 503, "too many recording sessions of this source", now);
        }
        self.next_session += 1;
        let (call, session) = (record.id, SessionId(self.next_session));
        let trunk = record.trunk.clone();
        let codecs = self.codecs(None, trunk.as_ref());
        let streams = [self.new_leg(), self.new_leg()].map(|stream| (stream, self.protection(stream, None, trunk.as_ref())));
        let arrival = Arrival {
            call,
            session,
            leg,
            offer: invitation.sdp.clone(),
            metadata,
            local: self.hears_at(invitation.flow, invitation.sdp.as_deref()),
            peer: invitation.flow.peer.ip(),
            streams,
            codecs,
            rtp_timeout: self.config.media.rtp_timeout,
        };
        let mut ordered = Vec::new();
        match Server::arrive(arrival, now, &mut ordered) {
            Ok(server) => {
                let recording = Recording::new(RecordingFile::new(call, call.timestamp()));
                self.sources.sessions.insert(call, Box::new(Recorded { server, record, recording, wall: self.wall }));
                self.sources.legs.insert(leg, call);
                self.calls_of_sessions.insert(session, call);
                if let Some(trunk) = trunk {
                    self.carriers.take(leg, &trunk);
                }
                self.describe_session(call);
                self.on_source(call, ordered, now);
            }
            Err(Refusal { code, why }) => self.turn_session_away(leg, Some(record), code, &why, now),
        }
    }

    /// One that goes nowhere is on record too, as calls are.
    fn turn_session_away(&mut self, leg: LegId, record: Option<CallRecord>, code: u16, why: &str, now: Instant) {
        self.sources.refused += 1;
        tracing::warn!(code, why, "a recording session is refused");
        let reason = Some(Reason { cause: code, text: why.to_owned() });
        let retry_after = (code == 503).then_some(10);
        self.publish("session.refused", None, now, vec![("code", Detail::Number(code.into())), ("why", Detail::Text(why.to_owned()))]);
        self.tell_sip(Command::Release { leg, code, reason, retry_after }, now);
        if let Some(record) = record {
            self.store_refused(record, code, why, now);
        }
    }

    fn store_refused(&mut self, mut record: CallRecord, code: u16, why: &str, now: Instant) {
        record.released_at = Some(record.arrived_at);
        (record.released_by, record.outcome) = (Some(ReleasedBy::Switch), Some(Outcome::Refused));
        record.release_cause = Some(format!("{code} {why}"));
        self.publish_over(&record, now);
        self.store(record);
    }

    /// What its metadata say goes on the record: who sends the first stream called, who sends the second was called.
    fn describe_session(&mut self, call: CallId) {
        let Some(Recorded { server, record, .. }) = self.sources.sessions.get_mut(&call).map(|one| &mut **one) else { return };
        let labels = server.labels();
        let known = &server.known;
        let mut parties: Vec<ExternalParty> = Vec::new();
        for (label, side) in labels.iter().zip(["left", "right"]) {
            for person in known.on(label) {
                parties.push(ExternalParty { aor: person.aor.clone(), name: person.name.clone(), side: Some(side.to_owned()) });
            }
        }
        let sided = |aor: &str| parties.iter().any(|party| party.aor == aor);
        // Of whom it is not said which stream is his.
        let others: Vec<_> = known.participants.values().filter(|person| !person.gone && !sided(&person.aor)).collect();
        let others = others.into_iter().map(|person| ExternalParty { aor: person.aor.clone(), name: person.name.clone(), side: None });
        parties.extend(others.collect::<Vec<_>>());
        let of = |side: usize| labels.get(side).and_then(|label| known.on(label).next()).map(|person| person.user().to_owned());
        let mut rest = known.participants.values().map(|person| person.user().to_owned());
        let caller = of(0).or_else(|| rest.next());
        let called = of(1).or_else(|| rest.find(|user| Some(user) != caller.as_ref()));
        // Who was first on a side stays the one who called, or was called.
        let Some(external) = record.external.as_mut() else { return };
        if let Some(caller) = caller.filter(|_| external.parties.is_empty() || external.unknown_caller) {
            (record.caller, external.unknown_caller) = (caller, false);
        } else if external.parties.is_empty() {
            external.unknown_caller = true;
        }
        if let Some(called) = called.filter(|_| external.parties.is_empty() || external.unknown_called) {
            (record.called, external.unknown_called) = (called, false);
        } else if external.parties.is_empty() {
            external.unknown_called = true;
        }
        for party in parties {
            if !external.parties.contains(&party) && external.parties.len() < EXTERNAL_PARTIES_MAX {
                external.parties.push(party);
            }
        }
        external.session.clone_from(&known.session);
        external.group.clone_from(&known.group);
        external.sip_session.clone_from(&known.sip_session);
        external.metadata = String::from_utf8_lossy(&server.metadata.0).into_owned();
        let Some(session) = external.session.clone() else { return };
        let source = external.source.clone();
        if self.sources.note(call, &source, &session) {
            let continues = self.sources.before(call, &source, &session);
            if let Some(external) = self.sources.sessions.get_mut(&call).and_then(|one| one.record.external.as_mut()) {
                external.continues = continues.or(external.continues);
            }
            self.dirty.sessions();
        }
    }

    /// What the endpoint says of a session; what is of none is given back.
    pub(super) fn session_heard(&mut self, event: sip::Event, now: Instant) -> Option<sip::Event> {
        let leg = match &event {
            sip::Event::Acked { leg, .. }
            | sip::Event::Reoffered { leg, .. }
            | sip::Event::Described { leg, .. }
            | sip::Event::Digit { leg, .. }
            | sip::Event::Released { leg, .. } => *leg,
            _ => return Some(event),
        };
        let Some(call) = self.sources.legs.get(&leg).copied() else { return Some(event) };
        match event {
            sip::Event::Reoffered { sdp, .. } => self.tell_source(call, Event::Reoffered { sdp }, now),
            sip::Event::Described { metadata, .. } => self.tell_source(call, Event::Described { metadata }, now),
            sip::Event::Released { cause, .. } => {
                self.sources.legs.remove(&leg);
                self.carriers.free(leg);
                self.tell_source(call, Event::Released { cause }, now);
            }
            _ => {}
        }
        None
    }

    /// What the media plane says of a session's streams.
    pub(super) fn session_reported(&mut self, call: CallId, report: &Report, now: Instant) {
        match report {
            Report::Allocated { leg, address, .. } => self.tell_source(call, Event::Allocated { leg: *leg, address: *address }, now),
            Report::AllocationFailed { .. } => self.tell_source(call, Event::AllocationFailed, now),
            _ => {}
        }
    }

    fn tell_source(&mut self, call: CallId, event: Event, now: Instant) {
        let mut ordered = Vec::new();
        if let Some(one) = self.sources.sessions.get_mut(&call) {
            one.server.handle(event, &mut ordered);
        }
        self.on_source(call, ordered, now);
    }

    fn on_source(&mut self, call: CallId, ordered: Vec<Action>, now: Instant) {
        self.touched.insert(Key::Source(call));
        for action in ordered {
            match action {
                Action::Sip(command) => self.tell_sip(command, now),
                Action::Media(command) => self.out.push(Output::Media(command)),
                Action::Tell(Fact::Began) => self.session_began(call, now),
                Action::Tell(Fact::Described) => {
                    self.describe_session(call);
                    self.store_session(call);
                    self.publish("session.described", Some(call), now, Vec::new());
                }
                Action::Tell(Fact::Unreadable { why }) => {
                    tracing::warn!(%call, why, "metadata of a recording session cannot be read");
                    self.publish("session.unreadable", Some(call), now, vec![("why", Detail::Text(why.to_owned()))]);
                }
                Action::Tell(Fact::Refused { code, why }) => {
                    self.sources.refused += 1;
                    let detail = vec![("code", Detail::Number(code.into())), ("why", Detail::Text(why.clone()))];
                    self.publish("session.refused", Some(call), now, detail);
                    if let Some(one) = self.sources.sessions.remove(&call) {
                        self.calls_of_sessions.remove(&one.server.session());
                        self.store_refused(one.record, code, &why, now);
                    }
                }
                Action::Tell(Fact::Over { cause }) => self.session_over(call, &cause, now),
            }
        }
    }

    fn session_began(&mut self, call: CallId, now: Instant) {
        let Some(one) = self.sources.sessions.get_mut(&call) else { return };
        let at = one.wall.read(now);
        (one.record.answered_at, one.record.connected_at) = (Some(at), Some(at));
        let mut ordered = Vec::new();
        one.recording.handle(recording::state::Event::Started, now, &mut ordered);
        one.record.recording = one.recording.info();
        let source = one.record.external.as_ref().map(|external| external.source.clone()).unwrap_or_default();
        tracing::info!(%call, source, "a recording session begins");
        self.on_recording(call, ordered, now);
        self.store_session(call);
        self.publish("session.started", Some(call), now, vec![("source", Detail::Text(source))]);
    }

    fn store_session(&mut self, call: CallId) {
        if let Some(record) = self.sources.sessions.get(&call).map(|one| one.record.clone()) {
            self.store(record);
        }
    }

    fn session_over(&mut self, call: CallId, cause: &Cause, now: Instant) {
        let Some(mut one) = self.sources.sessions.remove(&call) else { return };
        let was_answered = one.record.answered_at.is_some();
        let (by, outcome, why) = match cause {
            Cause::Bye { reason } | Cause::Cancelled { reason, .. } if was_answered => {
                (ReleasedBy::Caller, Outcome::Answered, reason.clone().unwrap_or_else(|| "BYE".to_owned()))
            }
            Cause::Bye { .. } | Cause::Cancelled { .. } => (ReleasedBy::Caller, Outcome::Abandoned, "cancelled".to_owned()),
            Cause::Ours => (ReleasedBy::Switch, Outcome::Answered, "the switch stops".to_owned()),
            Cause::NoAck | Cause::SessionExpired | Cause::PeerGone | Cause::NoMedia => {
                (ReleasedBy::Switch, Outcome::Failed, "the recording client is gone".to_owned())
            }
        };
        let record = &mut one.record;
        (record.released_at, record.released_by, record.outcome) = (Some(one.wall.read(now)), Some(by), Some(outcome));
        record.release_cause = Some(why.clone());
        let mut ordered = Vec::new();
        one.recording.handle(recording::state::Event::Released, now, &mut ordered);
        one.record.recording = one.recording.info();
        self.publish("session.ended", Some(call), now, vec![("why", Detail::Text(why))]);
        self.publish_over(&one.record, now);
        self.store(one.record.clone());
        let closing = Closing {
            records: one.record.recording.is_some() && !one.recording.is_settled(),
            session: one.server.session(),
            record: one.record,
            recording: one.recording,
            travels: Travels::default(),
            counted_by: now + QUALITY_TOLD_WITHIN,
            wall: one.wall,
            changed: false,
        };
        self.closing.insert(call, closing);
        self.on_recording(call, ordered, now);
        self.settle_closing(call);
    }

    pub(super) fn on_source_timeout(&mut self, call: CallId, now: Instant) {
        let Some(one) = self.sources.sessions.get_mut(&call) else { return };
        let (mut ordered, mut of_recording) = (Vec::new(), Vec::new());
        one.server.handle_timeout(now, &mut ordered);
        one.recording.handle_timeout(now, &mut of_recording);
        self.on_source(call, ordered, now);
        self.on_recording(call, of_recording, now);
    }

    /// The switch stops: sessions end with their recordings closed.
    pub(super) fn sessions_end(&mut self, now: Instant) {
        let calls: Vec<CallId> = self.sources.sessions.keys().copied().collect();
        for call in calls {
            self.tell_source(call, Event::Ended { why: "the switch stops" }, now);
        }
    }
}
