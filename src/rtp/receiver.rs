//! What the numbers of one stream tell: extended sequence, loss, order, jitter (RFC 3550 §A.1, §A.3, §A.8). A new SSRC or a restarted
//! sequence begins a new source; what was counted before is kept.

use super::bursts::Bursts;
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
    /// Of the sources before this one.
    before: Counted,
    /// What was told of all by stretches.
    told: Counted,
    told_lost: u64,
    spread: Spread,
    bursts: Bursts,
}

#[derive(Clone, Copy, Default, Debug)]
struct Counted {
    expected: u64,
    received: u64,
    /// Runs of missing packets.
    runs: u64,
}

/// The jitter of a stretch.
#[derive(Clone, Copy, Default, Debug)]
struct Spread {
    /// In microseconds, of what came by other clocks than the present one's.
    sum_us: u64,
    most_us: u64,
    packets_before: u64,
    /// Sixteen times the ticks of the present clock.
    sum_q4: u64,
    most_q4: u32,
    packets: u64,
}

/// What came of a stream since it was asked last. The sums of all stretches are those of the stream: a packet that comes late into the next
/// stretch makes up for one that is missing there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stretch {
    /// Each packet once.
    pub received: u64,
    pub lost: u64,
    /// Runs of packets that are missing.
    pub runs: u64,
    /// The mean of the interarrival jitter over its packets of sound, and the most of it, in microseconds.
    pub jitter_us: Option<(u64, u64)>,
}

#[derive(Clone, Debug)]
struct Source {
    ssrc: u32,
    base: u64,
    highest: u64,
    received: u64,
    /// Runs of missing packets.
    runs: u64,
    /// The last of those packets that was missing when its follower came.
    lost_last: u64,
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
        Self {
            clock_rate,
            source: None,
            before: Counted::default(),
            told: Counted::default(),
            told_lost: 0,
            spread: Spread::default(),
            bursts: Bursts::default(),
        }
    }

    /// The stream's codec changed: counting goes on, timing begins anew.
    pub fn set_clock_rate(&mut self, clock_rate: u32) {
        if clock_rate != self.clock_rate {
            self.spread = self.spread.in_microseconds(self.clock_rate);
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
                Some(arrival) => {
                    if let Arrival::Next { extended, missing: missing @ 1.. } = arrival {
                        let came = extended - u64::from(missing) - 1 - source.lost_last;
                        source.lost_last = extended - 1;
                        self.bursts.lose(missing.into(), came);
                    }
                    arrival
                }
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
        self.spread.sum_q4 += u64::from(source.jitter_q4);
        self.spread.most_q4 = self.spread.most_q4.max(source.jitter_q4);
        self.spread.packets += 1;
    }

    fn begin(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        if let Some(old) = &self.source {
            let counted = old.counted();
            self.before.expected += counted.expected;
            self.before.received += counted.received;
            self.before.runs += counted.runs;
        }
        // One cycle up, so that a packet from before the first is not below zero.
        let extended = 0x1_0000 + u64::from(sequence);
        self.source = Some(Source {
            ssrc,
            base: extended,
            highest: extended,
            received: 1,
            runs: 0,
            lost_last: extended - 1,
            seen: 1,
            bad_next: None,
            transit: None,
            jitter_q4: 0,
            reported: Counted::default(),
        });
        Arrival::Began { extended }
    }

    fn counted(&self) -> Counted {
        let now = self.source.as_ref().map(Source::counted).unwrap_or_default();
        Counted {
            expected: self.before.expected + now.expected,
            received: self.before.received + now.received,
            runs: self.before.runs + now.runs,
        }
    }

    /// Expected − received over all sources (RFC 3550 §A.3), not below zero.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let counted = self.counted();
        counted.expected.saturating_sub(counted.received)
    }

    /// Over all sources: how many packets there should have been.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.counted().expected
    }

    #[must_use]
    pub fn bursts(&self) -> &Bursts {
        &self.bursts
    }

    /// Ends a stretch, and begins the next.
    pub fn take_stretch(&mut self) -> Stretch {
        let (counted, lost) = (self.counted(), self.lost());
        let stretch = Stretch {
            received: counted.received - self.told.received,
            lost: lost.saturating_sub(self.told_lost),
            runs: counted.runs.saturating_sub(self.told.runs),
            jitter_us: self.spread.in_microseconds(self.clock_rate).jitter_us(),
        };
        self.told = Counted { runs: self.told.runs + stretch.runs, ..counted };
        self.told_lost += stretch.lost;
        self.spread = Spread::default();
        stretch
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

impl Spread {
    /// The same, nothing of it in ticks any more.
    fn in_microseconds(self, clock_rate: u32) -> Self {
        let us = |ticks_q4: u64| ticks_q4 * 62_500 / u64::from(clock_rate);
        Self {
            sum_us: self.sum_us + us(self.sum_q4),
            most_us: self.most_us.max(us(self.most_q4.into())),
            packets_before: self.packets_before + self.packets,
            ..Self::default()
        }
    }

    fn jitter_us(self) -> Option<(u64, u64)> {
        Some((self.sum_us.checked_div(self.packets_before)?, self.most_us))
    }
}

impl Source {
    fn counted(&self) -> Counted {
        Counted { expected: self.highest - self.base + 1, received: self.received, runs: self.runs }
    }

    /// Whether the number `behind` the highest is one that should have come and did not.
    fn misses(&self, behind: u16) -> bool {
        self.highest - u64::from(behind) >= self.base && self.seen >> behind & 1 == 0
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
            self.runs += u64::from(ahead > 1);
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
            // What fills a run ends it, or makes it two.
            let (older, newer) = (self.misses(behind + 1), self.misses(behind - 1));
            if extended < self.base {
                self.runs += u64::from(self.base - extended > 1);
            } else {
                self.runs = (self.runs + u64::from(older && newer)).saturating_sub(u64::from(!older && !newer));
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
    use crate::base::time::{millis, secs};

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
    fn stretches_add_up_to_the_stream_whatever_order_it_comes_in() {
        let mut rng = crate::base::Rng::new(8);
        let mut receiver = Receiver::new(8_000);
        // Which numbers come: one in ten does not, one in ten comes up to twenty later.
        let (mut comes, mut missing) = (Vec::new(), Vec::new());
        for n in 1..5_000_u64 {
            if rng.one_in(10) {
                missing.push(n);
            } else {
                comes.push((n + if rng.one_in(10) { rng.below(20) } else { 0 }, n));
            }
        }
        missing.retain(|n| *n < 4_900);
        comes.retain(|(_, n)| *n < 4_901);
        comes.sort_unstable();
        receiver.receive(1, 0);
        let mut stretches = Vec::new();
        for (count, (_, n)) in comes.iter().enumerate() {
            receiver.receive(1, *n as u16);
            if count % 500 == 499 {
                stretches.push(receiver.take_stretch());
            }
        }
        stretches.push(receiver.take_stretch());
        let runs = missing.iter().filter(|n| !missing.contains(&(**n + 1))).count() as u64;
        let sum = |pick: fn(&Stretch) -> u64| stretches.iter().map(pick).sum::<u64>();
        assert_eq!(sum(|stretch| stretch.received), comes.len() as u64 + 1);
        assert_eq!((sum(|stretch| stretch.lost), receiver.lost()), (missing.len() as u64, missing.len() as u64));
        assert_eq!((sum(|stretch| stretch.runs), receiver.counted().runs), (runs, runs));
        assert_eq!(receiver.take_stretch(), Stretch::default(), "nothing came since");
    }

    #[test]
    fn runs_are_told_apart() {
        for (story, numbers, lost, runs) in [
            ("nothing is missing", &[1_u16, 2, 3, 4][..], 0, 0),
            ("one run of three", &[1, 5, 6], 3, 1),
            ("filled in the middle it is two", &[1, 5, 3], 2, 2),
            ("at its ends it is shorter", &[1, 5, 2, 4], 1, 1),
            ("filled it is none", &[1, 3, 2], 0, 0),
            ("from before the first", &[10, 7, 11], 2, 1),
            ("beyond what is remembered", &[1, 301, 250], 298, 2),
        ] {
            let mut receiver = Receiver::new(8_000);
            for number in numbers {
                receiver.receive(1, *number);
            }
            let stretch = receiver.take_stretch();
            assert_eq!((stretch.lost, stretch.runs), (lost, runs), "{story}");
        }
    }

    #[test]
    fn the_jitter_of_a_stretch_is_the_mean_over_its_packets() {
        let mut receiver = Receiver::new(8_000);
        assert_eq!(receiver.take_stretch().jitter_us, None);
        let (mut estimate, mut all) = (0.0_f64, Vec::new());
        for n in 0..400_u64 {
            receiver.receive(1, n as u16);
            let late = if n < 200 || n % 2 == 0 { 0 } else { 8 };
            receiver.note_transit(n as u32 * 160, Instant::after_start(millis(n * 20 + late)));
            let difference = if n > 200 { 8.0 } else { 0.0 };
            estimate += (difference - estimate) / 16.0;
            all.push(estimate * 1_000.0);
        }
        let (mean, most) = receiver.take_stretch().jitter_us.expect("packets");
        let expected = all.iter().sum::<f64>() / 400.0;
        assert!((mean as f64 - expected).abs() < 50.0 && (most as f64 - all[399]).abs() < 100.0, "{mean} {most} {expected}");
        receiver.set_clock_rate(48_000);
        receiver.note_transit(0, Instant::after_start(secs(9)));
        assert_eq!(receiver.take_stretch().jitter_us, Some((0, 0)), "another clock begins anew");
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
