//! The figures of the day, queue by queue: the same tallies that reports are made of, of the calls that entered a queue since midnight.
//!
//! What is over is added up as it ends, and kept over a restart; what runs is counted anew whenever somebody asks. Told as events, each queue's
//! at most once a second.

use super::day::Day;
use super::output::{Detail, Event, Output};
use super::{Key, Switch};
use crate::base::limits::FIGURES_TOLD_EVERY;
use crate::base::{CallId, Instant, QueueId, Timestamp};
use crate::call::record::CallRecord;
use crate::config::Config;
use crate::report::{Basis, Terms, VisitTally, measure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is kept of a queue over a restart.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct KeptFigures {
    pub day: Option<Day>,
    pub tally: VisitTally,
}

#[derive(Debug, Default)]
pub(super) struct Today {
    /// When the day began, on the switch's own axis.
    pub began: Instant,
    /// Of visits that are over.
    over: BTreeMap<QueueId, VisitTally>,
    /// Who is in a queue now, and since when.
    open: BTreeMap<QueueId, BTreeMap<CallId, Instant>>,
    /// Queues with something new, and when each may be told again.
    news: BTreeSet<QueueId>,
    quiet_until: BTreeMap<QueueId, Instant>,
}

/// What figures of the house go by.
#[must_use]
pub fn basis(config: &Config) -> Basis {
    let terms = Terms {
        service_level: config.reports.service_level,
        short_abandon: config.reports.short_abandon,
        rings: config.rules.answer.max_rings,
        patience: config.rules.hold.patience,
        resolved_after: crate::base::time::secs(u64::from(config.reports.settled_days) * 24 * 3_600),
        greeted_within: config.rules.greeting.within,
    };
    Basis { terms, zone: config.reports.zone.clone() }
}

impl Today {
    pub fn new(began: Instant) -> Self {
        Self { began, ..Self::default() }
    }

    /// Midnight: whoever waits entered yesterday, and counts there.
    pub fn begin(&mut self, now: Instant) {
        self.news.extend(self.over.keys().cloned());
        self.over.clear();
        self.began = now;
    }

    pub fn restore(&mut self, queue: QueueId, tally: VisitTally) {
        self.over.insert(queue, tally);
    }

    pub fn of(&self, queue: &QueueId) -> VisitTally {
        self.over.get(queue).copied().unwrap_or_default()
    }

    pub fn entered(&mut self, queue: &QueueId, call: CallId, now: Instant) {
        self.open.entry(queue.clone()).or_default().insert(call, now);
        self.news.insert(queue.clone());
    }

    /// The visit is over; counted if it began today.
    pub fn left(&mut self, queue: &QueueId, record: &CallRecord, index: usize, at: Timestamp, terms: &Terms) {
        let Some(calls) = self.open.get_mut(queue) else { return };
        let since = calls.remove(&record.id);
        if calls.is_empty() {
            self.open.remove(queue);
        }
        if since.is_some_and(|since| since >= self.began) {
            self.over.entry(queue.clone()).or_default().visit(record, index, at, terms);
        }
        self.news.insert(queue.clone());
    }

    /// Calls in the queue that entered it today.
    fn waiting(&self, queue: &QueueId) -> impl Iterator<Item = CallId> + '_ {
        self.open.get(queue).into_iter().flatten().filter(|(_, since)| **since >= self.began).map(|(call, _)| *call)
    }

    /// When the next news are due.
    pub fn deadline(&self) -> Option<Instant> {
        self.news.iter().map(|queue| self.quiet_until.get(queue).copied().unwrap_or(Instant::START)).min()
    }

    /// The queues whose news are due now; they are quiet from now on for a while.
    fn take_news(&mut self, now: Instant) -> Vec<QueueId> {
        let quiet = &self.quiet_until;
        let due: Vec<QueueId> = self.news.iter().filter(|queue| quiet.get(*queue).is_none_or(|until| *until <= now)).cloned().collect();
        for queue in &due {
            self.news.remove(queue);
            self.quiet_until.insert(queue.clone(), now + FIGURES_TOLD_EVERY);
        }
        self.quiet_until.retain(|_, until| *until > now);
        due
    }
}

impl Switch {
    pub(super) fn basis(&self) -> Basis {
        basis(&self.config)
    }

    /// The queue's figures of the day, up to this moment.
    pub(super) fn today(&self, queue: &QueueId, now: Instant) -> VisitTally {
        let terms = self.basis().terms;
        let mut tally = self.figures.of(queue);
        for call in self.figures.waiting(queue) {
            let Some(slot) = self.slots.get(&call) else { continue };
            let record = slot.call.record();
            if let Some(index) = record.visits.len().checked_sub(1) {
                tally.visit(record, index, slot.call.at(now), &terms);
            }
        }
        tally
    }

    pub(super) fn on_figures_due(&mut self, now: Instant) {
        for queue in self.figures.take_news(now) {
            let Some(snapshot) = self.acd.queue(queue.as_str(), now) else { continue };
            let tally = self.today(&queue, now);
            let levels = measure::service_levels("ours", &tally);
            let number = |name: &'static str, value: u64| (name, Detail::Number(i64::try_from(value).unwrap_or(i64::MAX)));
            let mut detail = vec![
                number("waiting", snapshot.waiting as u64),
                number("longest_wait_ms", u64::try_from(snapshot.longest_wait.as_millis()).unwrap_or(u64::MAX)),
                number("offered", tally.offered),
                number("answered", tally.answered),
                number("abandoned", tally.abandoned),
                number("called_back", tally.called_back),
                number("flowed_out", tally.flowed_out),
            ];
            for level in levels {
                detail.push(number("service_level_numerator", level.numerator));
                detail.push(number("service_level_denominator", level.denominator.unwrap_or_default()));
                detail.push(("service_level_formula", Detail::Text(level.formula.to_owned())));
            }
            let at = self.at(now);
            self.out.push(Output::Event(Event { at, name: "figures.queue", call: None, agent: None, queue: Some(queue), detail }));
        }
        self.touched.insert(Key::Figures);
    }
}
