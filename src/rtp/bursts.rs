//! Loss as bursts and gaps (RFC 3611 §4.7.2, Appendix A.2), counted where packets are missing alone: a stream without loss costs nothing.

/// RFC 3611 §4.7.2: so many packets received in a row end a burst.
pub const GMIN: u8 = 16;

/// The counters of the four-state model. What comes late has been counted as missing.
#[derive(Clone, Copy, Default, Debug)]
pub struct Bursts {
    /// Missing packets since the last gap of [`GMIN`] began.
    lost: u64,
    c11: u64,
    c13: u64,
    c14: u64,
    c22: u64,
    c23: u64,
    c33: u64,
}

/// As the VoIP metrics block has it: densities in 256ths, durations in packets.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Summary {
    pub burst_density: u8,
    pub gap_density: u8,
    pub burst_packets: u64,
    pub gap_packets: u64,
}

impl Bursts {
    /// `missing` packets are, after `received` came since the last that was.
    pub fn lose(&mut self, missing: u64, received: u64) {
        if missing == 0 {
            return;
        }
        if received >= u64::from(GMIN) {
            if self.lost == 1 {
                self.c14 += 1;
            } else {
                self.c13 += 1;
            }
            self.lost = 1;
            self.c11 += received;
        } else {
            self.lost += 1;
            if received == 0 {
                self.c33 += 1;
            } else {
                self.c23 += 1;
                self.c22 += received - 1;
            }
        }
        self.lost += missing - 1;
        self.c33 += missing - 1;
    }

    /// After `expected` packets in all.
    #[must_use]
    pub fn summary(&self, expected: u64) -> Summary {
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let as_byte = |share: f64| (share * 256.0).round().clamp(0.0, 255.0) as u8;
        let (c31, c32) = (self.c13, self.c23);
        if c31 == 0 {
            return Summary { gap_density: as_byte(share(self.lost.max(self.c14), expected)), gap_packets: expected, ..Summary::default() };
        }
        let p32 = share(c32, c31 + c32 + self.c33);
        let p23 = if self.c22 + self.c23 == 0 { 1.0 } else { 1.0 - share(self.c22, self.c22 + self.c23) };
        let total = self.c11 + self.c14 + self.c13 + self.c22 + self.c23 + c31 + c32 + self.c33;
        let gap_packets = (self.c11 + self.c14 + self.c13) / self.c13;
        Summary {
            burst_density: as_byte(p23 / (p23 + p32)),
            gap_density: as_byte(share(self.c14, self.c11 + self.c14)),
            burst_packets: (total / self.c13).saturating_sub(gap_packets),
            gap_packets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_loss_and_lone_losses_are_gaps() {
        assert_eq!(Bursts::default().summary(500), Summary { gap_packets: 500, ..Summary::default() });
        let mut one = Bursts::default();
        one.lose(1, 3);
        assert_eq!(one.summary(256), Summary { gap_density: 1, gap_packets: 256, ..Summary::default() });
    }

    #[test]
    fn losses_close_to_each_other_are_a_burst() {
        let mut bursts = Bursts::default();
        // Every hundredth packet once, then every second of twenty, and again.
        for _ in 0..4 {
            bursts.lose(1, 99);
            for _ in 0..10 {
                bursts.lose(1, 1);
            }
        }
        let summary = bursts.summary(480);
        assert!((115..=140).contains(&summary.burst_density), "half of a burst is missing: {summary:?}");
        assert!(summary.gap_density < 8 && (95..=105).contains(&summary.gap_packets), "{summary:?}");
        assert!((15..=25).contains(&summary.burst_packets), "{summary:?}");
        bursts.lose(3_000, 0);
        assert!(bursts.summary(4_000).burst_density > 220);
    }
}
