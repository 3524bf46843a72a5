//! Extended reports (RFC 3611): the block of VoIP metrics, and the two by which one who only receives learns the round trip. Read where they
//! come; made where the peer's description asks for them. What other blocks there are is read over.

use super::NotRtcp;
use crate::base::{Duration, Mos};
use crate::rtp::bursts::{GMIN, Summary};

const PACKET_TYPE: u8 = 207;
const REFERENCE_TIME: u8 = 4;
const DELAY_SINCE_REFERENCE: u8 = 5;
const VOIP_METRICS: u8 = 7;
/// RFC 3611 §4.7: what is not known.
const UNKNOWN: u8 = 127;

/// What an extended report said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Extended {
    /// The middle of the other side's reference time, and whose it is: to be answered.
    pub reference_time: Option<(u32, u32)>,
    /// Of our reference time: its middle, and how long ago it came there, in 65,536ths of a second.
    pub since_ours: Option<(u32, u32)>,
    pub voip: Option<VoipMetrics>,
}

/// How the other side hears our stream, as it says itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct VoipMetrics {
    /// Conversational, else listening quality; `None`: it does not say.
    pub mos: Option<Mos>,
    /// In 256ths, since its reception began.
    pub loss_rate: u8,
    pub discard_rate: u8,
    /// Milliseconds; 0: not known.
    pub round_trip_ms: u16,
    pub end_system_delay_ms: u16,
}

/// What we say of how we hear a stream.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OurMetrics {
    pub ssrc: u32,
    pub loss_rate: u8,
    pub discard_rate: u8,
    pub bursts: Summary,
    pub packet_ms: u16,
    pub round_trip: Option<Duration>,
    pub end_system_delay_ms: u16,
    pub rating: f64,
    pub listening: Mos,
    pub conversational: Option<Mos>,
    pub jitter_buffer_ms: u16,
    pub jitter_buffer_max_ms: u16,
}

/// Looks for extended reports in a compound packet whose lengths are known to fit.
pub(super) fn read(compound: &[u8], our_ssrc: u32) -> Result<Extended, NotRtcp> {
    let mut extended = Extended::default();
    let mut rest = compound;
    while let [_, kind, high, low, ..] = *rest {
        let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        let (packet, behind) = rest.split_at_checked(length).ok_or(NotRtcp)?;
        if kind == PACKET_TYPE {
            blocks(packet, our_ssrc, &mut extended)?;
        }
        rest = behind;
    }
    Ok(extended)
}

fn blocks(packet: &[u8], our_ssrc: u32, extended: &mut Extended) -> Result<(), NotRtcp> {
    let (Some(sender), Some(mut rest)) = (word(packet, 1), packet.get(8..)) else { return Err(NotRtcp) };
    while let [kind, _, high, low, ..] = *rest {
        let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        let (block, behind) = rest.split_at_checked(length).ok_or(NotRtcp)?;
        match kind {
            REFERENCE_TIME => {
                let (Some(seconds), Some(fraction), 12) = (word(block, 1), word(block, 2), length) else { return Err(NotRtcp) };
                extended.reference_time = Some((sender, seconds << 16 | fraction >> 16));
            }
            DELAY_SINCE_REFERENCE => {
                // Of several receivers that it answers, one is us.
                let of = (4..length.saturating_sub(11)).step_by(12).find(|at| word(block, at / 4) == Some(our_ssrc));
                extended.since_ours = of.and_then(|at| Some((word(block, at / 4 + 1)?, word(block, at / 4 + 2)?))).or(extended.since_ours);
            }
            VOIP_METRICS if length == 36 => {
                if word(block, 1) == Some(our_ssrc) {
                    extended.voip = Some(voip(block));
                }
            }
            VOIP_METRICS => return Err(NotRtcp),
            _ => {}
        }
        rest = behind;
    }
    Ok(())
}

fn word(bytes: &[u8], index: usize) -> Option<u32> {
    bytes.get(index * 4..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

/// RFC 3611 §4.7, of a block of its whole length.
fn voip(block: &[u8]) -> VoipMetrics {
    let short = |at: usize| u16::from_be_bytes([block[at], block[at + 1]]);
    let score = |at: usize| (10..=50).contains(&block[at]).then(|| Mos::of_hundredths(u16::from(block[at]) * 10));
    VoipMetrics {
        mos: score(27).or(score(26)),
        loss_rate: block[8],
        discard_rate: block[9],
        round_trip_ms: short(16),
        end_system_delay_ms: short(18),
    }
}

/// What we append to a compound packet.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Wanted {
    /// NTP time, whole.
    pub reference_time: Option<u64>,
    /// Answers to a reference time: whose, its middle, how long ago in 65,536ths of a second.
    pub since_theirs: Option<(u32, u32, u32)>,
    pub metrics: Option<OurMetrics>,
}

/// Appends the packet; nothing when there is nothing to say.
pub(super) fn write(our_ssrc: u32, wanted: &Wanted, out: &mut Vec<u8>) {
    if *wanted == Wanted::default() {
        return;
    }
    let start = out.len();
    out.extend([0x80, PACKET_TYPE, 0, 0]);
    out.extend(our_ssrc.to_be_bytes());
    if let Some(ntp) = wanted.reference_time {
        out.extend([REFERENCE_TIME, 0, 0, 2]);
        out.extend(ntp.to_be_bytes());
    }
    if let Some((ssrc, last, since)) = wanted.since_theirs {
        out.extend([DELAY_SINCE_REFERENCE, 0, 0, 3]);
        [ssrc, last, since].into_iter().for_each(|word| out.extend(word.to_be_bytes()));
    }
    if let Some(metrics) = &wanted.metrics {
        write_metrics(metrics, out);
    }
    let words = u16::try_from((out.len() - start) / 4 - 1).expect("three blocks of known length");
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

fn write_metrics(metrics: &OurMetrics, out: &mut Vec<u8>) {
    let ms = |packets: u64| u16::try_from(packets.saturating_mul(metrics.packet_ms.into())).unwrap_or(u16::MAX);
    let tenths = |mos: Mos| u8::try_from((mos.hundredths() + 5) / 10).unwrap_or(UNKNOWN);
    let round_trip = metrics.round_trip.map_or(0, |long| u16::try_from(long.as_millis()).unwrap_or(u16::MAX));
    out.extend([VOIP_METRICS, 0, 0, 8]);
    out.extend(metrics.ssrc.to_be_bytes());
    out.extend([metrics.loss_rate, metrics.discard_rate, metrics.bursts.burst_density, metrics.bursts.gap_density]);
    for short in [ms(metrics.bursts.burst_packets), ms(metrics.bursts.gap_packets), round_trip, metrics.end_system_delay_ms] {
        out.extend(short.to_be_bytes());
    }
    // Levels and echo are not measured here.
    out.extend([UNKNOWN, UNKNOWN, UNKNOWN, GMIN]);
    let rating = metrics.rating.round().clamp(0.0, 100.0) as u8;
    out.extend([rating, UNKNOWN, tenths(metrics.listening), metrics.conversational.map_or(UNKNOWN, tenths)]);
    // Concealment enhanced (11), jitter buffer adaptive (11), no adjustment rate.
    out.extend([0b1111_0000, 0]);
    for short in [metrics.jitter_buffer_ms, metrics.jitter_buffer_max_ms, metrics.jitter_buffer_max_ms] {
        out.extend(short.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> OurMetrics {
        OurMetrics {
            ssrc: 9,
            loss_rate: 13,
            discard_rate: 2,
            bursts: Summary { burst_density: 100, gap_density: 3, burst_packets: 10, gap_packets: 9_999 },
            packet_ms: 20,
            round_trip: Some(Duration::from_millis(48)),
            end_system_delay_ms: 60,
            rating: 77.4,
            listening: Mos::new(3.92),
            conversational: Some(Mos::new(3.87)),
            jitter_buffer_ms: 50,
            jitter_buffer_max_ms: 200,
        }
    }

    #[test]
    fn what_one_writes_the_other_reads() {
        let wanted = Wanted { reference_time: Some(0x1111_2222_3333_4444), since_theirs: Some((9, 0xABCD, 77)), metrics: Some(metrics()) };
        let mut bytes = Vec::new();
        write(5, &wanted, &mut bytes);
        assert_eq!(bytes.len(), 8 + 12 + 16 + 36);
        let voip = VoipMetrics { mos: Some(Mos::new(3.9)), loss_rate: 13, discard_rate: 2, round_trip_ms: 48, end_system_delay_ms: 60 };
        let expected = Extended { reference_time: Some((5, 0x2222_3333)), since_ours: Some((0xABCD, 77)), voip: Some(voip) };
        assert_eq!(read(&bytes, 9), Ok(expected));
        let another = read(&bytes, 8).expect("well formed");
        assert_eq!((another.since_ours, another.voip), (None, None), "of a stream that is not ours");
        let mut nothing = Vec::new();
        write(5, &Wanted::default(), &mut nothing);
        assert!(nothing.is_empty());
    }

    #[test]
    fn blocks_of_a_wrong_length_are_no_report() {
        let block = |kind: u8, words: u16, bytes: usize| {
            let mut packet = vec![0x80, 207, 0, 0, 0, 0, 0, 5, kind, 0];
            packet.extend(words.to_be_bytes());
            packet.resize(12 + bytes, 0);
            let length = (packet.len() / 4 - 1) as u16;
            packet[2..4].copy_from_slice(&length.to_be_bytes());
            read(&packet, 9)
        };
        for (kind, words, bytes) in [(4, 1, 4), (4, 3, 12), (7, 7, 28), (7, 9, 36), (5, 9, 8), (1, 200, 8)] {
            assert_eq!(block(kind, words, bytes), Err(NotRtcp), "{kind} {words}");
        }
        // Half an answer is none; a block that we do not know is nobody's harm.
        assert_eq!(block(5, 2, 8), Ok(Extended::default()));
        assert_eq!(block(200, 2, 8), Ok(Extended::default()));
    }
}
