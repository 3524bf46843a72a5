//! Where the driver writes down what the switch tells of itself: each call and event goes to the store, to consumers and into the counts.

use super::events::EventHub;
use super::metrics::Metrics;
use super::shapes::{AuditEntry, Time};
use super::store::{Row, Store};
use crate::base::LegQuality;
use crate::call::record::CallRecord;
use crate::media::control::StreamStatistics;
use crate::report::AgentInterval;
use crate::switch::checkpoint::Part;
use crate::switch::output::{AuditNote, DecisionRecord, Event};

/// Nothing here waits, so that the switch's task may call it. What it is told becomes a row; a turn's rows are given to the store
/// together, so that its thread is woken once for all of them.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Store,
    hub: EventHub,
    metrics: Metrics,
}

impl Ledger {
    #[must_use]
    pub fn new(store: Store, hub: EventHub, metrics: Metrics) -> Self {
        Self { store, hub, metrics }
    }

    /// For `Output::StoreCall`.
    #[must_use = "to be given"]
    pub fn call(&self, record: Box<CallRecord>) -> Row {
        self.metrics.call_stored(&record);
        Row::Call(record)
    }

    /// For `Output::StoreDecision`.
    #[must_use = "to be given"]
    pub fn decision(&self, decision: Box<DecisionRecord>) -> Row {
        Row::Decision(decision)
    }

    /// For `Output::StoreInterval`.
    #[must_use = "to be given"]
    pub fn interval(&self, interval: Box<AgentInterval>) -> Row {
        Row::Interval(interval)
    }

    /// For `Output::Event`. A row that the store cannot take is counted there; consumers have the event all the same.
    #[must_use = "to be given"]
    pub fn event(&self, event: Event) -> Row {
        self.metrics.event_published(event.name);
        Row::Event(self.hub.publish(event))
    }

    /// For `Output::Audit`.
    #[must_use = "to be given"]
    pub fn audit(&self, note: AuditNote) -> Row {
        let AuditNote { id, at, who, action, subject, remote, detail } = note;
        tracing::info!(who, action, subject = %subject, detail, "audit");
        Row::Audit(Box::new(AuditEntry {
            id: id.to_string(),
            at: Time::from(at),
            who,
            action: action.to_owned(),
            subject: Some(subject.to_string()),
            remote,
            detail,
        }))
    }

    /// For `Output::Keep`. An image that the store cannot take is made good by the next of the same part.
    #[must_use = "to be given"]
    pub fn keep(&self, part: &Part, image: Option<Vec<u8>>) -> Row {
        Row::Kept { part: part.to_string(), image }
    }

    /// Gives rows to the store, in their order.
    pub fn give(&self, rows: Vec<Row>) {
        for row in self.store.try_push_all(rows) {
            if let Row::Call(record) = row {
                tracing::error!(call = %record.id, "the store is full: this state of the call is not kept");
            }
        }
    }

    /// What a leg's streams counted, told as it is released.
    pub fn stream(&self, statistics: &StreamStatistics) {
        self.metrics.stream_ended(statistics);
    }

    /// For `Output::Leg`.
    pub fn leg(&self, leg: &LegQuality) {
        self.metrics.leg_travelled(leg);
    }

    /// For `Input::StoreBlocked`: tell the switch when the answer changes.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.store.is_blocked()
    }
}
