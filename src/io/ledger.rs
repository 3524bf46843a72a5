//! Where the driver writes down what the switch tells of itself: each call and event goes to the store, to consumers and into the counts.

use super::events::EventHub;
use super::metrics::Metrics;
use super::store::{Row, Store};
use crate::call::record::CallRecord;
use crate::media::control::StreamStatistics;
use crate::switch::checkpoint::Part;
use crate::switch::output::Event;

/// Nothing here waits, so that the switch's task may call it.
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
    pub fn call(&self, record: Box<CallRecord>) {
        self.metrics.call_stored(&record);
        let id = record.id;
        if self.store.try_push(Row::Call(record)).is_err() {
            tracing::error!(call = %id, "the store is full: this state of the call is not kept");
        }
    }

    /// For `Output::Event`. A row that the store cannot take is counted there; consumers have the event all the same.
    pub fn event(&self, event: Event) {
        self.metrics.event_published(event.name);
        let _ = self.store.try_push(Row::Event(self.hub.publish(event)));
    }

    /// For `Output::Keep`. An image that the store cannot take is made good by the next of the same part.
    pub fn keep(&self, part: &Part, image: Option<Vec<u8>>) {
        let _ = self.store.try_push(Row::Kept { part: part.to_string(), image });
    }

    /// What a leg's streams counted, told as it is released.
    pub fn stream(&self, statistics: &StreamStatistics) {
        self.metrics.stream_ended(statistics);
    }

    /// For `Input::StoreBlocked`: tell the switch when the answer changes.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.store.is_blocked()
    }
}
