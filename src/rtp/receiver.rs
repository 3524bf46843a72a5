//! What the numbers of one stream tell: extended sequence, loss, order, jitter (RFC 3550 §A.1, §A.3, §A.8). A new SSRC or a restarted
//! sequence begins a new source; what was counted before is kept.

use super::ticks;
use crate::base::Instant;

/// RFC 3550 §A.1: a jump forward below this is loss, above it a restart.
const DROPOUT_MAX: u16 = 3_000;
/// RFC 3550 §A.1: a step back of up to this is reordering, above it a restart. As many are remembered to know duplicates.
const MISORDER_MAX: u16 = 100;

/// What a packet is to its stream. `extended` counts on past 65,535 for the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// The first of a source: the stream's first, another SSRC, or a sequence that began anew.
    Began {
        extended: u64,
    },
    /// After the highest so far; `missing` numbers were left out.
    Next {
        extended: u64,
        missing: u16,
    },
    /// One that was missing.
    Late {
        extended: u64,
    },
    Duplicate,
    /// Far from where the stream is; the next one tells whether it began anew (RFC 3550 §A.1). To be dropped.
    Astray,
}

#[derive(Clone, Debug)]
pub struct Receiver {
    clock_rate: u32,
    source: Option<Source>,
    /// Expected and received of the sources before this one.
    before: Counted,
}

#[derive(Clone, Copy, Default, Debug)]
struct Counted {
    expected: u64,
    received: u64,
}

#[derive(Clone, Debug)]
struct Source {
    ssrc: u32,
    base: u64,
    highest: u64,
    received: u64,
    /// Which of the last 128 numbers came; bit 0 is `highest`.
    seen: u128,
    /// The number after one that was astray.
    bad_next: Option<u16>,
    /// Arrival − timestamp of the last packet, in ticks.
    transit: Option<u32>,
    /// Sixteen times the jitter, in ticks.
    jitter_q4: u32,
    /// At the last report.
    reported: Counted,
}

/// What a report block says of the stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReceptionReport {
    pub ssrc: u32,
    pub fraction_lost: u8,
    /// At most 24 bits; never below zero here.
    pub cumulative_lost: u32,
    pub highest_sequence: u32,
    /// In ticks of the clock.
    pub jitter: u32,
}

impl Receiver {
    #[must_use]
    pub fn new(clock_rate: u32) -> Self {
        Self { clock_rate, source: None, before: Counted::default() }
    }

    /// The stream's codec changed: counting goes on, timing begins anew.
    pub fn set_clock_rate(&mut self, clock_rate: u32) {
        if clock_rate != self.clock_rate {
            self.clock_rate = clock_rate;
            if let Some(source) = &mut self.source {
                source.transit = None;
                source.jitter_q4 = 0;
            }
        }
    }

    pub fn receive(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        match &mut self.source {
            Some(source) if source.ssrc == ssrc => match source.receive(sequence) {
                Some(arrival) => arrival,
                None => self.begin(ssrc, sequence),
            },
            _ => self.begin(ssrc, sequence),
        }
    }

    /// Interarrival jitter (RFC 3550 §A.8). Not for telephone events, whose timestamp stands still.
    pub fn note_transit(&mut self, timestamp: u32, now: Instant) {
        let Some(source) = &mut self.source else { return };
        let arrival = ticks(now.since_start(), self.clock_rate) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = source.transit.replace(transit) {
            let difference = (transit.wrapping_sub(last) as i32).unsigned_abs();
            // A clock that jumped is no jitter.
            if difference < self.clock_rate {
                source.jitter_q4 = source.jitter_q4 + difference - ((source.jitter_q4 + 8) >> 4);
            }
        }
    }

    fn begin(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        if let Some(old) = &self.source {
            let counted = old.counted();
            self.before.expected += counted.expected;
            self.before.received += counted.received;
        }
        // One cycle up, so that a packet from before the first is not below zero.
        let extended = 0x1_0000 + u64::from(sequence);
        self.source = Some(Source {
            ssrc,
            base: extended,
            highest: extended,
            received: 1,
            seen: 1,
            bad_next: None,
            transit: None,
            jitter_q4: 0,
            reported: Counted::default(),
        });
        Arrival::Began { extended }
    }

    /// Expected − received over all sources (RFC 3550 §A.3), not below zero.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let now = self.source.as_ref().map(Source::counted).unwrap_or_default();
        (self.before.expected + now.expected).saturating_sub(self.before.received + now.received)
    }

    #[must_use]
    pub fn jitter_ms(&self) -> f32 {
        let ticks = self.source.as_ref().map_or(0, |source| source.jitter_q4 >> 4);
        (f64::from(ticks) * 1_000.0 / f64::from(self.clock_rate)) as f32
    }

    #[must_use]
    pub fn ssrc(&self) -> Option<u32> {
        self.source.as_ref().map(|source| source.ssrc)
    }

    /// The next report block; the fraction is of what came since the last.
    pub fn report(&mut self) -> Option<ReceptionReport> {
        let source = self.source.as_mut()?;
        let counted = source.counted();
        let expected = counted.expected - source.reported.expected;
        let received = counted.received - source.reported.received;
        source.reported = counted;
        let fraction = if expected > received { ((expected - received) << 8) / expected } else { 0 };
        Some(ReceptionReport {
            ssrc: source.ssrc,
            fraction_lost: fraction.min(255) as u8,
            cumulative_lost: counted.expected.saturating_sub(counted.received).min(0x7F_FFFF) as u32,
            highest_sequence: (source.highest - 0x1_0000) as u32,
            jitter: source.jitter_q4 >> 4,
        })
    }
}

impl Source {
    fn counted(&self) -> Counted {
        Counted { expected: self.highest - self.base + 1, received: self.received }
    }

    /// `None`: the source began anew.
    fn receive(&mut self, sequence: u16) -> Option<Arrival> {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if ahead == 0 {
            return Some(Arrival::Duplicate);
        }
        if ahead < DROPOUT_MAX {
            self.bad_next = None;
            self.highest += u64::from(ahead);
            self.received += 1;
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            return Some(Arrival::Next { extended: self.highest, missing: ahead - 1 });
        }
        let behind = ahead.wrapping_neg();
        if behind <= MISORDER_MAX {
            let bit = 1_u128 << behind;
            let extended = self.highest - u64::from(behind);
            if self.seen & bit != 0 {
                return Some(Arrival::Duplicate);
            }
            self.seen |= bit;
            self.received += 1;
            self.base = self.base.min(extended);
            return Some(Arrival::Late { extended });
        }
        // RFC 3550 §A.1: two in a row say that the other side began anew without telling.
        if self.bad_next == Some(sequence) {
            return None;
        }
        self.bad_next = Some(sequence.wrapping_add(1));
        Some(Arrival::Astray)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::millis;

    #[test]
    fn numbers_go_on_past_the_end_of_the_sequence() {
        let mut receiver = Receiver::new(8_000);
        let arrivals: Vec<_> = [65_534, 65_535, 0, 2, 1, 1, 3].map(|sequence| receiver.receive(1, sequence)).to_vec();
        let base = 0x1_0000 + 65_534;
        assert_eq!(
            arrivals,
            [
                Arrival::Began { extended: base },
                Arrival::Next { extended: base + 1, missing: 0 },
                Arrival::Next { extended: base + 2, missing: 0 },
                Arrival::Next { extended: base + 4, missing: 1 },
                Arrival::Late { extended: base + 3 },
                Arrival::Duplicate,
                Arrival::Next { extended: base + 5, missing: 0 },
            ]
        );
        assert_eq!(receiver.lost(), 0);
    }

    #[test]
    fn a_new_source_is_told_and_its_loss_added() {
        let mut receiver = Receiver::new(8_000);
        for sequence in [10, 12] {
            receiver.receive(1, sequence);
        }
        assert!(matches!(receiver.receive(2, 500), Arrival::Began { .. }), "another SSRC");
        receiver.receive(2, 502);
        assert_eq!(receiver.lost(), 2);
        assert_eq!(receiver.receive(2, 40_000), Arrival::Astray);
        assert!(matches!(receiver.receive(2, 40_001), Arrival::Began { .. }), "two in a row began anew");
        assert_eq!(receiver.receive(2, 500), Arrival::Astray);
        assert!(matches!(receiver.receive(2, 40_002), Arrival::Next { missing: 0, .. }), "one stray packet changes nothing");
    }

    #[test]
    fn reports_say_what_was_lost_since_the_last() {
        let mut receiver = Receiver::new(8_000);
        assert_eq!(receiver.report(), None);
        for sequence in [0_u16, 1, 2, 4] {
            receiver.receive(9, sequence);
        }
        let report = receiver.report().expect("a source");
        assert_eq!((report.fraction_lost, report.cumulative_lost, report.highest_sequence), (51, 1, 4));
        receiver.receive(9, 5);
        let report = receiver.report().expect("a source");
        assert_eq!((report.fraction_lost, report.cumulative_lost), (0, 1));
    }

    #[test]
    fn jitter_settles_at_the_mean_deviation() {
        let mut receiver = Receiver::new(8_000);
        for n in 0..500_u16 {
            receiver.receive(1, n);
            // Every second packet is 10 ms late: |D| is always 10 ms.
            let arrival = millis(u64::from(n) * 20 + if n % 2 == 0 { 0 } else { 10 });
            receiver.note_transit(u32::from(n) * 160, Instant::after_start(arrival));
        }
        assert!((receiver.jitter_ms() - 10.0).abs() < 0.5, "{}", receiver.jitter_ms());
    }
}
