//! How a worker does, counted by it alone and read by metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A reading of one worker. Counts run from the start; the lag is the worst since the last reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WorkerFigures {
    pub legs: u64,
    pub sessions: u64,
    pub packets_received: u64,
    pub packets_sent: u64,
    /// Refused by the operating system: buffer full, no route.
    pub packets_unsent: u64,
    pub ticks: u64,
    /// How late the latest tick began, at worst since this was last read. Over 20 ms the worker is overloaded.
    pub lag_max: Duration,
    /// Time at work, not waiting.
    pub busy: Duration,
    /// Reports that found no room: the switch was stuck.
    pub reports_lost: u64,
}

#[derive(Default)]
pub(super) struct Figures {
    pub legs: AtomicU64,
    pub sessions: AtomicU64,
    pub packets_received: AtomicU64,
    pub packets_sent: AtomicU64,
    pub packets_unsent: AtomicU64,
    pub ticks: AtomicU64,
    pub lag_max: AtomicU64,
    /// As `lag_max`, for the switch's own judgement of its load.
    pub strain: AtomicU64,
    pub busy: AtomicU64,
    pub reports_lost: AtomicU64,
}

impl Figures {
    pub fn read(&self) -> WorkerFigures {
        WorkerFigures {
            legs: self.legs.load(Relaxed),
            sessions: self.sessions.load(Relaxed),
            packets_received: self.packets_received.load(Relaxed),
            packets_sent: self.packets_sent.load(Relaxed),
            packets_unsent: self.packets_unsent.load(Relaxed),
            ticks: self.ticks.load(Relaxed),
            lag_max: Duration::from_nanos(self.lag_max.swap(0, Relaxed)),
            busy: Duration::from_nanos(self.busy.load(Relaxed)),
            reports_lost: self.reports_lost.load(Relaxed),
        }
    }
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
