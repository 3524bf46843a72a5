//! How Opus is coded for a way that loses packets: what share is lost decides how much of each packet is kept in the next, and how many
//! bits are spent. The rate follows the loss-based controller of Google Congestion Control (draft-ietf-rmcat-gcc-02 §6): what is lost may be
//! what does not fit.

/// Below this share the rate grows again, above that one it shrinks.
const LITTLE: f32 = 0.02;
const MUCH: f32 = 0.10;
const GROWS_BY: f32 = 1.05;
/// With fewer bits a second there is no room for the copies that make up for loss.
const BITRATE_MIN: f32 = 16_000.0;
/// What copies cost beside the sound itself: with less libopus leaves them out at 16 kHz and 3 to 5 % (`scripts/measure-loss`).
const COPIES: f32 = 1.25;
/// How slowly a loss is forgotten, a report: half of it within 15 s.
const KEPT: f32 = 0.8;

/// Fed with each report of the far end.
#[derive(Clone, Copy, Debug)]
pub struct LossControl {
    most: f32,
    /// What the far end takes at all.
    cap: f32,
    bitrate: f32,
    expected: f32,
}

impl LossControl {
    /// `most`: bits a second that are spent as long as nothing is lost; `cap`: what the far end takes.
    #[must_use]
    pub fn new(most: i32, cap: Option<u32>) -> Self {
        let (most, cap) = (most as f32, cap.map_or(f32::MAX, |cap| cap as f32));
        Self { most, cap, bitrate: most, expected: 0.0 }
    }

    /// Takes the share of packets that were lost since the last report, 0.0 to 1.0. True when the coding changes by it.
    pub fn note(&mut self, share: f32) -> bool {
        let before = (self.percent(), self.bitrate());
        self.expected = share.max(self.expected * KEPT);
        if share > MUCH {
            self.bitrate *= 1.0 - 0.5 * share;
        } else if share < LITTLE {
            self.bitrate *= GROWS_BY;
        }
        self.bitrate = self.bitrate.clamp(BITRATE_MIN.min(self.most), self.most);
        before != (self.percent(), self.bitrate())
    }

    /// What is to be expected to be lost, in percent.
    #[must_use]
    pub fn percent(&self) -> u8 {
        (self.expected * 100.0).round() as u8
    }

    /// Bits a second, copies included where there is anything to copy for.
    #[must_use]
    pub fn bitrate(&self) -> i32 {
        let copies = if self.percent() > 0 { COPIES } else { 1.0 };
        (self.bitrate * copies).min(self.cap).round() as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_expected_at_once_and_forgotten_slowly() {
        let mut control = LossControl::new(24_000, None);
        assert!(!control.note(0.0), "nothing is lost, nothing changes");
        assert!(control.note(0.05));
        assert_eq!((control.percent(), control.bitrate()), (5, 30_000), "the sound keeps its bits, and copies have theirs");
        for _ in 0..3 {
            control.note(0.0);
        }
        assert_eq!(control.percent(), 3);
        for _ in 0..20 {
            control.note(0.0);
        }
        assert_eq!(control.percent(), 0);
    }

    #[test]
    fn much_loss_halves_the_rate_and_none_brings_it_back() {
        let mut control = LossControl::new(48_000, None);
        control.note(0.5);
        assert_eq!(control.bitrate(), 45_000, "36,000 and copies");
        for _ in 0..20 {
            control.note(1.0);
        }
        assert_eq!((control.percent(), control.bitrate()), (100, 20_000), "16,000 and copies");
        control.note(0.05);
        assert_eq!(control.bitrate(), 20_000, "between the two it stays");
        let reports = (1..200).find(|_| {
            control.note(0.0);
            control.bitrate() == 48_000
        });
        assert!(matches!(reports, Some(20..=30)), "{reports:?}");
        assert_eq!(LossControl::new(8_000, Some(8_000)).bitrate(), 8_000, "who wishes fewer bits gets fewer");
        let mut capped = LossControl::new(24_000, Some(26_000));
        capped.note(0.05);
        assert_eq!(capped.bitrate(), 26_000, "copies too are within what the far end takes");
    }
}
