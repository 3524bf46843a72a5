//! Three rings: an agent's phone rings for a number of whole periods of the national cadence and not a moment longer. Knows nothing
//! of SIP; whoever owns it says when the phone was invited, first rang, answered.

use crate::base::{Cadence, Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// One offer's ringing. Time runs from the first 180 or 183, from the INVITE while none came. Rings begun are
/// floor(elapsed / period) + 1, and an answer is in time when elapsed is less than `max_rings` periods.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RingLimit {
    cadence: Cadence,
    max_rings: u32,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    /// Invited; no 18x yet, so time runs from the INVITE.
    Invited { from: Instant, limit_at: Instant },
    /// `next_ring_at` is where the next ring begins; the limit when the last one sounds.
    Ringing { from: Instant, next_ring_at: Instant, limit_at: Instant },
    /// Answered, given up or ended at `at`.
    Over { from: Instant, at: Instant, alerted: bool },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A 180 or 183 came. The first counts.
    Rang,
    /// The 200 came. One at or past the limit is late, and the order to withdraw stands.
    Answered,
    /// The offer ended without an answer: rejected, busy, unreachable, or the caller left.
    Ended,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// The phone begins its ring number `0` (2 and up): at the last one an agent's desk may warn.
    RingBegan(u32),
    /// The limit is reached without an answer in time.
    Withdraw,
}

impl RingLimit {
    /// An INVITE went out at `invited_at`. `max_rings` is at least 1.
    #[must_use]
    pub fn new(cadence: Cadence, max_rings: u32, invited_at: Instant) -> Self {
        let max_rings = max_rings.max(1);
        let limit_at = invited_at + cadence.period() * max_rings;
        Self { cadence, max_rings, state: State::Invited { from: invited_at, limit_at } }
    }

    /// How long a phone may ring: `max_rings` periods.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.cadence.period() * self.max_rings
    }

    /// The rule as it stood when the INVITE went out.
    #[must_use]
    pub fn max_rings(&self) -> u32 {
        self.max_rings
    }

    /// Rings begun by `now`, at least 1; stands still once the offer is over. An answer in time has `max_rings` or fewer.
    #[must_use]
    pub fn rings(&self, now: Instant) -> u32 {
        self.cadence.rings_begun(self.rang_for(now))
    }

    /// Whether an answer at `now` (or, once over, the end that came) is within the rings.
    #[must_use]
    pub fn in_time(&self, now: Instant) -> bool {
        self.rang_for(now) < self.limit()
    }

    /// True while no 18x was heard, so that rings are counted from the INVITE.
    #[must_use]
    pub fn no_alert(&self) -> bool {
        matches!(self.state, State::Invited { .. } | State::Over { alerted: false, .. })
    }

    /// Time that counts, up to `now` or to the end of the offer.
    #[must_use]
    pub fn rang_for(&self, now: Instant) -> Duration {
        match self.state {
            State::Invited { from, .. } | State::Ringing { from, .. } => now - from,
            State::Over { from, at, .. } => at - from,
        }
    }

    fn over(&self, now: Instant) -> State {
        match self.state {
            State::Invited { from, .. } => State::Over { from, at: now, alerted: false },
            State::Ringing { from, .. } => State::Over { from, at: now, alerted: true },
            State::Over { from, at, alerted } => State::Over { from, at, alerted },
        }
    }
}

impl Machine for RingLimit {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        self.state = match (&self.state, event) {
            // A 18x at the very limit is as late as an answer there.
            (State::Invited { limit_at, .. }, Event::Rang) if now < *limit_at => {
                State::Ringing { from: now, next_ring_at: now + self.cadence.period(), limit_at: now + self.limit() }
            }
            (State::Invited { limit_at, .. } | State::Ringing { limit_at, .. }, Event::Answered) => {
                if now >= *limit_at {
                    out.push(Action::Withdraw);
                }
                self.over(now)
            }
            (State::Invited { .. } | State::Ringing { .. }, Event::Ended) => self.over(now),
            (State::Invited { .. } | State::Ringing { .. }, Event::Rang) | (State::Over { .. }, _) => return,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        match &mut self.state {
            State::Invited { limit_at, .. } | State::Ringing { limit_at, .. } if *limit_at <= now => {
                out.push(Action::Withdraw);
                self.state = self.over(now);
            }
            State::Ringing { from, next_ring_at, .. } if *next_ring_at <= now => {
                let begun = self.cadence.rings_begun(now - *from);
                *next_ring_at = *from + self.cadence.period() * begun;
                out.push(Action::RingBegan(begun));
            }
            State::Invited { .. } | State::Ringing { .. } | State::Over { .. } => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Invited { limit_at, .. } => Some(limit_at),
            State::Ringing { next_ring_at, limit_at, .. } => Some(next_ring_at.min(limit_at)),
            State::Over { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    fn offer(zone: &str) -> Drive<RingLimit> {
        Drive::new(RingLimit::new(Cadence::of_zone(zone).expect("a known zone"), 3, Instant::START))
    }

    #[test]
    fn three_rings_from_the_first_180_and_not_a_moment_more() {
        let mut drive = offer("cn");
        drive.until(millis(1_200)).event(Event::Rang).until(secs(60));
        assert_eq!(
            drive.log,
            [(millis(6_200), Action::RingBegan(2)), (millis(11_200), Action::RingBegan(3)), (millis(16_200), Action::Withdraw)]
        );
    }

    #[test]
    fn the_limit_follows_the_cadence_of_the_country() {
        for (zone, limit) in [("cn", 15_000), ("us", 18_000), ("uk", 9_000), ("es", 13_500), ("jp", 9_000)] {
            let mut drive = offer(zone);
            drive.event(Event::Rang).until(millis(limit - 1));
            assert!(!drive.log.iter().any(|(_, action)| *action == Action::Withdraw), "{zone}: not before");
            drive.until(millis(limit));
            assert_eq!(drive.log.last(), Some(&(millis(limit), Action::Withdraw)), "{zone}: not after");
        }
    }

    #[test]
    fn an_offer_keeps_the_rings_that_it_was_given() {
        for rings in [1, 2, 7] {
            let limit = RingLimit::new(Cadence::of_zone("cn").expect("a known zone"), rings, Instant::START);
            assert_eq!((limit.max_rings(), limit.limit()), (rings, secs(5) * rings));
        }
    }

    #[test]
    fn later_provisionals_do_not_start_the_rings_again() {
        let mut drive = offer("cn");
        drive.event(Event::Rang).until(secs(9)).event(Event::Rang).until(secs(14)).event(Event::Rang).until(secs(60));
        assert_eq!(drive.log.last(), Some(&(secs(15), Action::Withdraw)));
    }

    #[test]
    fn a_phone_that_never_rings_is_counted_from_its_invite() {
        let mut drive = offer("cn");
        drive.until(millis(14_999));
        assert_eq!((drive.log.len(), drive.machine.rings(drive.now), drive.machine.no_alert()), (0, 3, true));
        drive.until(secs(60));
        assert_eq!(drive.log, [(secs(15), Action::Withdraw)]);
        assert!(drive.machine.no_alert() && !drive.machine.in_time(drive.now));
    }

    #[test]
    fn an_answer_on_the_third_ring_is_in_time_and_leaves_no_timer() {
        let mut drive = offer("cn");
        drive.event(Event::Rang).until(millis(14_999)).event(Event::Answered);
        assert_eq!(drive.machine.deadline(), None);
        drive.until(secs(60));
        assert_eq!(drive.log, [(secs(5), Action::RingBegan(2)), (secs(10), Action::RingBegan(3))]);
        assert_eq!((drive.machine.rings(drive.now), drive.machine.in_time(drive.now)), (3, true));
    }

    #[test]
    fn an_answer_at_the_very_limit_is_late_whichever_is_seen_first() {
        let mut answer_first = RingLimit::new(Cadence::of_zone("cn").expect("a known zone"), 3, Instant::START);
        let limit = Instant::START + secs(15);
        let mut out = Vec::new();
        answer_first.handle(Event::Rang, Instant::START, &mut out);
        answer_first.handle(Event::Answered, limit, &mut out);
        answer_first.handle_timeout(limit, &mut out);
        assert_eq!(out, [Action::Withdraw]);
        assert_eq!((answer_first.rings(limit), answer_first.in_time(limit)), (4, false));

        let mut timer_first = offer("cn");
        timer_first.event(Event::Rang).until(secs(15)).event(Event::Answered).until(secs(60));
        assert_eq!(timer_first.log.iter().filter(|(_, action)| *action == Action::Withdraw).count(), 1);
        assert!(!timer_first.machine.in_time(timer_first.now));
    }

    #[test]
    fn a_180_at_the_very_limit_comes_too_late_to_start_the_rings() {
        let mut offer = RingLimit::new(Cadence::of_zone("cn").expect("a known zone"), 3, Instant::START);
        let limit = Instant::START + secs(15);
        let mut out = Vec::new();
        offer.handle(Event::Rang, limit, &mut out);
        offer.handle_timeout(limit, &mut out);
        assert_eq!((out, offer.deadline()), (vec![Action::Withdraw], None));
    }

    #[test]
    fn a_caller_who_leaves_in_ring_two_ends_the_rule() {
        for rang in [false, true] {
            let mut drive = offer("cn");
            if rang {
                drive.event(Event::Rang);
            }
            drive.until(millis(7_000)).event(Event::Ended);
            drive.log.clear();
            // Nothing that comes after the end matters.
            drive.event(Event::Rang).event(Event::Answered).event(Event::Ended).until(secs(60));
            assert_eq!(drive.log, []);
            assert_eq!((drive.machine.rings(drive.now), drive.machine.no_alert()), (2, !rang));
        }
    }

    #[test]
    fn a_late_wake_up_tells_the_ring_that_sounds_now() {
        let mut ringing = RingLimit::new(Cadence::of_zone("cn").expect("a known zone"), 3, Instant::START);
        let mut out = Vec::new();
        ringing.handle(Event::Rang, Instant::START, &mut out);
        ringing.handle_timeout(Instant::START + secs(11), &mut out);
        assert_eq!(out, [Action::RingBegan(3)]);
        assert_eq!(ringing.deadline(), Some(Instant::START + secs(15)));
    }
}
