//! What a row becomes: a frame of the journal, and the values that the tables take.

use super::work::WorkRow;
use super::{Row, StoreError};
use crate::base::limits::DECISIONS_PER_CALL_MAX;
use crate::io::events::NumberedEvent;
use crate::io::journal::Frame;
use crate::io::shapes::{AuditEntry, Call, DecisionShape, LegalHold, Time};
use crate::report::AgentInterval;
use crate::switch::output::{Detail, Event};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The kinds of frames. Released numbers keep their meaning.
pub(super) const CALL: u8 = 1;
pub(super) const EVENT: u8 = 2;
pub(super) const AUDIT: u8 = 3;
pub(super) const IMAGE: u8 = 4;
pub(super) const NO_IMAGE: u8 = 5;
pub(super) const HOLD: u8 = 6;
pub(super) const DECISION: u8 = 7;
pub(super) const INTERVAL: u8 = 8;
pub(super) const WORK: u8 = 9;

/// A row as the tables take it.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Fact {
    /// The record and its JSON.
    Call(Box<Call>, String),
    Event(EventRow),
    Audit(Box<AuditEntry>),
    Hold(HoldRow),
    Decision(Box<DecisionRow>),
    Interval(Box<AgentInterval>),
    Work(WorkRow),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct HoldRow {
    pub call: String,
    pub hold: Option<LegalHold>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct DecisionRow {
    pub call: String,
    pub decision: DecisionShape,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct EventRow {
    pub seq: u64,
    pub at: Time,
    pub name: Cow<'static, str>,
    pub call: Option<String>,
    pub agent: Option<String>,
    pub queue: Option<String>,
    /// JSON.
    pub detail: String,
}

impl DecisionRow {
    /// Among the call's: a newer one takes that of an older.
    pub fn place(&self) -> u32 {
        self.decision.number % DECISIONS_PER_CALL_MAX
    }
}

const SHAPES: &str = "a shape of plain values becomes JSON";

impl Fact {
    /// Images are no facts: nothing of theirs goes into the tables.
    pub fn of(row: Row) -> Option<Self> {
        Some(match row {
            Row::Call(record) => {
                let call = Call::from(&*record);
                let json = serde_json::to_string(&call).expect(SHAPES);
                Self::Call(Box::new(call), json)
            }
            Row::Mended(call) => {
                let json = serde_json::to_string(&call).expect(SHAPES);
                Self::Call(call, json)
            }
            Row::Event(event) => Self::Event(EventRow::of(&event)),
            Row::Audit(entry) => Self::Audit(entry),
            Row::Hold { call, hold } => Self::Hold(HoldRow { call, hold }),
            Row::Decision(made) => {
                Self::Decision(Box::new(DecisionRow { call: made.call.to_string(), decision: DecisionShape::from(&*made) }))
            }
            Row::Interval(interval) => Self::Interval(interval),
            Row::Work(work) => Self::Work(WorkRow::Written(work)),
            Row::WorkGone { kind, id } => Self::Work(WorkRow::Gone { kind, id }),
            Row::Kept { .. } => return None,
        })
    }

    pub fn kind(&self) -> u8 {
        match self {
            Self::Call(..) => CALL,
            Self::Event(_) => EVENT,
            Self::Audit(_) => AUDIT,
            Self::Hold(_) => HOLD,
            Self::Decision(_) => DECISION,
            Self::Interval(_) => INTERVAL,
            Self::Work(_) => WORK,
        }
    }

    /// The body of its frame.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Call(_, json) => out.extend_from_slice(json.as_bytes()),
            Self::Event(event) => event.write(out),
            Self::Audit(entry) => serde_json::to_writer(out, entry).expect(SHAPES),
            Self::Hold(hold) => serde_json::to_writer(out, hold).expect(SHAPES),
            Self::Decision(row) => serde_json::to_writer(out, row).expect(SHAPES),
            Self::Interval(interval) => serde_json::to_writer(out, interval).expect(SHAPES),
            Self::Work(row) => serde_json::to_writer(out, row).expect(SHAPES),
        }
    }

    /// The fact that a frame holds; `None` for an image, and for a kind of a later version.
    pub fn read(frame: Frame<'_>) -> Result<Option<Self>, StoreError> {
        Ok(Some(match frame.kind {
            CALL => {
                let text = std::str::from_utf8(frame.body).map_err(serde::de::Error::custom).map_err(StoreError::Shape)?;
                Self::Call(Box::new(serde_json::from_str(text)?), text.to_owned())
            }
            EVENT => Self::Event(EventRow::read(frame.body)?),
            AUDIT => Self::Audit(Box::new(serde_json::from_slice(frame.body)?)),
            HOLD => Self::Hold(serde_json::from_slice(frame.body)?),
            DECISION => Self::Decision(Box::new(serde_json::from_slice(frame.body)?)),
            INTERVAL => Self::Interval(Box::new(serde_json::from_slice(frame.body)?)),
            WORK => Self::Work(serde_json::from_slice(frame.body)?),
            _ => return Ok(None),
        }))
    }
}

impl EventRow {
    fn of(numbered: &NumberedEvent) -> Self {
        let Event { at, name, call, agent, queue, detail } = &numbered.event;
        Self {
            seq: numbered.seq,
            at: Time::from(*at),
            name: Cow::Borrowed(*name),
            call: call.map(|id| id.to_string()),
            agent: agent.as_ref().map(ToString::to_string),
            queue: queue.as_ref().map(ToString::to_string),
            detail: detail_json(detail),
        }
    }

    /// Its number and time, then the texts, each with its length (none: 2³²−1): an event is written a dozen times a call.
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(&self.at.0.to_le_bytes());
        for text in [Some(&*self.name), self.call.as_deref(), self.agent.as_deref(), self.queue.as_deref(), Some(&*self.detail)] {
            let length = text.map_or(u32::MAX, |text| u32::try_from(text.len()).expect("a text of an event is short"));
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
    }

    fn read(body: &[u8]) -> Result<Self, StoreError> {
        let mut rest = body.get(16..).unwrap_or_default();
        let mut text = || -> Option<Option<String>> {
            let (length, after) = rest.split_first_chunk::<4>()?;
            rest = after;
            let length = u32::from_le_bytes(*length);
            if length == u32::MAX {
                return Some(None);
            }
            let (text, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            rest = after;
            Some(Some(std::str::from_utf8(text).ok()?.to_owned()))
        };
        let short = || StoreError::Shape(serde::de::Error::custom("an event of the journal is cut short"));
        let (name, call, agent, queue, detail) = (|| Some((text()??, text()?, text()?, text()?, text()??)))().ok_or_else(short)?;
        let number = |at: usize| body.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).ok_or_else(short);
        Ok(Self {
            seq: u64::from_le_bytes(number(0)?),
            at: Time(i64::from_le_bytes(number(8)?)),
            name: Cow::Owned(name),
            call,
            agent,
            queue,
            detail,
        })
    }
}

/// As [`EventShape`](crate::io::shapes::EventShape) would have it, in order of names.
fn detail_json(detail: &[(&'static str, Detail)]) -> String {
    use std::fmt::Write as _;
    if detail.is_empty() {
        return "{}".to_owned();
    }
    let mut sorted: Vec<_> = detail.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut json = String::from("{");
    for (name, value) in sorted {
        if json.len() > 1 {
            json.push(',');
        }
        let outcome = match value {
            Detail::Text(text) => write!(json, "\"{name}\":{}", serde_json::Value::from(text.as_str())),
            Detail::Number(number) => write!(json, "\"{name}\":{number}"),
            Detail::Hundredths(number) => write!(json, "\"{name}\":{}", *number as f64 / 100.0),
            Detail::Flag(flag) => write!(json, "\"{name}\":{flag}"),
        };
        outcome.expect("a string takes all");
    }
    json.push('}');
    json
}

/// The body of an image's frame: the part's name, its length before it, then the image.
pub(super) fn image_head(part: &str) -> [u8; 2] {
    u16::try_from(part.len()).expect("a part's name is short").to_le_bytes()
}

/// The part, and what of the body is its image.
pub(super) fn read_image(body: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = body.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let part = std::str::from_utf8(rest.get(..length)?).ok()?;
    Some((part, &rest[length..]))
}

/// The number of the event in a frame; it is known without reading all of it.
pub(super) fn event_number(frame: &Frame<'_>) -> Option<u64> {
    (frame.kind == EVENT).then(|| frame.body.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)))?
}
