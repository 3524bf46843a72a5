//! Admission under overload: how many of the new calls are refused, so that the running ones are served in time.
//!
//! The world tells ten times a second how late it was. Late beyond what running calls bear, the share of refused calls grows quickly; in
//! good time it shrinks slowly (additive increase and decrease, as RFC 6357 §5 describes for a server that controls itself). A refusal
//! costs a fraction of a call, so that the switch sheds load instead of collapsing. What must not live here: how a call is refused.

use crate::base::Duration;
use crate::base::time::millis;

/// How late the switch was since it was last told, at worst.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Strain {
    /// How long a message or a deadline waited for its turn.
    pub signalling: Duration,
    /// How late the media plane's tick began.
    pub media: Duration,
}

/// Running calls bear this: a rule's timer is promised within 100 ms, and a tick later than its own length is a gap in the sound.
const BEARABLE: Strain = Strain { signalling: millis(40), media: millis(20) };
/// All calls are refused at this.
const ALL: u16 = 1_000;
/// Added to the share when late, for each full measure of the bearable.
const STEP_UP: u16 = 100;
/// Taken from the share when less than half of the bearable was needed.
const STEP_DOWN: u16 = 20;

/// The share of new calls refused, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Admission {
    refused: u16,
}

impl Admission {
    /// Learns how late the switch was in the last tenth of a second; true when the share changed.
    pub fn strained(&mut self, strain: Strain) -> bool {
        let before = self.refused;
        let times = |late: Duration, bearable: Duration| u16::try_from(late.as_nanos() / bearable.as_nanos()).unwrap_or(u16::MAX);
        let worst = times(strain.signalling, BEARABLE.signalling).max(times(strain.media, BEARABLE.media));
        let at_ease = strain.signalling < BEARABLE.signalling / 2 && strain.media < BEARABLE.media / 2;
        if worst > 0 {
            self.refused = self.refused.saturating_add(STEP_UP.saturating_mul(worst.min(3))).min(ALL);
        } else if at_ease {
            self.refused = self.refused.saturating_sub(STEP_DOWN);
        }
        self.refused != before
    }

    /// Thousandths of the new calls that are to be refused.
    #[must_use]
    pub fn refused_permille(self) -> u16 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signalling(late: u64) -> Strain {
        Strain { signalling: millis(late), ..Strain::default() }
    }

    fn media(late: u64) -> Strain {
        Strain { media: millis(late), ..Strain::default() }
    }

    #[test]
    fn a_switch_in_time_refuses_nobody() {
        let mut admission = Admission::default();
        for strain in [Strain::default(), signalling(39), media(19)] {
            assert!(!admission.strained(strain), "{strain:?}");
            assert_eq!(admission.refused_permille(), 0, "{strain:?}");
        }
    }

    #[test]
    fn lateness_of_either_kind_is_shed_within_a_second_and_no_share_is_beyond_all() {
        for late in [signalling(40), media(20)] {
            let mut admission = Admission::default();
            for tenth in 1..=20 {
                admission.strained(late);
                assert_eq!(admission.refused_permille(), (tenth * 100).min(1_000), "{late:?}");
            }
        }
        let mut admission = Admission::default();
        admission.strained(media(5_000));
        assert_eq!(admission.refused_permille(), 300, "one bad moment does not close the house");
    }

    #[test]
    fn calls_are_let_in_again_slowly_and_only_at_ease() {
        let mut admission = Admission::default();
        admission.strained(signalling(120));
        assert!(!admission.strained(signalling(20)), "in time, but not at ease: the share stands");
        let mut tenths = 0;
        while admission.strained(signalling(19)) {
            tenths += 1;
        }
        assert_eq!((tenths, admission.refused_permille()), (15, 0));
    }
}
