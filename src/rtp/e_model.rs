//! The E-model (ITU-T G.107, 06/2015), simplified as packet counters allow: all that is no matter of packets stands at its default, so that
//! R₀ − Iₛ = 93.2. What comes of it is an estimate of how a listener would judge the way of a stream, not of what he said or how loud.
//!
//! Codecs enter by two figures, Ie and Bpl. Published for narrow-band G.711 are Ie 0 with Bpl 4.3 without and 25.1 with concealment of lost
//! packets (G.113 Appendix I). For others they are estimates: the ITU has none for Opus. Without loss, fullband practice (G.107.2 with
//! Ie 10.2, as of rtpengine) comes to R = 93.1 on this scale. G.722 at 64 kbit/s has Ie,wb 13 of 129 (G.113 Appendix IV), 3.3 on this scale.
//! How both bear loss is fitted to what `scripts/measure-loss` heard (PESQ, 0 to 10 % of random loss): scores back to ratings by the inverse
//! of [`mos`], and the Bpl with the least squares of what the rating loses. G.711 with concealment comes to 18.5 by the same way, where 25.1
//! is published and kept: PESQ judges loss harder, so that the fitted ones err on the careful side. Copies of packets within Opus are not
//! counted on, for a stream that is passed on does not tell of them; with them it bears four times as much (Bpl 91). Most wide-band ears would
//! judge both kinder: this scale ends at what a narrow-band listener can wish for.
//!
//! Who hears a stream that the switch passes on, or sends, has a jitter buffer that nobody tells of (only RFC 3611 §4.7.7 would). It is taken
//! to be one as phones have: adaptive, deep enough that one packet of a hundred comes too late, within the bounds of our own
//! ([`phone_buffer_ms`]). Delays above the least are taken as exponential: then the mean difference of two of them, which is what RFC 3550
//! calls jitter, is their mean J, and of a buffer of B ms e^(−B/J) of the packets come too late ([`late_at_phone`]).

use super::jitter_buffer::{DELAY_MAX, DELAY_START};
use crate::base::{Codec, Mos};

/// R₀ − Iₛ with every parameter at its default (G.107 Table 2).
const R_DEFAULT: f64 = 93.2;
/// G.107 §7.5: burst ratios beyond this are not validated.
const BURST_RATIO_MAX: f64 = 2.0;
/// −ln 0.01: so many times the mean does one of a hundred exponential delays exceed.
const ONE_OF_A_HUNDRED: f64 = 4.605;

/// How a codec bears the way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Impairment {
    /// Equipment impairment factor at no loss.
    pub ie: f64,
    /// Packet-loss robustness factor.
    pub bpl: f64,
}

impl Impairment {
    /// Gaps are heard as such.
    pub const G711: Self = Self { ie: 0.0, bpl: 4.3 };
    /// As phones do it (G.711 Appendix I).
    pub const G711_CONCEALED: Self = Self { ie: 0.0, bpl: 25.1 };
    pub const G722: Self = Self { ie: 3.3, bpl: 13.9 };
    pub const OPUS: Self = Self { ie: 0.1, bpl: 22.6 };

    /// Of a phone of today, which conceals what is lost.
    #[must_use]
    pub const fn of(codec: Codec) -> Self {
        match codec {
            Codec::Pcma | Codec::Pcmu => Self::G711_CONCEALED,
            Codec::G722 => Self::G722,
            Codec::Opus => Self::OPUS,
        }
    }
}

/// What of a stream was not heard.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Loss {
    /// Packets lost or thrown away, of so many that there should have been.
    pub missing: u64,
    pub expected: u64,
    /// How many runs of missing packets there were; `None` where that is not known: then loss is taken to be random.
    pub runs: Option<u64>,
}

impl Loss {
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.expected == 0 { 0.0 } else { self.missing.min(self.expected) as f64 * 100.0 / self.expected as f64 }
    }

    /// G.107 §7.5: the mean length of a run, against that of random loss as frequent.
    #[must_use]
    pub fn burst_ratio(&self) -> f64 {
        let Some(runs) = self.runs.filter(|runs| *runs > 0 && self.missing > 0) else { return 1.0 };
        let length = self.missing as f64 / runs as f64;
        (length * (1.0 - self.percent() / 100.0)).clamp(1.0, BURST_RATIO_MAX)
    }
}

/// The transmission rating R. `delay_ms`, one way from mouth to ear, where it is known.
#[must_use]
pub fn rating(codec: Impairment, loss: Loss, delay_ms: Option<f64>) -> f64 {
    let percent = loss.percent();
    // G.107 §7.5, equation 7-29.
    let effective = codec.ie + (95.0 - codec.ie) * percent / (percent / loss.burst_ratio() + codec.bpl);
    R_DEFAULT - delay_ms.map_or(0.0, delay_impairment) - effective
}

/// How long the jitter buffer of a phone is taken to hold a packet back, for so much jitter.
#[must_use]
pub fn phone_buffer_ms(jitter_ms: f64) -> f64 {
    let ms = |bound: crate::base::Duration| bound.as_secs_f64() * 1_000.0;
    (ONE_OF_A_HUNDRED * jitter_ms).clamp(ms(DELAY_START), ms(DELAY_MAX))
}

/// How many of `received` packets come too late for such a buffer.
#[must_use]
pub fn late_at_phone(received: u64, jitter_ms: f64) -> u64 {
    if jitter_ms <= 0.0 { 0 } else { (received as f64 * (-phone_buffer_ms(jitter_ms) / jitter_ms).exp()).round() as u64 }
}

/// Cole and Rosenbluth's reading of G.107's Id: little up to 177.3 ms, much beyond.
fn delay_impairment(delay_ms: f64) -> f64 {
    0.024 * delay_ms + if delay_ms > 177.3 { 0.11 * (delay_ms - 177.3) } else { 0.0 }
}

/// G.107 Annex B, equation B-4.
#[must_use]
pub fn mos(rating: f64) -> Mos {
    let r = rating.clamp(0.0, 100.0);
    // Between 0 and 6.5 the cubic is below 1.
    Mos::new((1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(percent: u64) -> Loss {
        Loss { missing: percent, expected: 100, runs: None }
    }

    #[test]
    fn ratings_become_the_published_opinions() {
        // G.107 Table B.1 and G.109: the limits of the classes of users' satisfaction.
        for (r, score) in [(93.2, 4.41), (90.0, 4.34), (80.0, 4.02), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58), (100.0, 4.50), (0.0, 1.0)] {
            assert!((mos(r).score() - score).abs() < 0.011, "{r}: {} against {score}", mos(r));
        }
        assert_eq!([mos(-20.0), mos(3.0), mos(120.0)], [Mos::WORST, Mos::WORST, Mos::BEST]);
    }

    #[test]
    fn a_perfect_way_has_the_default_rating() {
        assert!((rating(Impairment::G711, lost(0), None) - 93.2).abs() < 1e-9);
        assert_eq!(mos(rating(Impairment::of(Codec::Pcma), Loss::default(), None)), Mos::new(4.41));
    }

    #[test]
    fn loss_costs_what_the_formula_says_and_concealment_spares() {
        // By hand: 95 × 5 / (5 + 4.3) = 51.08; 95 × 5 / (5 + 25.1) = 15.78; 95 × 1 / 5.3 = 17.92.
        for (codec, percent, r) in [
            (Impairment::G711, 1, 75.28),
            (Impairment::G711, 5, 42.12),
            (Impairment::G711_CONCEALED, 1, 89.56),
            (Impairment::G711_CONCEALED, 5, 77.42),
            (Impairment::G711_CONCEALED, 20, 51.07),
            (Impairment::OPUS, 5, 75.91),
            (Impairment::G722, 5, 65.64),
        ] {
            assert!((rating(codec, lost(percent), None) - r).abs() < 0.01, "{codec:?} {percent}: {}", rating(codec, lost(percent), None));
        }
        for codec in [Impairment::G711, Impairment::G711_CONCEALED, Impairment::G722, Impairment::OPUS] {
            let curve: Vec<f64> = (0..100).map(|percent| rating(codec, lost(percent), None)).collect();
            assert!(curve.windows(2).all(|two| two[1] < two[0]), "{codec:?}");
        }
    }

    /// The rating of a score: `mos` rises from 6.5 on.
    fn rating_of(score: f64) -> f64 {
        let (mut low, mut high) = (6.5, 100.0);
        for _ in 0..60 {
            let r: f64 = (low + high) / 2.0;
            let its = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
            if its < score { low = r } else { high = r }
        }
        low
    }

    /// The Bpl, in steps of a tenth, that has the least squares of what the rating loses by random loss; and the root of their mean.
    fn fitted(ie: f64, scores: [f64; 5]) -> (f64, f64) {
        let [clean, lossy @ ..] = scores.map(rating_of);
        let losses = || [1.0, 3.0, 5.0, 10.0].into_iter().zip(lossy.map(|r| clean - r));
        let squares = |bpl: f64| losses().map(|(percent, lost)| (lost - (95.0 - ie) * percent / (percent + bpl)).powi(2)).sum::<f64>();
        let bpl = (10..2_000).map(|tenths| f64::from(tenths) / 10.0).min_by(|a, b| squares(*a).total_cmp(&squares(*b))).expect("many");
        (bpl, (squares(bpl) / 4.0).sqrt())
    }

    #[test]
    fn codecs_bear_loss_as_it_was_measured() {
        // README, "measure-loss": PESQ at 0, 1, 3, 5 and 10 % of random loss.
        for (codec, scores, bpl) in [
            (Impairment::OPUS, [3.99, 3.84, 3.42, 3.20, 2.61], Impairment::OPUS.bpl),
            (Impairment::G722, [4.10, 3.86, 3.31, 2.94, 2.34], Impairment::G722.bpl),
            (Impairment::G711_CONCEALED, [4.05, 3.85, 3.40, 3.11, 2.49], 18.5),
            // With copies of packets.
            (Impairment::OPUS, [3.99, 3.92, 3.84, 3.80, 3.59], 91.0),
        ] {
            let (fitted, error) = fitted(codec.ie, scores);
            assert!((fitted - bpl).abs() < 0.11, "{codec:?}: {fitted} against {bpl}");
            assert!(error < 1.5, "{codec:?}: {error} off in R");
        }
    }

    #[test]
    fn a_phones_buffer_follows_the_jitter_and_loses_what_it_cannot_hold() {
        // ms of jitter: ms of buffer, of ten thousand packets too late. By hand: e^(−50/10) = 0.67 %, e^(−4.605) = 1 %, e^(−200/60) = 3.6 %.
        for (jitter, buffer, late) in
            [(0.0, 50.0, 0), (1.0, 50.0, 0), (5.0, 50.0, 0), (10.0, 50.0, 67), (20.0, 92.1, 100), (60.0, 200.0, 357)]
        {
            assert!((phone_buffer_ms(jitter) - buffer).abs() < 0.01, "{jitter}");
            assert_eq!(late_at_phone(10_000, jitter), late, "{jitter}");
        }
        assert_eq!(late_at_phone(0, 20.0), 0);
    }

    #[test]
    fn bursts_are_worse_than_random_loss_as_far_as_that_is_validated() {
        let runs = |runs| Loss { missing: 10, expected: 200, runs: Some(runs) };
        assert!((runs(10).burst_ratio() - 1.0).abs() < 1e-9, "each alone");
        assert!((runs(7).burst_ratio() - 10.0 / 7.0 * 0.95).abs() < 1e-9);
        assert!((runs(1).burst_ratio() - 2.0).abs() < 1e-9, "bounded");
        let of = |runs_of| rating(Impairment::G711_CONCEALED, runs(runs_of), None);
        assert!(of(10) > of(7) && of(7) > of(5));
        assert!((Loss { missing: 3, expected: 0, runs: Some(0) }.burst_ratio() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn delay_hurts_once_people_notice_it() {
        let of = |delay| rating(Impairment::G711, lost(0), Some(delay));
        for (delay, r) in [(0.0, 93.2), (100.0, 90.8), (177.3, 88.94), (300.0, 72.5), (400.0, 59.1)] {
            assert!((of(delay) - r).abs() < 0.01, "{delay}: {}", of(delay));
        }
    }
}
