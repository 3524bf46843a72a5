//! Today's figures of a queue, each with its formula. Identity: offered = answered + abandoned + overflowed + called back + still waiting.

use crate::base::Duration;
use crate::base::time::secs;
use serde::{Deserialize, Serialize};

/// An answer within this wait counts for the service level.
pub const SERVICE_LEVEL_WITHIN: Duration = secs(20);
/// Who leaves sooner than this has misdialled, and does not count against the service level.
pub const SHORT_ABANDON_WITHIN: Duration = secs(5);

/// Counts since midnight. A wait runs from the entry into the queue to the agent's answer, or to the leaving.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// O: calls that entered the queue, and those that waited at midnight.
    pub offered: u64,
    /// A
    pub answered: u64,
    /// `A_T`: answered with a wait of at most [`SERVICE_LEVEL_WITHIN`].
    pub answered_in_time: u64,
    /// B: left the switch while waiting.
    pub abandoned: u64,
    /// `B_s`: abandoned in less than [`SHORT_ABANDON_WITHIN`].
    pub short_abandoned: u64,
    /// F: left the queue alive, for another one or another place.
    pub overflowed: u64,
    /// Left to be called back. The call-backs themselves are not counted here.
    pub called_back: u64,
    /// Not taken: the queue was full. Not among the offered.
    pub refused: u64,
    /// Times that callers were offered to agents, to one or several at once, and those of them that nobody answered and somebody let ring
    /// out.
    pub offers: u64,
    pub offers_missed: u64,
    /// Sum of the waits of the answered.
    pub answered_wait: Duration,
    /// Longest wait that has ended, by answer or leaving.
    pub longest_wait: Duration,
    /// Conversations with agents that have ended, and their sum.
    pub handled: u64,
    pub talked: Duration,
}

/// A share with its numerator and denominator, which are to be shown beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    pub part: u64,
    pub of: u64,
}

impl Share {
    /// 0 to 100; `None` of nothing.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts of a day are far below 2^52")]
    pub fn percent(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 * 100.0 / self.of as f64)
    }
}

impl Figures {
    /// `SL = A_T / (A + B − B_s)`.
    #[must_use]
    pub fn service_level(&self) -> Share {
        Share { part: self.answered_in_time, of: self.answered + self.abandoned - self.short_abandoned }
    }

    /// B / O.
    #[must_use]
    pub fn abandon_rate(&self) -> Share {
        Share { part: self.abandoned, of: self.offered }
    }

    /// Average speed of answer: Σ wait of the answered / A. `None` before the first answer.
    #[must_use]
    pub fn average_speed_of_answer(&self) -> Option<Duration> {
        mean(self.answered_wait, self.answered)
    }

    /// Σ talk, hold included / handled. `None` before the first.
    #[must_use]
    pub fn average_talk(&self) -> Option<Duration> {
        mean(self.talked, self.handled)
    }

    /// A new day, which begins with those who still wait.
    #[must_use]
    pub(super) fn of_a_new_day(waiting: usize) -> Self {
        Self { offered: waiting as u64, ..Self::default() }
    }

    /// After a restart: makes the identity hold where the images of the figures and of the calls are not of one moment. A caller whose
    /// call was lost has left the switch. True when there was something to mend.
    pub(super) fn mend(&mut self, waiting: usize) -> bool {
        let accounted = self.answered + self.abandoned + self.overflowed + self.called_back + waiting as u64;
        let before = *self;
        self.abandoned += self.offered.saturating_sub(accounted);
        self.offered = self.offered.max(accounted);
        *self != before
    }

    pub(super) fn note_answered(&mut self, wait: Duration) {
        self.answered += 1;
        self.answered_in_time += u64::from(wait <= SERVICE_LEVEL_WITHIN);
        self.answered_wait += wait;
        self.longest_wait = self.longest_wait.max(wait);
    }

    pub(super) fn note_abandoned(&mut self, wait: Duration) {
        self.abandoned += 1;
        self.short_abandoned += u64::from(wait < SHORT_ABANDON_WITHIN);
        self.longest_wait = self.longest_wait.max(wait);
    }

    pub(super) fn note_overflowed(&mut self, wait: Duration) {
        self.overflowed += 1;
        self.longest_wait = self.longest_wait.max(wait);
    }

    pub(super) fn note_called_back(&mut self, wait: Duration) {
        self.called_back += 1;
        self.longest_wait = self.longest_wait.max(wait);
    }

    pub(super) fn note_handled(&mut self, talked: Duration) {
        self.handled += 1;
        self.talked += talked;
    }
}

fn mean(sum: Duration, count: u64) -> Option<Duration> {
    let nanos = sum.as_nanos().checked_div(u128::from(count))?;
    Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::millis;

    #[test]
    fn figures_follow_their_formulas() {
        let mut figures = Figures::of_a_new_day(6);
        assert_eq!((figures.service_level().percent(), figures.average_speed_of_answer()), (None, None));
        figures.note_answered(secs(4));
        figures.note_answered(secs(20));
        figures.note_answered(millis(20_001));
        figures.note_abandoned(millis(4_999));
        figures.note_abandoned(secs(5));
        figures.note_overflowed(secs(60));
        figures.note_handled(secs(10));
        figures.note_handled(secs(20));
        assert_eq!(figures.service_level(), Share { part: 2, of: 4 });
        assert_eq!(figures.service_level().percent(), Some(50.0));
        assert_eq!(figures.abandon_rate(), Share { part: 2, of: 6 });
        assert_eq!(figures.average_speed_of_answer(), Some(Duration::from_nanos(14_667_000_000)));
        assert_eq!(figures.average_talk(), Some(secs(15)));
        assert_eq!(figures.longest_wait, secs(60));
    }
}
