//! The shapes of the API besides calls and events: agents, queues, lists, requests.

use crate::config;
use crate::io::shapes::{AuditEntry, Call, DecisionShape, EventShape, SideSound, Time};
use crate::report::{AgentInterval, Measure, Said, Session, Terms};
use crate::sip::Protocol;
use crate::switch::view::{AgentView, BlockedView, MessageView, QueueFigures, QueueView, TrunkHostView, TrunkView};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use utoipa::ToSchema;

/// A page of calls, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallList {
    pub items: Vec<Call>,
    /// `cursor` of the next page; null at the end.
    pub next: Option<String>,
}

/// Which script of service to begin.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ScriptRequest {
    /// Its id in the configuration: `faint`, `noisy`, …
    pub script: String,
}

/// Where a copy of a call is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyRequest {
    /// A recording server's id in the configuration; without it, those that take copies on demand.
    #[serde(default)]
    pub server: Option<String>,
}

/// Why a recording is to be paused.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PauseRequest {
    /// For the call's record: 1 to 64 letters.
    pub reason: String,
}

/// A word that a caller left.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// ULID of its call, which has it in its recording.
    pub id: String,
    pub r#box: String,
    pub caller: String,
    /// When it was over.
    pub left_at: Time,
    /// Where it begins in the recording.
    pub offset_ms: u64,
    pub duration_ms: u64,
    /// When its owner was told; null while he is in a meeting.
    pub delivered_at: Option<Time>,
    /// When it went on to his superior.
    pub escalated_at: Option<Time>,
    pub heard_at: Option<Time>,
    pub heard_by: Option<String>,
    /// The agent who listens to it now.
    pub taken_by: Option<String>,
    /// What was asked and answered, in order; empty: it is one word.
    pub parts: Vec<MessagePart>,
}

/// The answer to one question.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagePart {
    /// who, what, when, number.
    pub question: &'static str,
    /// Where it begins in the recording.
    pub offset_ms: u64,
    pub duration_ms: u64,
    /// The number to call back, as it was dialled, or the caller's own when he chose that.
    pub number: Option<String>,
    /// Whether there is a word to be heard.
    pub spoken: bool,
}

impl From<&MessageView> for Message {
    fn from(MessageView { in_box, message }: &MessageView) -> Self {
        let millis = |long: crate::base::Duration| u64::try_from(long.as_millis()).unwrap_or(u64::MAX);
        let part = |part: &crate::switch::view::MessagePart| MessagePart {
            question: part.question.name(),
            offset_ms: millis(part.offset),
            duration_ms: millis(part.duration),
            number: part.number.clone(),
            spoken: part.spoken,
        };
        Self {
            id: message.call.to_string(),
            r#box: in_box.to_string(),
            caller: message.caller.clone(),
            left_at: message.left_at.into(),
            offset_ms: millis(message.offset),
            duration_ms: millis(message.duration),
            delivered_at: message.delivered_at.map(Time::from),
            escalated_at: message.escalated_at.map(Time::from),
            heard_at: message.heard_at.map(Time::from),
            heard_by: message.heard_by.clone(),
            taken_by: message.taken_by.as_ref().map(ToString::to_string),
            parts: message.parts.iter().map(part).collect(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MessageList {
    pub items: Vec<Message>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

/// A trunk, and what is known of its carrier.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trunk {
    pub id: String,
    /// Calls over it now.
    pub calls: usize,
    /// And at most; null: as many as come.
    pub channels: Option<usize>,
    /// Since when the carrier has us registered.
    pub registered_since: Option<Time>,
    /// Why it has not.
    pub unregistered_because: Option<String>,
    /// Over which target it was served last: a call out rang there, or it has us registered there.
    #[schema(examples("udp:192.0.2.7:5060"))]
    pub used: Option<String>,
    /// The best first.
    pub hosts: Vec<TrunkHost>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TrunkHost {
    #[schema(examples("sip:192.0.2.7:5060"))]
    pub host: String,
    /// up, down; unknown where it is not asked, or has not answered yet; not-found where its name leads nowhere; unusable where the switch
    /// listens by nothing that leads there.
    pub state: &'static str,
    /// Why its name leads nowhere.
    pub lost: Option<String>,
    /// Where it is (RFC 3263), the best first.
    pub targets: Vec<TrunkTarget>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TrunkTarget {
    #[schema(examples("udp:192.0.2.7:5060"))]
    pub target: String,
    /// up, down, unknown, unusable.
    pub state: &'static str,
}

fn target((protocol, address): (Protocol, SocketAddr)) -> String {
    format!("{}:{address}", protocol.name())
}

impl From<&TrunkHostView> for TrunkHost {
    fn from(view: &TrunkHostView) -> Self {
        let targets = view.targets.iter().map(|one| TrunkTarget { target: target((one.protocol, one.address)), state: one.state });
        Self { host: view.host.clone(), state: view.state, lost: view.lost.clone(), targets: targets.collect() }
    }
}

impl From<&TrunkView> for Trunk {
    fn from(view: &TrunkView) -> Self {
        let (since, because) = match &view.registered {
            Some(Ok(since)) => (Some(Time::from(*since)), None),
            Some(Err(why)) => (None, Some(why.clone())),
            None => (None, None),
        };
        Self {
            id: view.id.to_string(),
            calls: view.calls,
            channels: view.channels,
            registered_since: since,
            unregistered_because: because,
            used: view.used.map(target),
            hosts: view.hosts.iter().map(TrunkHost::from).collect(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TrunkList {
    pub items: Vec<Trunk>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

/// Who has listened to a message.
#[derive(Debug, Deserialize, ToSchema)]
pub struct HeardRequest {
    /// An agent's id, or a name.
    pub by: String,
}

/// A call's timeline, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    pub items: Vec<EventShape>,
    pub next: Option<String>,
}

/// What was decided about a call, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionList {
    pub items: Vec<DecisionShape>,
    /// Always null: all that are kept come at once, the newest 32 of a call.
    pub next: Option<String>,
}

/// A source of SIP that is refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockedSource {
    /// `192.0.2.7`, one port of a shared address `192.0.2.7:5060`, or an account as tried from there `1001@192.0.2.7`.
    pub source: String,
    pub since: Time,
    pub until: Time,
    /// How many times in a row: each is twice as long as the one before.
    pub times: u32,
}

impl From<&BlockedView> for BlockedSource {
    fn from(view: &BlockedView) -> Self {
        Self { source: view.source.clone(), since: Time::from(view.since), until: Time::from(view.until), times: view.times }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BlockedList {
    pub items: Vec<BlockedSource>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Unblocked {
    /// How many are heard again.
    pub sources: usize,
}

/// A page of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditList {
    pub items: Vec<AuditEntry>,
    pub next: Option<String>,
}

/// Why a recording must be kept.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LegalHoldRequest {
    /// 1 to 500 letters, for the record and the audit log.
    pub reason: String,
}

/// Who is to come into a call, or to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyRequest {
    /// transfer, consult, add (each with `to`); hold (with `reason`, `seconds`); escalate, complete, confer, back; listen, whisper, barge-in,
    /// take-over, leave (each with `supervisor`).
    #[schema(examples("transfer"))]
    pub order: String,
    /// A number, as an agent would dial it.
    #[schema(examples("1002"))]
    pub to: Option<String>,
    /// Why the caller is put on hold.
    #[schema(examples("looks something up"))]
    pub reason: Option<String>,
    /// How long he is told that it takes, 1 to 300.
    #[schema(examples(60))]
    pub seconds: Option<u64>,
    /// Whose phone is called to supervise, or who leaves.
    #[schema(examples("1000"))]
    pub supervisor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AgentList {
    pub items: Vec<Agent>,
    /// Always null: all agents come at once.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Agent {
    pub id: String,
    pub name: String,
    pub team: Option<String>,
    /// agent, supervisor.
    pub role: String,
    /// 1 to 9 each.
    pub skills: BTreeMap<String, u8>,
    /// offline, ready, reserved, ringing, talking, wrap-up, not-ready.
    pub state: String,
    pub reason: Option<String>,
    /// In this state since.
    pub since: Time,
    /// In wrap-up alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrap_up: Option<WrapUp>,
    pub let_go: LetGo,
    /// The call that he is offered or speaks on.
    pub call: Option<String>,
    /// How he sounds in it, once he has said enough to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<SideSound>,
    /// Registered phones.
    pub contacts: usize,
    /// Messages that wait to be listened to, as the lamp of his phone shows.
    pub messages_new: u32,
    /// Messages that were.
    pub messages_old: u32,
}

/// The time after a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct WrapUp {
    /// optional (he may end it), until-done (he ends it, or is not ready afterwards), mandatory.
    pub kind: String,
    pub until: Time,
}

/// Offers that an agent let go since the last call of a queue that he answered. One that made him not ready begins anew when he is back.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetGo {
    pub missed: u32,
    pub rejected: u32,
    pub busy: u32,
    pub unreachable: u32,
}

impl From<&AgentView> for Agent {
    fn from(view: &AgentView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name.clone(),
            team: view.team.clone(),
            role: view.role.to_owned(),
            skills: view.skills.iter().cloned().collect(),
            state: view.state.to_owned(),
            reason: view.reason.clone(),
            since: view.since.into(),
            wrap_up: view.wrap_up.map(|(kind, until)| WrapUp { kind: kind.to_owned(), until: until.into() }),
            let_go: LetGo {
                missed: view.let_go.missed,
                rejected: view.let_go.rejected,
                busy: view.let_go.busy,
                unreachable: view.let_go.unreachable,
            },
            call: view.call.map(|id| id.to_string()),
            sound: view.sound.as_ref().map(SideSound::from),
            contacts: view.contacts,
            messages_new: view.messages.0,
            messages_old: view.messages.1,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct QueueList {
    pub items: Vec<Queue>,
    /// Always null: all queues come at once.
    pub next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Queue {
    pub id: String,
    pub waiting: usize,
    /// Those in line with them who are to be called back.
    pub call_backs: usize,
    /// Arrival of the one who waits longest.
    pub longest_waiting_since: Option<Time>,
    /// Agents with the queue's skill, by state.
    pub agents: BTreeMap<String, usize>,
    pub today: QueueToday,
}

/// Of those who entered the queue since midnight in the zone of the reports: the figures of the day's report so far. offered = answered +
/// abandoned + `called_back` + `flowed_out` + waiting.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueToday {
    pub offered: u64,
    pub answered: u64,
    pub abandoned: u64,
    /// Hung up to be called back.
    pub called_back: u64,
    pub flowed_out: u64,
    /// Those who came today and wait, or are being offered.
    pub waiting: u64,
    /// Abandoned so soon that they misdialled: left out of the service level.
    pub short_abandoned: u64,
    /// Answered within the service level's time.
    pub answered_within_threshold: u64,
    /// Sum of the waits of answered calls, in milliseconds.
    pub wait_total_ms: u64,
    /// Mean wait of answered calls, in milliseconds.
    pub wait_mean_ms: u64,
    /// Offers that rang too long.
    pub missed_offers: u64,
    /// Answered offers within the allowed rings.
    pub answered_in_rings: u64,
    pub service_level: ServiceLevel,
}

/// A share with what it is made of.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceLevel {
    /// Percent; null when the denominator is 0.
    pub value: Option<f64>,
    pub numerator: u64,
    pub denominator: u64,
    pub formula: &'static str,
}

impl From<&QueueView> for Queue {
    fn from(view: &QueueView) -> Self {
        Self {
            id: view.id.to_string(),
            waiting: view.waiting,
            call_backs: view.call_backs,
            longest_waiting_since: view.longest_waiting_since.map(Time::from),
            agents: view.agents.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect(),
            today: QueueToday::from(&view.today),
        }
    }
}

impl From<&QueueFigures> for QueueToday {
    fn from(figures: &QueueFigures) -> Self {
        let (numerator, denominator, formula) = figures.service_level;
        Self {
            offered: figures.offered,
            answered: figures.answered,
            abandoned: figures.abandoned,
            called_back: figures.called_back,
            flowed_out: figures.flowed_out,
            waiting: figures.waiting,
            short_abandoned: figures.short_abandoned,
            answered_within_threshold: figures.answered_within_threshold,
            wait_total_ms: figures.wait_total_ms,
            wait_mean_ms: figures.wait_total_ms.checked_div(figures.answered).unwrap_or(0),
            missed_offers: figures.missed_offers,
            answered_in_rings: figures.answered_in_rings,
            service_level: ServiceLevel {
                value: (denominator > 0).then(|| numerator as f64 * 100.0 / denominator as f64),
                numerator,
                denominator,
                formula,
            },
        }
    }
}

/// What is asked of an agent's state.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentStateRequest {
    /// offline, ready, not-ready; the other states come from calls.
    #[schema(examples("not-ready"))]
    pub state: String,
    /// For not-ready: break, meal, training, meeting, or as the configuration has them.
    #[schema(examples("meeting"))]
    pub reason: Option<String>,
}

/// What a reload changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reloaded {
    /// A line each; empty when nothing changed.
    pub changes: Vec<String>,
}

/// An error of the configuration at its place, as `sanling check` prints it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfigError {
    pub file: String,
    /// From 1; absent when the error has no place.
    pub line: Option<usize>,
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub remedy: Option<String>,
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        let config::ConfigError { path: file, line, column, message, remedy, .. } = error;
        Self { file, line: Some(line), column: Some(column), message, remedy: Some(remedy) }
    }
}

/// Whether calls can be taken and kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// ok, failing.
    pub status: &'static str,
    /// Why it is not ok.
    pub reasons: Vec<String>,
    pub version: &'static str,
    /// Calls in progress; absent when the switch does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<usize>,
}

/// A report: its rows, and how each of their figures is reckoned.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportAnswer {
    /// queues, agents, teams, scripts.
    pub report: &'static str,
    pub since: Time,
    pub until: Time,
    /// By whose clock half-hours and days begin.
    #[schema(examples("Asia/Shanghai"))]
    pub zone: String,
    /// half-hour, day; null: all in one.
    pub by: Option<String>,
    /// Calls that were looked through.
    pub calls: usize,
    pub terms: ReportTerms,
    pub formulas: Vec<Formula>,
    /// In order of their keys, then of time. A key without any fact in a slice has no row there.
    pub rows: Vec<ReportLine>,
}

/// The limits by which it was counted, in milliseconds but for the rings.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportTerms {
    /// T
    pub service_level_ms: u64,
    /// s
    pub short_abandon_ms: u64,
    /// N
    pub rings: u32,
    pub patience_ms: u64,
    /// D
    pub resolved_after_ms: u64,
    /// G
    pub greeted_within_ms: u64,
}

impl From<&Terms> for ReportTerms {
    fn from(terms: &Terms) -> Self {
        let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            service_level_ms: ms(terms.service_level),
            short_abandon_ms: ms(terms.short_abandon),
            rings: terms.rings,
            patience_ms: ms(terms.patience),
            resolved_after_ms: ms(terms.resolved_after),
            greeted_within_ms: ms(terms.greeted_within),
        }
    }
}

/// How a figure is reckoned.
#[derive(Debug, Serialize, ToSchema)]
pub struct Formula {
    pub name: &'static str,
    /// count, percent, ms, mean.
    pub unit: &'static str,
    pub formula: &'static str,
    pub meaning: &'static str,
}

impl From<Said> for Formula {
    fn from(said: Said) -> Self {
        Self { name: said.name, unit: said.unit.name(), formula: said.formula, meaning: said.meaning }
    }
}

/// What a queue, agent, team or script did in a slice of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportLine {
    pub key: String,
    pub from: Time,
    pub until: Time,
    pub figures: Vec<Figure>,
}

/// A figure, with what it is made of.
#[derive(Debug, Serialize, ToSchema)]
pub struct Figure {
    pub name: String,
    /// Null when the denominator is 0.
    pub value: Option<f64>,
    pub unit: &'static str,
    pub numerator: u64,
    /// Null for counts and sums.
    pub denominator: Option<u64>,
}

impl From<&Measure> for Figure {
    fn from(measure: &Measure) -> Self {
        Self {
            name: measure.name.to_owned(),
            value: measure.value,
            unit: measure.unit.name(),
            numerator: measure.numerator,
            denominator: measure.denominator,
        }
    }
}

/// What an agent was at.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentTime {
    pub agent: String,
    /// offline, ready, reserved, ringing, talking, wrap-up, not-ready.
    pub state: String,
    pub reason: Option<String>,
    pub from: Time,
    /// Null: it lasts.
    pub until: Option<Time>,
    pub call: Option<String>,
    pub queue: Option<String>,
}

impl AgentTime {
    #[must_use]
    pub fn new(interval: &AgentInterval, lasts: bool) -> Self {
        Self {
            agent: interval.agent.to_string(),
            state: interval.state.clone(),
            reason: interval.reason.clone(),
            from: interval.from.into(),
            until: (!lasts).then(|| interval.to.into()),
            call: interval.call.map(|call| call.to_string()),
            queue: interval.queue.as_ref().map(ToString::to_string),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AgentTimeList {
    /// Agent by agent, each in order of time.
    pub items: Vec<AgentTime>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

/// From an agent's log-on to his log-off, and what of it he spent how.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionShape {
    /// Of one that had begun before the time asked for: since when he was what he was at its beginning.
    pub logged_on_at: Time,
    /// Null: he is still there.
    pub logged_off_at: Option<Time>,
    pub talking_ms: u64,
    pub after_call_ms: u64,
    pub idle_ms: u64,
    pub not_ready_ms: u64,
}

impl From<&Session> for SessionShape {
    fn from(session: &Session) -> Self {
        let Session { agent: _, logged_on_at, logged_off_at, work } = session;
        Self {
            logged_on_at: (*logged_on_at).into(),
            logged_off_at: logged_off_at.map(Time::from),
            talking_ms: work.talking_ms,
            after_call_ms: work.after_call_ms,
            idle_ms: work.idle_ms,
            not_ready_ms: work.not_ready_ms,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    pub agent: String,
    pub name: Option<String>,
    pub team: Option<String>,
    pub sessions: Vec<SessionShape>,
    pub intervals: Vec<AgentTime>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineList {
    pub items: Vec<Timeline>,
    /// Always null: all come at once.
    pub next: Option<String>,
}
