//! How well sound travels: the words for it, shared by whoever counts packets, whoever keeps the figures, and whoever shows them.

use super::{Codec, Duration};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A mean opinion score as the E-model estimates it, in hundredths: 100 is bad, 450 the best there is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Mos(u16);

impl Mos {
    pub const WORST: Self = Self(100);
    pub const BEST: Self = Self(450);

    /// Rounded to hundredths, and brought into its range.
    #[must_use]
    pub fn new(score: f64) -> Self {
        Self::of_hundredths((score * 100.0).round().clamp(0.0, 1_000.0) as u16)
    }

    /// Brought into its range.
    #[must_use]
    pub fn of_hundredths(hundredths: u16) -> Self {
        Self(hundredths).clamp(Self::WORST, Self::BEST)
    }

    #[must_use]
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    #[must_use]
    pub fn score(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl fmt::Display for Mos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// One direction of a leg for a part of its life. What is not known is `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Flow {
    /// Which came, each once; or which we sent.
    pub packets: u32,
    /// On the way of this leg. Of what we send only the phone knows it, by RTCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u32>,
    /// Came, and could not be heard any more: too late for the jitter buffer. Known where we have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discarded: Option<u32>,
    /// Interarrival jitter (RFC 3550 §A.8) in microseconds: the mean of it, and the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_mean_us: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_max_us: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos: Option<Mos>,
}

/// Both directions of a leg for a part of its life: a minute, or several where there are many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct QualityPart {
    /// Since the leg began.
    pub from: Duration,
    pub to: Duration,
    /// What came of the leg.
    pub received: Flow,
    /// What was sent to it, and what it said of that.
    pub sent: Flow,
    /// By RTCP, in microseconds: the mean, and the longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_mean_us: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_max_us: Option<u32>,
    /// What the phone itself makes of what it hears (RFC 3611 §4.7.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Mos>,
    /// Of the worse direction, in the worst minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<Mos>,
}

impl QualityPart {
    /// Nothing came and nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.received.packets == 0 && self.sent.packets == 0 && self.received.lost.unwrap_or(0) == 0
    }

    /// Of the worse direction.
    #[must_use]
    pub fn mos(&self) -> Option<Mos> {
        self.received.mos.into_iter().chain(self.sent.mos).min()
    }

    /// This part and the one behind it as one.
    #[must_use]
    pub fn and(&self, next: &Self) -> Self {
        Self {
            from: self.from,
            to: next.to,
            received: self.received.and(&next.received),
            sent: self.sent.and(&next.sent),
            round_trip_mean_us: mean(self.round_trip_mean_us, next.round_trip_mean_us, self.length(), next.length()),
            round_trip_max_us: self.round_trip_max_us.max(next.round_trip_max_us),
            told: next.told.or(self.told),
            worst: self.worst.into_iter().chain(next.worst).min(),
        }
    }

    fn length(&self) -> u64 {
        u64::try_from(self.to.saturating_sub(self.from).as_millis()).unwrap_or(u64::MAX)
    }
}

impl Flow {
    fn and(&self, next: &Self) -> Self {
        let sum = |a: Option<u32>, b: Option<u32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        let (one, other) = (u64::from(self.packets), u64::from(next.packets));
        let mos = mean(self.mos.map(|mos| mos.0.into()), next.mos.map(|mos| mos.0.into()), one, other);
        Self {
            packets: self.packets.saturating_add(next.packets),
            lost: sum(self.lost, next.lost),
            discarded: sum(self.discarded, next.discarded),
            jitter_mean_us: mean(self.jitter_mean_us, next.jitter_mean_us, one, other),
            jitter_max_us: self.jitter_max_us.max(next.jitter_max_us),
            mos: mos.map(|mos| Mos::of_hundredths(u16::try_from(mos).unwrap_or(u16::MAX))),
        }
    }
}

/// The mean of two by their weights; of one that is known alone, that one.
fn mean(a: Option<u32>, b: Option<u32>, weight_a: u64, weight_b: u64) -> Option<u32> {
    let (Some(x), Some(y)) = (a, b) else { return a.or(b) };
    let (wx, wy) = (u128::from(weight_a), u128::from(weight_b));
    let all = (wx + wy).max(1);
    u32::try_from((u128::from(x) * wx + u128::from(y) * wy + all / 2) / all).ok()
}

/// How a party sounded on a recording, whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SideFigures {
    /// Mean level of speech in dBov; −127 where nobody spoke.
    pub level_dbov: i8,
    /// What is heard between words: the median of it, in dBov; −127 where nothing is.
    pub noise_dbov: i8,
    /// Of the samples of sound, those at full scale, in millionths.
    pub clipped_ppm: u32,
    /// How long there was speech, or whatever else comes and goes.
    pub speech: Duration,
    /// How long it spoke while the other side did, which had begun before.
    pub talked_over: Duration,
}

/// Both sides of a recording, measured when it was finished.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CallSound {
    pub duration: Duration,
    /// The caller; all others, and what the switch played to him.
    pub sides: [SideFigures; 2],
    /// Nobody speaks.
    pub silence: Duration,
    /// Both do.
    pub over_talk: Duration,
}

/// What a party's description asks to be told besides receiver reports (RFC 3611 §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ExtendedReports {
    /// `voip-metrics`
    pub metrics: bool,
    /// `rcvr-rtt`
    pub round_trip: bool,
}

/// What a leg's whole life came to, for who counts legs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LegQuality {
    /// An agent's phone; else a customer.
    pub is_agent: bool,
    pub codec: Codec,
    pub mos_mean: Mos,
    pub mos_min: Mos,
    pub round_trip_us: Option<u32>,
    /// Of what came, in millionths.
    pub lost_ppm: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    #[test]
    fn scores_stay_in_their_range_and_are_shown_as_people_write_them() {
        assert_eq!([4.409, 0.2, 9.0, 3.6].map(|score| Mos::new(score).to_string()), ["4.41", "1.00", "4.50", "3.60"]);
    }

    #[test]
    fn two_parts_make_one_with_all_that_was_counted() {
        let flow = |packets, lost, mos| Flow {
            packets,
            lost: Some(lost),
            discarded: None,
            jitter_mean_us: Some(1_000 * lost),
            jitter_max_us: Some(9_000 * lost),
            mos: Some(Mos::new(mos)),
        };
        let part = |minute: u64, lost, mos| QualityPart {
            from: secs(60 * minute),
            to: secs(60 * (minute + 1)),
            received: flow(3_000, lost, mos),
            sent: Flow { packets: 3_000, ..Flow::default() },
            round_trip_mean_us: (minute == 1).then_some(20_000),
            round_trip_max_us: (minute == 1).then_some(30_000),
            told: None,
            worst: Some(Mos::new(mos)),
        };
        let both = part(0, 1, 4.4).and(&part(1, 3, 3.0));
        assert_eq!((both.from, both.to, both.received.packets, both.received.lost), (secs(0), secs(120), 6_000, Some(4)));
        assert_eq!((both.received.jitter_mean_us, both.received.jitter_max_us), (Some(2_000), Some(27_000)));
        assert_eq!((both.received.mos, both.worst), (Some(Mos::new(3.7)), Some(Mos::new(3.0))));
        assert_eq!((both.round_trip_mean_us, both.round_trip_max_us), (Some(20_000), Some(30_000)), "where it is known");
        assert_eq!((both.sent.packets, both.sent.lost), (6_000, None));
        assert!(QualityPart::default().is_empty() && !both.is_empty());
    }
}
