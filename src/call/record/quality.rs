//! How well the sound of a call's legs travelled, as it is kept: a line a leg, bounded however long the call is.

use super::CallRecord;
use crate::base::limits::QUALITY_PARTS_MAX;
use crate::base::time::secs;
use crate::base::{AgentId, Codec, Duration, LegId, LegQuality, Mos, QualityPart, Timestamp};
use serde::{Deserialize, Serialize};

/// A leg's line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QualityRecord {
    pub leg: LegId,
    /// Whose phone it is; `None`: a customer's.
    pub agent: Option<AgentId>,
    /// The last that was spoken on it.
    pub codec: Codec,
    pub started_at: Timestamp,
    /// As long as each part is, but for the first and the last of a life. Parts in which nothing was sent or came are left out.
    pub interval: Duration,
    pub parts: Vec<QualityPart>,
    /// Of the worse direction, in the worst minute.
    pub mos_min: Option<Mos>,
    /// Of all minutes, each by its length: hundredths of a score × milliseconds, and milliseconds.
    mos_sum: u64,
    mos_ms: u64,
    /// It is poor now, and that was told.
    #[serde(default)]
    pub poor: bool,
}

impl QualityRecord {
    #[must_use]
    pub fn new(leg: LegId, agent: Option<AgentId>, codec: Codec, started_at: Timestamp) -> Self {
        let interval = secs(60);
        Self { leg, agent, codec, started_at, interval, parts: Vec::new(), mos_min: None, mos_sum: 0, mos_ms: 0, poor: false }
    }

    /// A part of its life is over.
    pub fn add(&mut self, part: QualityPart) {
        if let Some(mos) = part.mos() {
            let long = u64::try_from((part.to - part.from).as_millis()).unwrap_or(u64::MAX);
            self.mos_min = self.mos_min.into_iter().chain([mos]).min();
            self.mos_sum = self.mos_sum.saturating_add(u64::from(mos.hundredths()).saturating_mul(long));
            self.mos_ms = self.mos_ms.saturating_add(long);
        }
        self.place(part);
        while self.parts.len() > QUALITY_PARTS_MAX {
            self.interval *= 2;
            for part in std::mem::take(&mut self.parts) {
                self.place(part);
            }
        }
    }

    /// What lies in the same interval as the part before it becomes one with it.
    fn place(&mut self, part: QualityPart) {
        let number = |at: Duration| at.as_nanos() / self.interval.as_nanos().max(1);
        match self.parts.last_mut() {
            Some(last) if number(last.from) == number(part.from) => *last = last.and(&part),
            _ => self.parts.push(part),
        }
    }

    #[must_use]
    pub fn mos_mean(&self) -> Option<Mos> {
        let mean = (self.mos_sum + self.mos_ms / 2).checked_div(self.mos_ms)?;
        Some(Mos::of_hundredths(u16::try_from(mean).unwrap_or(u16::MAX)))
    }

    /// What its life came to, if it can be judged.
    #[must_use]
    pub fn whole(&self) -> Option<LegQuality> {
        let (mut came, mut lost) = (0_u64, 0_u64);
        for part in &self.parts {
            came += u64::from(part.received.packets);
            lost += u64::from(part.received.lost.unwrap_or(0));
        }
        let trips: Vec<u64> = self.parts.iter().filter_map(|part| part.round_trip_mean_us).map(u64::from).collect();
        Some(LegQuality {
            is_agent: self.agent.is_some(),
            codec: self.codec,
            mos_mean: self.mos_mean()?,
            mos_min: self.mos_min?,
            round_trip_us: trips.iter().sum::<u64>().checked_div(trips.len() as u64).and_then(|mean| u32::try_from(mean).ok()),
            lost_ppm: u32::try_from((lost * 1_000_000).checked_div(came + lost).unwrap_or(0)).unwrap_or(u32::MAX),
        })
    }
}

impl CallRecord {
    /// Of the worst leg, in its worst minute.
    #[must_use]
    pub fn mos_min(&self) -> Option<Mos> {
        self.quality.iter().filter_map(|line| line.mos_min).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Flow;

    fn minute(number: u64, mos: f64) -> QualityPart {
        let received = Flow { packets: 3_000, lost: Some(30), mos: Some(Mos::new(mos)), ..Flow::default() };
        let (from, to, worst) = (secs(60 * number), secs(60 * (number + 1)), Some(Mos::new(mos)));
        QualityPart { from, to, received, worst, round_trip_mean_us: Some(40_000), ..QualityPart::default() }
    }

    fn line(minutes: u64, bad: u64) -> QualityRecord {
        let mut line = QualityRecord::new(LegId(7), None, Codec::Pcma, Timestamp(0));
        (0..minutes).for_each(|number| line.add(minute(number, if number == bad { 2.0 } else { 4.4 })));
        line
    }

    #[test]
    fn an_hour_is_kept_by_the_minute_and_ten_by_more_of_them() {
        for (minutes, parts, interval) in [(1, 1, 60), (60, 60, 60), (61, 31, 120), (121, 31, 240), (600, 38, 960), (6_000, 47, 7_680)] {
            let line = line(minutes, 0);
            assert_eq!((line.parts.len(), line.interval), (parts, secs(interval)), "{minutes} min");
            let sum: u64 = line.parts.iter().map(|part| u64::from(part.received.packets)).sum();
            assert_eq!(sum, minutes * 3_000, "nothing is lost of the sums");
            assert!(line.parts.windows(2).all(|two| two[0].to == two[1].from));
        }
    }

    #[test]
    fn the_worst_minute_is_known_however_wide_the_parts_are() {
        let line = line(600, 333);
        assert_eq!(line.mos_min, Some(Mos::new(2.0)));
        let worst: Vec<usize> = (0..line.parts.len()).filter(|at| line.parts[*at].worst == Some(Mos::new(2.0))).collect();
        assert_eq!(worst, [333 / 16]);
        assert_eq!(line.mos_mean(), Some(Mos::new((599.0 * 4.4 + 2.0) / 600.0)));
        let whole = line.whole().expect("judged");
        assert_eq!((whole.lost_ppm, whole.round_trip_us, whole.is_agent), (9_900, Some(40_000), false));
    }

    #[test]
    fn a_leg_of_which_nothing_can_be_said_has_no_score() {
        let mut line = line(0, 0);
        line.add(QualityPart { to: secs(1), sent: Flow { packets: 3, ..Flow::default() }, ..QualityPart::default() });
        assert_eq!((line.mos_mean(), line.mos_min, line.whole()), (None, None, None));
    }
}
