//! The running switch as the API shows it: plain values, cut at one moment.

pub use super::boxes::{Lamp, Message, MessagePart};
pub use super::call_backs::{CallBack, CallBackState};

use super::Switch;
use super::spells::Spell;
use crate::acd::{AgentSnapshot, Counters, QueueSnapshot};
use crate::base::{AgentId, BoxId, CallId, Instant, QueueId, Timestamp, TrunkId};
use crate::call::record::{CallRecord, SoundRecord};
use crate::config::{AgentConfig, Calendar, Role};
use crate::report::{Basis, VisitTally, measure};
use crate::sip::{self, Protocol};
use std::collections::BTreeMap;
use std::net::SocketAddr;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Snapshot {
    pub agents: Vec<AgentView>,
    pub queues: Vec<QueueView>,
    /// Calls in progress, oldest first.
    pub calls: Vec<CallView>,
    pub sip: sip::Counters,
    /// Live things, for metrics and leak checks.
    pub legs: usize,
    pub transactions: usize,
    pub sessions: usize,
    pub recordings_open: usize,
    /// Legs whose sound travels poorly.
    pub legs_poor: usize,
    /// Recordings that failed since the start.
    pub recordings_missing: u64,
    /// Why the switch cannot record at present, if it cannot.
    pub recording_alarm: Option<String>,
    /// Calls of which a recording server has a copy; those of which none took one, since the start; and why the last was not, while none
    /// was since.
    pub copies: usize,
    pub copies_failed: u64,
    pub copy_alarm: Option<String>,
    /// Recording sessions of others.
    pub sessions_recorded: usize,
    /// Those: no calls of ours, and in no count of them.
    pub externals: Vec<CallView>,
    pub sessions_refused: u64,
    pub draining: bool,
    /// Sources of SIP that are refused.
    pub blocked: Vec<BlockedView>,
    pub trunks: Vec<TrunkView>,
    /// What figures go by.
    pub basis: Basis,
    /// When agents are to work who have a shift.
    pub shifts: BTreeMap<AgentId, Calendar>,
}

/// A trunk, and what is known of its carrier.
#[derive(Clone, PartialEq, Debug)]
pub struct TrunkView {
    pub id: TrunkId,
    /// Calls over it now, and at most.
    pub calls: usize,
    pub channels: Option<usize>,
    /// Since when the carrier has us, or why it has not; `None` where that is not wanted, or not known yet.
    pub registered: Option<Result<Timestamp, String>>,
    /// Over which of its targets it was served last: a call out rang there, or it has us registered there.
    pub used: Option<(Protocol, SocketAddr)>,
    pub hosts: Vec<TrunkHostView>,
}

/// A host as the configuration has it, and whether it answers.
#[derive(Clone, PartialEq, Debug)]
pub struct TrunkHostView {
    pub host: String,
    /// `up`, `down`; `unknown` where it is not asked, or has not answered yet; `not-found` where its name leads nowhere; `unusable` where we
    /// listen by nothing that leads there.
    pub state: &'static str,
    /// Why its name leads nowhere.
    pub lost: Option<String>,
    /// Where it is, the best first.
    pub targets: Vec<TrunkTargetView>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TrunkTargetView {
    pub protocol: Protocol,
    pub address: SocketAddr,
    pub state: &'static str,
}

/// A message that was left; it is named by its call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageView {
    pub in_box: BoxId,
    pub message: Message,
}

/// Somebody who is to be called back; he is named by the call in which it came to that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallBackView {
    pub id: CallId,
    pub call_back: CallBack,
    /// His place in line is of that moment.
    pub arrived_at: Timestamp,
    /// When he is called again, who was not reached.
    pub next_at: Option<Timestamp>,
}

/// A source of SIP that is refused.
#[derive(Clone, PartialEq, Debug)]
pub struct BlockedView {
    /// `192.0.2.7`, `192.0.2.7:5060`, `1001@192.0.2.7`.
    pub source: String,
    pub since: Timestamp,
    pub until: Timestamp,
    /// How many times in a row.
    pub times: u32,
}

#[derive(Clone, PartialEq, Debug)]
pub struct AgentView {
    pub id: AgentId,
    pub name: String,
    pub team: Option<String>,
    pub role: &'static str,
    pub skills: Vec<(String, u8)>,
    /// offline, ready, reserved, ringing, talking, wrap-up, not-ready.
    pub state: &'static str,
    pub reason: Option<String>,
    pub since: Timestamp,
    /// In wrap-up: who ends it (optional, until-done, mandatory), and when it ends.
    pub wrap_up: Option<(&'static str, Timestamp)>,
    /// Offers that he let go since he last answered one, by cause.
    pub let_go: Counters,
    pub call: Option<CallId>,
    /// The call and the queue for which he is at it: after a call too.
    pub works_for: (Option<CallId>, Option<QueueId>),
    /// Registered contacts.
    pub contacts: usize,
    /// How he sounds in the call that he speaks on, once he has said enough.
    pub sound: Option<SoundRecord>,
    /// What the lamp of his phone shows: messages that wait to be listened to, and those that were.
    pub messages: Lamp,
}

#[derive(Clone, PartialEq, Debug)]
pub struct QueueView {
    pub id: QueueId,
    pub waiting: usize,
    /// Those in line with them who are to be called back.
    pub call_backs: usize,
    /// Arrival of the one who waits longest.
    pub longest_waiting_since: Option<Timestamp>,
    /// Agents with the queue's skill, by state.
    pub agents: Vec<(&'static str, usize)>,
    pub today: QueueFigures,
}

/// Of the visits that began since midnight in the zone of the reports, by their terms. offered = answered + abandoned + called back + flowed
/// out + waiting.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct QueueFigures {
    pub offered: u64,
    pub answered: u64,
    pub abandoned: u64,
    /// Hung up to be called back.
    pub called_back: u64,
    pub flowed_out: u64,
    /// Those who wait and came today.
    pub waiting: u64,
    /// Left out of the service level.
    pub short_abandoned: u64,
    pub answered_within_threshold: u64,
    /// Σ wait of answered, ms.
    pub wait_total_ms: u64,
    /// Offers to agents' phones that have ended, and those that rang to the limit.
    pub offers: u64,
    pub missed_offers: u64,
    /// Answered offers within the rings allowed.
    pub answered_in_rings: u64,
    /// Numerator, denominator and formula.
    pub service_level: (u64, u64, &'static str),
}

impl From<&VisitTally> for QueueFigures {
    fn from(tally: &VisitTally) -> Self {
        let level =
            measure::service_levels("ours", tally).first().map(|level| (level.numerator, level.denominator.unwrap_or(0), level.formula));
        Self {
            offered: tally.offered,
            answered: tally.answered,
            abandoned: tally.abandoned,
            called_back: tally.called_back,
            flowed_out: tally.flowed_out,
            waiting: tally.waiting,
            short_abandoned: tally.short_abandoned,
            answered_within_threshold: tally.answered_in_time,
            wait_total_ms: tally.answered_wait_ms,
            offers: tally.offers,
            missed_offers: tally.offers_missed,
            answered_in_rings: tally.offers_in_rings,
            service_level: level.unwrap_or_default(),
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct CallView {
    pub record: CallRecord,
    /// arriving, waiting, offering, connected, held, transferring, ending; external.
    pub state: &'static str,
    pub state_since: Timestamp,
}

impl Switch {
    /// The running switch at this moment.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        let call = |slot: &super::Slot| CallView {
            record: slot.call.record().clone(),
            state: slot.call.state_name(),
            state_since: slot.call.state_since(),
        };
        let open = self.slots.values().filter(|slot| !slot.recording.is_settled() && slot.recording.info().is_some()).count();
        Snapshot {
            agents: self.acd.agents().map(|agent| self.agent_view(agent)).collect(),
            queues: self.queue_views(now).collect(),
            calls: self.slots.values().map(|slot| call(slot)).collect(),
            sip: self.endpoint.counters(),
            legs: self.calls_of_legs.len(),
            transactions: self.endpoint.transaction_count(),
            sessions: self.calls_of_sessions.len(),
            recordings_open: open + self.sources.running() + self.closing.values().filter(|closing| closing.records).count(),
            legs_poor: self.legs_poor(),
            recordings_missing: self.recordings_missing,
            recording_alarm: self.recording_alarm.clone(),
            copies: self.copies.running(),
            copies_failed: self.copies.failed,
            copy_alarm: self.copies.alarm.clone(),
            sessions_recorded: self.sources.running(),
            externals: self.sources.views(),
            sessions_refused: self.sources.refused,
            draining: self.draining || self.directory.closed,
            blocked: self.endpoint.blocked().map(|blocked| self.blocked_view(blocked)).collect(),
            trunks: self.trunk_views(),
            basis: self.basis(),
            shifts: self.shifts(),
        }
    }

    pub(super) fn message_views(&self, in_box: Option<&BoxId>, new: bool) -> Vec<MessageView> {
        let asked =
            self.boxes.all().filter(|(id, message)| in_box.is_none_or(|asked| asked == *id) && !(new && message.heard_at.is_some()));
        let mut views: Vec<_> = asked.map(|(id, message)| MessageView { in_box: id.clone(), message: message.clone() }).collect();
        views.sort_by_key(|view| std::cmp::Reverse((view.message.left_at, view.message.call)));
        views
    }

    fn shifts(&self) -> BTreeMap<AgentId, Calendar> {
        let shift = |agent: &AgentConfig| Some((agent.id.clone(), self.config.calendars.get(agent.shift.as_ref()?)?.clone()));
        self.config.agents.values().filter_map(shift).collect()
    }

    fn blocked_view(&self, blocked: &sip::guard::Blocked) -> BlockedView {
        let sip::guard::Blocked { source, since, until, times } = blocked;
        BlockedView { source: source.to_string(), since: self.wall.read(*since), until: self.wall.read(*until), times: *times }
    }

    /// The queues alone: without the copies of calls and agents, cheap enough to be asked at every step.
    pub fn queue_views(&self, now: Instant) -> impl Iterator<Item = QueueView> + '_ {
        self.acd.queues(now).map(move |queue| self.queue_view(queue, now))
    }

    fn agent_view(&self, agent: AgentSnapshot) -> AgentView {
        let config = self.config.agents.get(&agent.agent);
        let contacts = self.directory.contacts.get(&agent.agent).copied().unwrap_or(0);
        AgentView {
            name: config.map(|config| config.name.clone()).unwrap_or_default(),
            team: config.and_then(|config| config.team.clone()),
            role: match config.map(|config| config.role) {
                Some(Role::Supervisor) => "supervisor",
                Some(Role::Agent) | None => "agent",
            },
            skills: config.into_iter().flat_map(|config| config.skills.clone()).collect(),
            state: agent.state.as_str(),
            reason: agent.reason.map(|reason| reason.as_str().to_owned()),
            since: self.wall.read(agent.since),
            wrap_up: agent.wrap_up.map(|(kind, until)| (kind.as_str(), self.wall.read(until))),
            let_go: agent.counters,
            sound: agent.call.and_then(|call| self.sound_of_agent(call, &agent.agent)),
            call: agent.call,
            works_for: self.spells.of(&agent.agent).map(Spell::works_for).unwrap_or_default(),
            contacts,
            messages: self.lamps.get(&agent.agent).copied().unwrap_or_default(),
            id: agent.agent,
        }
    }

    fn sound_of_agent(&self, call: CallId, agent: &AgentId) -> Option<SoundRecord> {
        self.slots.get(&call)?.call.record().sounds.iter().find(|sound| sound.agent.as_ref() == Some(agent)).cloned()
    }

    fn queue_view(&self, queue: QueueSnapshot, now: Instant) -> QueueView {
        let today = self.today(&queue.queue, now);
        let longest = Instant::after_start((now - Instant::START).saturating_sub(queue.longest_wait));
        QueueView {
            id: queue.queue,
            waiting: queue.waiting,
            call_backs: queue.call_backs,
            longest_waiting_since: (queue.waiting > 0).then(|| self.wall.read(longest)),
            agents: queue.agents.into_iter().map(|(state, count)| (state.as_str(), count)).collect(),
            today: QueueFigures::from(&today),
        }
    }
}
