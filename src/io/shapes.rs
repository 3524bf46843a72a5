//! The JSON shapes of calls and events, shared by the database (which keeps them) and the API (which shows them).
//!
//! What lives here: shapes and the way from the core's values to them. What must not: SQL, HTTP.

mod external;
mod quality;

pub use external::External;
pub use quality::{LegQuality, QualityFlow, QualityMinute, RecordedSide, RecordedSound};

use crate::base::{Duration, Timestamp};
use crate::call::record::{
    CallBackRecord, CallRecord, HoldRecord, KeyRecord, OfferRecord, PauseRecord, QueueVisit, RecordingRecord, ScriptRecord, SegmentRecord,
    SoundRecord,
};
use crate::qa::Breaches;
use crate::switch::output::{DecisionRecord, Detail, Event};
use crate::switch::view::CallView;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::BTreeMap;
use std::fmt;

/// A wall time: milliseconds since 1970 inside, RFC 3339 UTC with milliseconds outside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-11-21T09:30:00.000Z"))]
pub struct Time(pub i64);

impl Time {
    /// Reads RFC 3339 with any offset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|time| Self(time.as_millisecond()))
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at.0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A clock outside jiff's years −9999 to 9999 is shown as the epoch rather than not at all.
        write!(f, "{:.3}", jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format_args!("{text:?} is no RFC 3339 time")))
    }
}

/// A call's record, as far as it has come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Call {
    /// ULID: 26 letters and digits, in order of time.
    #[schema(examples("01JD3KQ5ZV8N2M4X6Y7T9W0ABC"))]
    pub id: String,
    /// inbound, outbound, internal; external of a call of another switch that was recorded here.
    pub direction: String,
    pub caller: String,
    pub called: String,
    pub trunk: Option<String>,
    pub queue: Option<String>,
    /// The last agent who spoke with the caller; the callee of an internal call; the caller of a call out.
    pub agent: Option<String>,
    pub arrived_at: Time,
    /// The caller's leg was answered.
    pub answered_at: Option<Time>,
    /// The first agent (or the callee) answered.
    pub connected_at: Option<Time>,
    pub released_at: Option<Time>,
    /// caller, agent, callee, switch.
    pub released_by: Option<String>,
    /// Whose part ended first: caller, agent, callee, switch. An agent's ends before the call does: the caller hangs up himself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hung_up_first: Option<String>,
    /// When the caller had left a conference that went on without him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_left_at: Option<Time>,
    /// Why, for the reader: `BYE`, `RTP timeout`, …
    pub release_cause: Option<String>,
    /// answered, abandoned, silent, scripted, refused, no-answer, busy, unreachable, played, message, call-back, failed.
    pub outcome: Option<String>,
    pub offers: Vec<Offer>,
    pub holds: Vec<Hold>,
    /// Scripts of service that were begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<Script>,
    /// The agents' parts in it, in the order in which they began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// Times in queues, in order: who flowed over into another, or came back to wait again, has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<Visit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<Survey>,
    /// How the caller was greeted when he was connected with an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<Greeting>,
    /// How each party sounded, who said enough to tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sounds: Vec<SideSound>,
    /// Times in which its recording was filled with silence: card data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// Keys that were pressed in it, by whichever way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// How well the sound of each leg travelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<LegQuality>,
    /// How both sides of the recording sound, once it is finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<RecordedSound>,
    /// By whom it was sent on before it came to who took it: its carrier's word (Diversion, History-Info), then phones of the house (302).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diverted: Vec<Diverted>,
    /// The call in which it went on: two calls of one agent became one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// Of a call of another switch that was recorded here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    /// Of a call that the switch made to call somebody back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_back: Option<CallBackMade>,
    /// The rules of service that it broke: three-rings, patience, promise, hold-without-reason, greeting-late, greeting-missing, hung-up-first,
    /// abandoned, silent-release, open-microphone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<String>,
    pub recording: Option<Recording>,
    /// While the call runs: arriving, waiting, offering, connected, held, transferring, ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_since: Option<Time>,
}

/// A call was sent on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Diverted {
    /// Number or extension of who sent it on.
    pub from: String,
    /// unconditional, deflection, user-busy, no-answer, unavailable, do-not-disturb, out-of-service, unknown.
    pub reason: String,
}

/// An agent's phone was rung for the call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Offer {
    pub agent: String,
    pub alerted_at: Time,
    pub ended_at: Option<Time>,
    /// Rings begun, by the configured cadence.
    pub rings: u32,
    /// pending, answered, missed, rejected, busy, unreachable, withdrawn, elsewhere (another agent answered first).
    pub result: String,
    /// The phone of the offer before this one rang for the caller already: for him both are one offer.
    #[serde(default)]
    pub beside: bool,
}

/// A time on hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hold {
    /// caller, agent.
    pub by: String,
    pub started_at: Time,
    pub ended_at: Option<Time>,
    /// How often the held party heard that he is not forgotten.
    pub reassured: u32,
    /// Why, as the agent or a program gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long the held party was told that it takes, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_s: Option<u64>,
    /// Whether it took no longer; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<bool>,
}

/// The recording was filled with silence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pause {
    pub started_at: Time,
    /// Null while it lasts.
    pub ended_at: Option<Time>,
    /// The agent who pressed the code, or the user of the API; `token`.
    pub by: String,
    pub why: String,
    /// running, resumed, timed-out (it ended by itself), agent-left, released (with the call).
    pub ending: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
}

impl From<&PauseRecord> for Pause {
    fn from(pause: &PauseRecord) -> Self {
        Self {
            started_at: pause.started_at.into(),
            ended_at: pause.ended_at.map(Time::from),
            by: pause.by.clone(),
            why: pause.why.clone(),
            ending: pause.ending.name().to_owned(),
            ended_by: pause.ended_by.clone(),
        }
    }
}

/// A key that was pressed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Key {
    pub at: Time,
    /// On whose phone; absent for the customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// 0 to 9, `*`, `#`, A to D; `•` where it is hidden.
    #[schema(examples("5"))]
    pub key: String,
}

impl From<&KeyRecord> for Key {
    fn from(key: &KeyRecord) -> Self {
        Self { at: key.at.into(), agent: key.agent.as_ref().map(ToString::to_string), key: key.key.to_string() }
    }
}

/// What a call of the switch's own was made for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CallBackMade {
    /// The call in which it came to that, and when.
    pub asked_in: String,
    pub asked_at: Time,
    /// asked, promised (by a script of service), abandoned.
    pub why: String,
    /// From 1.
    pub attempt: u32,
}

impl From<&CallBackRecord> for CallBackMade {
    fn from(record: &CallBackRecord) -> Self {
        Self {
            asked_in: record.asked_in.to_string(),
            asked_at: record.asked_at.into(),
            why: record.why.name().to_owned(),
            attempt: record.attempt,
        }
    }
}

/// An agent's part in a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Segment {
    pub agent: String,
    /// calling, serving, consulted, conferee, listening, whispering, barging-in.
    pub role: String,
    pub started_at: Time,
    pub ended_at: Option<Time>,
    /// running, left, transferred, changed (went on in another role).
    pub ending: String,
}

/// A time in a queue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Visit {
    pub queue: String,
    pub entered_at: Time,
    pub left_at: Option<Time>,
    /// waiting, answered, abandoned, flowed-out, called-back, refused.
    pub ending: String,
}

/// A script of service that was played to the caller.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Script {
    /// Its id in the configuration.
    pub script: String,
    /// agent, desk (the API), measurement (of how the caller sounds).
    pub begun_by: String,
    pub started_at: Time,
    pub ended_at: Option<Time>,
    /// Prompts that were begun.
    pub said: u32,
    /// running, helped (the caller spoke, or the agent said so), done, queued, released, cut-short.
    pub ending: String,
}

/// The greeting of a caller who was connected with an agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Greeting {
    /// switch (it was played), agent (he spoke it himself).
    pub by: String,
    /// From the connection to its first sound; null when it did not come.
    pub delay_ms: Option<u64>,
}

/// How a party sounded: levels in dBov, where a full-scale square wave is 0.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SideSound {
    /// Whose phone it is; absent for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Mean level of his speech; usual is −26.
    #[schema(maximum = 0)]
    pub level_dbov: i8,
    /// What is heard between his words.
    #[schema(maximum = 0)]
    pub noise_dbov: i8,
    /// Some of it stood at full scale.
    pub clipped: bool,
    /// How much speech that is the mean of: at least two thirds of all.
    pub speech_ms: u64,
    /// Too quiet, too loud, drowned in noise, at some time of the call.
    pub faint: bool,
    pub loud: bool,
    pub noisy: bool,
    /// He talked while the caller was on hold and nobody heard him.
    pub open_microphone: bool,
}

impl From<&SoundRecord> for SideSound {
    fn from(sound: &SoundRecord) -> Self {
        Self {
            agent: sound.agent.as_ref().map(ToString::to_string),
            level_dbov: sound.level_dbov,
            noise_dbov: sound.noise_dbov,
            clipped: sound.clipped,
            speech_ms: ms(sound.speech),
            faint: sound.faint,
            loud: sound.loud,
            noisy: sound.noisy,
            open_microphone: sound.open_microphone,
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The caller was asked how he was served.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Survey {
    pub asked_at: Time,
    /// From 1; null when he did not answer.
    pub score: Option<u8>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recording {
    /// Below the recordings folder: `2026/11/21/CALL-ID.wav`.
    pub file: String,
    pub duration_ms: u64,
    /// Lower-case hex, once complete.
    pub sha256: Option<String>,
    /// open, complete, recovered, missing, removed.
    pub state: String,
    /// Why it is missing, or was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Time>,
    /// While it stands the recording is not removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<LegalHold>,
    /// The digits that are dialled behind `*9` to hear it by phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples(1042))]
    pub replay_number: Option<u64>,
}

/// A legal hold on a recording.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LegalHold {
    /// Who put it: a user's id, or `token`.
    pub by: String,
    pub at: Time,
    pub reason: String,
}

impl From<&CallRecord> for Call {
    fn from(record: &CallRecord) -> Self {
        Self {
            id: record.id.to_string(),
            direction: record.direction.name().to_owned(),
            caller: record.caller.clone(),
            called: record.called.clone(),
            trunk: record.trunk.as_ref().map(ToString::to_string),
            queue: record.queue.as_ref().map(ToString::to_string),
            agent: record.agent.as_ref().map(ToString::to_string),
            arrived_at: record.arrived_at.into(),
            answered_at: record.answered_at.map(Time::from),
            connected_at: record.connected_at.map(Time::from),
            released_at: record.released_at.map(Time::from),
            released_by: record.released_by.map(|by| by.name().to_owned()),
            hung_up_first: record.hung_up_first.map(|by| by.name().to_owned()),
            caller_left_at: record.caller_left_at.map(Time::from),
            release_cause: record.release_cause.clone(),
            outcome: record.outcome.map(|outcome| outcome.name().to_owned()),
            offers: record.offers.iter().map(Offer::from).collect(),
            holds: record.holds.iter().map(Hold::from).collect(),
            scripts: record.scripts.iter().map(Script::from).collect(),
            segments: record.segments.iter().map(Segment::from).collect(),
            visits: record.visits.iter().map(Visit::from).collect(),
            survey: record.survey.map(|survey| Survey { asked_at: survey.asked_at.into(), score: survey.score }),
            greeting: record.greeting.map(|greeting| Greeting { by: greeting.by.name().to_owned(), delay_ms: greeting.delay.map(ms) }),
            sounds: record.sounds.iter().map(SideSound::from).collect(),
            pauses: record.pauses.iter().map(Pause::from).collect(),
            keys: record.keys.iter().map(Key::from).collect(),
            quality: record.quality.iter().map(LegQuality::from).collect(),
            sound: record.sound.as_ref().map(RecordedSound::from),
            diverted: record.diverted.iter().map(|one| Diverted { from: one.from.clone(), reason: one.reason.clone() }).collect(),
            merged_into: record.merged_into.map(|call| call.to_string()),
            external: record.external.as_deref().map(External::from),
            call_back: record.call_back.as_ref().map(CallBackMade::from),
            broken: Breaches::from_bits(record.broken).names().map(str::to_owned).collect(),
            recording: record.recording.as_ref().map(Recording::from),
            state: None,
            state_since: None,
        }
    }
}

impl Call {
    /// MOS of its worst leg in its worst minute.
    #[must_use]
    pub fn mos_min(&self) -> Option<f64> {
        self.quality.iter().filter_map(|leg| leg.mos_min).min_by(f64::total_cmp)
    }
}

impl From<&CallView> for Call {
    fn from(view: &CallView) -> Self {
        Self { state: Some(view.state.to_owned()), state_since: Some(view.state_since.into()), ..Self::from(&view.record) }
    }
}

impl From<&SegmentRecord> for Segment {
    fn from(segment: &SegmentRecord) -> Self {
        Self {
            agent: segment.agent.to_string(),
            role: segment.role.name().to_owned(),
            started_at: segment.started_at.into(),
            ended_at: segment.ended_at.map(Time::from),
            ending: segment.ending.name().to_owned(),
        }
    }
}

impl From<&QueueVisit> for Visit {
    fn from(visit: &QueueVisit) -> Self {
        Self {
            queue: visit.queue.to_string(),
            entered_at: visit.entered_at.into(),
            left_at: visit.left_at.map(Time::from),
            ending: visit.ending.name().to_owned(),
        }
    }
}

impl From<&ScriptRecord> for Script {
    fn from(script: &ScriptRecord) -> Self {
        Self {
            script: script.script.clone(),
            begun_by: script.begun_by.name().to_owned(),
            started_at: script.started_at.into(),
            ended_at: script.ended_at.map(Time::from),
            said: script.said,
            ending: script.ending.name().to_owned(),
        }
    }
}

impl From<&OfferRecord> for Offer {
    fn from(offer: &OfferRecord) -> Self {
        Self {
            agent: offer.agent.to_string(),
            alerted_at: offer.alerted_at.into(),
            ended_at: offer.ended_at.map(Time::from),
            rings: offer.rings,
            result: offer.result.name().to_owned(),
            beside: offer.beside,
        }
    }
}

impl From<&HoldRecord> for Hold {
    fn from(hold: &HoldRecord) -> Self {
        Self {
            by: hold.by.name().to_owned(),
            started_at: hold.started_at.into(),
            ended_at: hold.ended_at.map(Time::from),
            reassured: hold.reassured,
            reason: hold.reason.clone(),
            promised_s: hold.promised.map(|promised| promised.as_secs()),
            kept: hold.kept,
        }
    }
}

impl From<&RecordingRecord> for Recording {
    fn from(recording: &RecordingRecord) -> Self {
        Self {
            file: recording.file.clone(),
            duration_ms: u64::try_from(recording.duration.as_millis()).unwrap_or(u64::MAX),
            sha256: recording.sha256.clone(),
            state: recording.state.name().to_owned(),
            reason: recording.reason.clone(),
            removed_at: None,
            hold: None,
            replay_number: None,
        }
    }
}

/// A fact, numbered in the order in which it became known.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventShape {
    /// Grows by one with each event, across restarts; `Last-Event-ID` of the stream.
    pub seq: u64,
    pub at: Time,
    /// `call.delivered`, `agent.ready`, `offer.missed`, …
    #[schema(examples("call.delivered"))]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// More, by name: `rings`, `reason`, `step`, …
    #[serde(default)]
    pub detail: BTreeMap<String, serde_json::Value>,
}

impl EventShape {
    #[must_use]
    pub fn new(seq: u64, event: &Event) -> Self {
        Self {
            seq,
            at: event.at.into(),
            name: event.name.to_owned(),
            call: event.call.map(|id| id.to_string()),
            agent: event.agent.as_ref().map(ToString::to_string),
            queue: event.queue.as_ref().map(ToString::to_string),
            detail: event.detail.iter().map(|(name, detail)| ((*name).to_owned(), value(detail))).collect(),
        }
    }
}

fn value(detail: &Detail) -> serde_json::Value {
    match detail {
        Detail::Text(text) => text.as_str().into(),
        Detail::Number(number) => (*number).into(),
        Detail::Hundredths(number) => (*number as f64 / 100.0).into(),
        Detail::Flag(flag) => (*flag).into(),
    }
}

/// A look of the matcher at a call: who was considered, and why the one was chosen or nobody was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DecisionShape {
    /// From 0, in the order in which they were made.
    pub number: u32,
    pub at: Time,
    pub queue: String,
    /// Steps of widening taken so far.
    pub step: u8,
    /// What the choice went by: the strategy, `preferred agent`, …; null when nobody could be chosen.
    pub rule: Option<String>,
    pub chosen: Option<String>,
    /// The chosen one first; at most 16.
    pub considered: Vec<Considered>,
    /// How many more there are of each verdict.
    pub others: Vec<VerdictCount>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Considered {
    pub agent: String,
    /// chosen, lower in longest-idle, let this call down, talking, wrap-up, not ready, billing 3 < 5, …
    #[schema(examples("lower in longest-idle"))]
    pub verdict: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VerdictCount {
    pub verdict: String,
    pub count: usize,
}

impl From<&DecisionRecord> for DecisionShape {
    fn from(made: &DecisionRecord) -> Self {
        let considered =
            |(agent, verdict): &(crate::base::AgentId, String)| Considered { agent: agent.to_string(), verdict: verdict.clone() };
        Self {
            number: made.number,
            at: made.at.into(),
            queue: made.queue.to_string(),
            step: made.step,
            rule: made.rule.clone(),
            chosen: made.chosen.as_ref().map(ToString::to_string),
            considered: made.considered.iter().map(considered).collect(),
            others: made.others.iter().map(|(verdict, count)| VerdictCount { verdict: verdict.clone(), count: *count }).collect(),
        }
    }
}

/// Who did what that must stay known: fetched a recording, changed an agent's state, reloaded the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// ULID.
    pub id: String,
    pub at: Time,
    /// A user's id; `token` for the bearer of the administrator's, `retention` for what removes old recordings.
    #[schema(examples("li-qa"))]
    pub who: String,
    /// session.opened, session.refused, session.closed, call.viewed, recording.played, recording.downloaded, recording.held,
    /// recording.hold_released, recording.replayed (by phone), recording.removed, records.removed, message.fetched, report.exported, agent.state_set, config.reloaded, …
    #[schema(examples("recording.played"))]
    pub action: String,
    /// The call's or agent's id.
    pub subject: Option<String>,
    /// Address that the request came from.
    pub remote: String,
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc_with_milliseconds() {
        assert_eq!(Time(1_795_253_400_007).to_string(), "2026-11-21T09:30:00.007Z");
        for text in ["2026-11-21T09:30:00.007Z", "2026-11-21T17:30:00.007+08:00"] {
            assert_eq!(Time::parse(text), Some(Time(1_795_253_400_007)), "{text}");
        }
        for wrong in ["", "yesterday", "2026-11-21", "1795253400"] {
            assert_eq!(Time::parse(wrong), None, "{wrong}");
        }
    }
}
