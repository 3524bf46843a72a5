//! Events on their way to consumers: a bounded ring of the latest, each with its number.
//!
//! Consumers pull. A slow one is never waited for: what left the ring while he dozed he reads from the database, and what neither has he is
//! told as a gap.

use super::shapes::EventShape;
use crate::base::limits;
use crate::switch::output::Event;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use tokio::sync::watch;

/// An event with its number, and its JSON once somebody has wanted it.
#[derive(Debug)]
pub struct NumberedEvent {
    pub seq: u64,
    pub event: Event,
    json: OnceLock<String>,
}

impl NumberedEvent {
    #[must_use]
    pub fn new(seq: u64, event: Event) -> Self {
        Self { seq, event, json: OnceLock::new() }
    }

    /// The event as [`EventShape`].
    pub fn json(&self) -> &str {
        self.json
            .get_or_init(|| serde_json::to_string(&EventShape::new(self.seq, &self.event)).expect("a shape of plain values becomes JSON"))
    }
}

/// What comes after a number.
#[derive(Debug)]
pub enum After {
    /// In order; empty when nothing is newer.
    Events(Vec<Arc<NumberedEvent>>),
    /// The ring begins later, with this number: read what is before it from the database.
    Older { ring_begins_at: u64 },
}

/// The publishing and the consuming end; cheap to clone.
#[derive(Clone, Debug)]
pub struct EventHub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// A lock, because one thread publishes and many tasks read; held for a push or the copy of one page of pointers.
    ring: Mutex<Ring>,
    latest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Ring {
    kept_max: usize,
    latest: u64,
    events: VecDeque<Arc<NumberedEvent>>,
}

impl EventHub {
    /// `latest` is the number of the last event that is in the database, 0 for none.
    #[must_use]
    pub fn new(latest: u64) -> Self {
        Self::with_ring(latest, limits::EVENTS_KEPT_MAX)
    }

    #[must_use]
    pub fn with_ring(latest: u64, kept_max: usize) -> Self {
        let ring = Mutex::new(Ring { kept_max, latest, events: VecDeque::new() });
        Self(Arc::new(Shared { ring, latest: watch::Sender::new(latest) }))
    }

    /// Numbers an event and shows it to all consumers. Never waits. The caller gives the result to the store as well.
    pub fn publish(&self, event: Event) -> Arc<NumberedEvent> {
        let mut ring = self.ring();
        let seq = ring.latest + 1;
        let numbered = Arc::new(NumberedEvent::new(seq, event));
        ring.latest = seq;
        if ring.events.len() == ring.kept_max {
            ring.events.pop_front();
        }
        ring.events.push_back(Arc::clone(&numbered));
        drop(ring);
        self.0.latest.send_replace(seq);
        numbered
    }

    /// Number of the latest event.
    #[must_use]
    pub fn latest(&self) -> u64 {
        self.ring().latest
    }

    /// At most `limit` events whose number is greater than `seq`.
    #[must_use]
    pub fn after(&self, seq: u64, limit: usize) -> After {
        let ring = self.ring();
        if seq >= ring.latest {
            return After::Events(Vec::new());
        }
        let ring_begins_at = ring.events.front().map_or(ring.latest + 1, |first| first.seq);
        if seq + 1 < ring_begins_at {
            return After::Older { ring_begins_at };
        }
        let skipped = usize::try_from(seq + 1 - ring_begins_at).unwrap_or(usize::MAX);
        After::Events(ring.events.iter().skip(skipped).take(limit).cloned().collect())
    }

    /// Wakes on each new event.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.latest.subscribe()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    fn ready() -> Event {
        Event { at: Timestamp(0), name: "agent.ready", call: None, agent: Some("1001".into()), queue: None, detail: vec![] }
    }

    fn numbers(after: After) -> Vec<u64> {
        match after {
            After::Events(events) => events.iter().map(|event| event.seq).collect(),
            After::Older { .. } => panic!("expected events of the ring"),
        }
    }

    #[test]
    fn numbers_go_on_after_a_restart_and_the_ring_keeps_the_latest() {
        let hub = EventHub::with_ring(40, 3);
        assert!(numbers(hub.after(40, 9)).is_empty());
        for _ in 0..5 {
            hub.publish(ready());
        }
        assert_eq!(numbers(hub.after(42, 9)), [43, 44, 45]);
        assert_eq!(numbers(hub.after(43, 1)), [44]);
        assert!(matches!(hub.after(41, 9), After::Older { ring_begins_at: 43 }));
        assert!(numbers(hub.after(99, 9)).is_empty());
    }

    #[test]
    fn what_was_before_the_start_is_older_than_an_empty_ring() {
        assert!(matches!(EventHub::new(40).after(39, 9), After::Older { ring_begins_at: 41 }));
    }
}
