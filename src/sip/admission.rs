//! Admission: how many new calls a second are let in, so that the running ones are served in time (RFC 6357: a server that controls
//! itself, by rate).
//!
//! What a switch can bear is known only by trying. A rate that was never tried is reached by doubling, so that a flood meets a door that
//! opens within tenths of a second and not a crowd that is inside already when lateness tells of it; from lateness on the rate is cut at
//! once and grows by little. Nobody is refused below [`UNASKED`] while the switch is in time. What must not live here: how a call is
//! refused, and who measures lateness.

use crate::base::time::millis;
use crate::base::{Duration, Instant};

/// How late the switch was since it was last told, at worst.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Strain {
    /// How long a message or a deadline waited for its turn.
    pub signalling: Duration,
    /// How late the media plane's tick began.
    pub media: Duration,
}

/// Running calls bear this: a rule's timer is promised within 100 ms, and a tick later than its own length is a gap in the sound.
pub const BEARABLE: Strain = Strain { signalling: millis(40), media: millis(20) };

/// Calls a second that are let in unquestioned by a switch in time.
const UNASKED: u32 = 500;
/// Calls a second that come in even while it is late: a machine that never is in time serves somebody.
const TRIED: u32 = 10;
/// Calls that may come in one moment, as a part of a second's.
const MOMENT: u32 = 4;
/// How long a rate is tried before it is raised.
const TRIAL: Duration = millis(100);
/// A rate that was too much once is approached by steps of one part in so many.
const STEP: u32 = 16;
/// Tokens are counted in millionths of a call.
const CALL: u64 = 1_000_000;

/// What changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Calls are refused because the switch is late.
    Overloaded,
    /// All come in again.
    Relieved,
}

/// The door.
#[derive(Clone, Debug)]
pub struct Admission {
    /// New calls a second.
    rate: u32,
    /// It was too much since the door stood open for all: the rate grows by steps.
    is_careful: bool,
    /// It was late when it last told: once, and little, may be anything.
    is_late: bool,
    /// The switch is late: what is inside is served first.
    is_shut: bool,
    /// What may come in at once, in millionths of a call, as of `filled_at`.
    tokens: u64,
    filled_at: Instant,
    /// Of the running trial.
    tried_at: Instant,
    let_in: u32,
    refused: u32,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            rate: UNASKED,
            is_careful: false,
            is_late: false,
            is_shut: false,
            tokens: u64::from(UNASKED / MOMENT) * CALL,
            filled_at: Instant::START,
            tried_at: Instant::START,
            let_in: 0,
            refused: 0,
        }
    }
}

impl Admission {
    /// Whether a new call comes in.
    pub fn admits(&mut self, now: Instant) -> bool {
        let rate = if self.is_shut { TRIED } else { self.rate };
        let since = u64::try_from(now.saturating_since(self.filled_at).as_micros()).unwrap_or(u64::MAX);
        let most = u64::from((rate / MOMENT).max(1)) * CALL;
        self.tokens = self.tokens.saturating_add(since.saturating_mul(u64::from(rate))).min(most);
        self.filled_at = now;
        let admits = self.tokens >= CALL;
        if admits {
            self.tokens -= CALL;
            self.let_in += 1;
        } else {
            self.refused += 1;
        }
        admits
    }

    /// Learns how late the switch was since it last learned: at once when it is late beyond what can be borne, else now and then.
    pub fn learn(&mut self, strain: Strain, now: Instant) -> Option<Turn> {
        if strain.signalling >= BEARABLE.signalling || strain.media >= BEARABLE.media {
            let is_far = strain.signalling >= BEARABLE.signalling * 2 || strain.media >= BEARABLE.media * 2;
            let was_late = std::mem::replace(&mut self.is_late, true);
            return (is_far || was_late).then(|| self.shut(now)).flatten();
        }
        self.is_late = false;
        let at_ease = strain.signalling < BEARABLE.signalling / 2 && strain.media < BEARABLE.media / 2;
        if !at_ease {
            return None;
        }
        if self.is_shut {
            self.is_shut = false;
            self.begin_trial(now);
        }
        (now.saturating_since(self.tried_at) >= TRIAL).then(|| self.grow(now)).flatten()
    }

    /// What is inside already is served first, and less than came in until now comes in after.
    fn shut(&mut self, now: Instant) -> Option<Turn> {
        let nobody_came = self.let_in == 0 && self.refused == 0;
        if self.is_shut || (nobody_came && !self.is_careful) {
            // One lateness is one cut; and where nobody is at the door it is not calls that make it late.
            return None;
        }
        let was_careful = std::mem::replace(&mut self.is_careful, true);
        self.rate = if was_careful { self.rate / 4 * 3 } else { self.rate.min(self.used(now)) / 2 }.max(TRIED);
        self.is_shut = true;
        self.tokens = 0;
        self.begin_trial(now);
        (!was_careful).then_some(Turn::Overloaded)
    }

    /// Calls a second that came in during the trial.
    fn used(&self, now: Instant) -> u32 {
        let trial = u64::try_from(now.saturating_since(self.tried_at).as_micros()).unwrap_or(u64::MAX).max(1_000);
        u32::try_from(u64::from(self.let_in) * 1_000_000 / trial).unwrap_or(u32::MAX)
    }

    fn begin_trial(&mut self, now: Instant) {
        (self.tried_at, self.let_in, self.refused) = (now, 0, 0);
    }

    /// More, if somebody asked for it; else back to what nobody is asked about.
    fn grow(&mut self, now: Instant) -> Option<Turn> {
        let step = (self.rate / STEP).max(1);
        let asked_for_more = self.refused > 0;
        let twice_used = self.used(now).saturating_mul(2);
        self.begin_trial(now);
        self.rate = match (asked_for_more, self.is_careful) {
            (true, false) => self.rate.saturating_mul(2),
            (true, true) => self.rate.saturating_add(step),
            (false, _) if self.rate < UNASKED => (self.rate + step).min(UNASKED),
            // What is not used is not known any more.
            (false, _) => (self.rate - step).max(twice_used).clamp(UNASKED, self.rate),
        };
        let is_relieved = !asked_for_more && self.is_careful && self.rate >= UNASKED;
        self.is_careful &= !is_relieved;
        is_relieved.then_some(Turn::Relieved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    const IN_TIME: Strain = Strain { signalling: millis(1), media: millis(1) };
    const LATE: Strain = Strain { signalling: millis(45), media: Duration::ZERO };

    const FAR: Strain = Strain { signalling: Duration::ZERO, media: millis(40) };
    const AT_THE_EDGE: Strain = Strain { signalling: millis(21), media: Duration::ZERO };

    fn at(ms: u64) -> Instant {
        Instant::START + millis(1_000_000 + ms)
    }

    /// `rate` calls a second come from `from` to `to` (milliseconds), and the switch tells each tenth of a second that it is in time;
    /// how many came in.
    fn flood(admission: &mut Admission, rate: u64, from: u64, to: u64) -> u32 {
        let (mut let_in, mut asked) = (0, 0);
        for ms in from..to {
            while asked < (ms - from) * rate / 1_000 {
                asked += 1;
                let_in += u32::from(admission.admits(at(ms)));
            }
            if ms % 100 == 99 {
                assert_eq!(admission.learn(IN_TIME, at(ms)), None);
            }
        }
        let_in
    }

    #[test]
    fn a_switch_in_time_refuses_nobody_who_comes_at_a_usual_rate() {
        let mut admission = Admission::default();
        for second in 0..60 {
            assert_eq!(flood(&mut admission, 490, second * 1_000, (second + 1) * 1_000), 489);
        }
        let at_once = (0..125).filter(|_| admission.admits(at(61_000))).count();
        assert_eq!(at_once, 125, "and a burst of a quarter of a second's calls");
        assert!(!admission.admits(at(61_000)));
    }

    #[test]
    fn a_flood_meets_a_door_that_opens_by_and_by() {
        let mut admission = Admission::default();
        let first = flood(&mut admission, 4_000, 0, 200);
        assert!((150..350).contains(&first), "of 800: {first}");
        let second = flood(&mut admission, 4_000, 1_000, 2_000);
        assert!(second > 2_800, "of 4,000, and the switch is in time: {second}");
        let third = flood(&mut admission, 4_000, 2_000, 3_000);
        assert!(third >= 3_990, "of 4,000: {third}");
        // What was borne once is no promise for the afternoon.
        for tenth in 31..200 {
            admission.learn(IN_TIME, at(tenth * 100));
        }
        assert_eq!(admission.rate, UNASKED);
    }

    #[test]
    fn lateness_shuts_the_door_until_who_is_inside_is_served_and_less_come_in_after() {
        let mut admission = Admission::default();
        flood(&mut admission, 2_000, 0, 1_000);
        assert!(admission.rate > 1_900, "{}", admission.rate);
        flood(&mut admission, 2_000, 1_000, 1_050);
        assert_eq!(admission.learn(LATE, at(1_040)), None, "once and little is no overload");
        assert_eq!(admission.learn(LATE, at(1_050)), Some(Turn::Overloaded));
        let cut = admission.rate;
        assert!((900..1_050).contains(&cut), "half of what came in: {cut}");
        // However long it takes: once late is cut once.
        for late in 106..150 {
            assert_eq!(admission.learn(LATE, at(late * 10)), None);
        }
        assert_eq!(flood(&mut admission.clone(), 4_000, 1_050, 1_090), 0);
        let meanwhile = (1_050..1_500).filter(|ms| admission.admits(at(*ms))).count();
        assert_eq!(meanwhile, 4, "a few are tried even so");
        assert_eq!(admission.learn(AT_THE_EDGE, at(1_500)), None);
        assert!(admission.is_shut, "in time, but not at ease");
        assert_eq!(admission.learn(IN_TIME, at(1_510)), None);
        let then = flood(&mut admission, 4_000, 1_510, 1_599);
        assert!((80..100).contains(&then), "{then}");
        assert_eq!(admission.learn(Strain { media: secs(9), ..IN_TIME }, at(1_610)), None, "as told");
        assert!((cut / 4 * 3 - 3..=cut / 4 * 3).contains(&admission.rate), "too much again: three quarters, {}", admission.rate);
        for late in 0..100 {
            admission.learn(FAR, at(2_000 + late * 40));
            admission.learn(IN_TIME, at(2_020 + late * 40));
        }
        assert_eq!(admission.rate, TRIED);
    }

    #[test]
    fn what_was_too_much_is_approached_by_little_and_relief_is_told() {
        let mut admission = Admission::default();
        flood(&mut admission, 2_000, 0, 1_000);
        flood(&mut admission, 2_000, 1_000, 1_050);
        admission.learn(FAR, at(1_050));
        admission.learn(IN_TIME, at(1_100));
        let cut = admission.rate;
        flood(&mut admission, 4_000, 1_100, 2_100);
        assert!((cut * 3 / 2..cut * 2).contains(&admission.rate), "three quarters more in a second: {cut} → {}", admission.rate);
        let relieved = (22..100).find(|tenth| admission.learn(IN_TIME, at(tenth * 100)) == Some(Turn::Relieved));
        assert_eq!(relieved, Some(22), "the flood is over");
        assert!(!admission.is_careful);
    }

    #[test]
    fn a_late_switch_at_whose_door_is_nobody_blames_no_caller() {
        let mut admission = Admission::default();
        assert_eq!(admission.learn(Strain { signalling: secs(3), media: secs(3) }, at(0)), None);
        assert!((0..125).all(|_| admission.admits(at(0))));
    }
}
