//! Reports about streams (RFC 3550 §6): the other side's tell what became of our stream and how long the way is, ours are made for the leg.
//! A B2BUA's SSRCs are its own, so that nothing is passed through.

mod xr;

pub use xr::{Extended, OurMetrics, VoipMetrics, Wanted};

use super::receiver::ReceptionReport;
use super::ticks;
use crate::base::{Duration, Instant, Rng, time::millis};
use rtcp_types::{Bye, Compound, Packet, ReceiverReport, ReportBlock, RtcpPacketWriterExt, Sdes, SdesChunk, SdesItem, SenderReport};

/// RFC 3550 §6.2: the least interval; §6.3.1 spreads it from half to one and a half, so that reports do not march in step.
const INTERVAL: Duration = millis(5_000);
/// Room for a sender report with one block, a CNAME and a goodbye.
const COMPOUND_MAX: usize = 256;
/// A round trip beyond this is none: somebody has not kept what we told him.
const ROUND_TRIP_MAX: u32 = 10 << 16;
/// As much less than nothing, 10 ms, may come of clocks that tick coarsely.
const ROUND_TRIP_SLACK: u32 = 655;

/// What a compound packet of the other side said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Incoming {
    /// The middle of its sender report's NTP time, for our next report's LSR.
    pub last_sender_report: Option<u32>,
    /// What became of our stream.
    pub block: Option<Block>,
    pub goodbye: bool,
    pub extended: Extended,
}

/// What the other side says of our stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Block {
    /// Fraction of our packets that it lost since its last report, in 256ths.
    pub fraction_lost: u8,
    /// Since its reception began; below zero where packets came twice.
    pub cumulative_lost: i32,
    pub highest_sequence: u32,
    /// In ticks of the clock.
    pub jitter: u32,
    /// The middle of our last sender report's NTP time, and how long ago it came there, in 65,536ths of a second; zero: none came.
    pub last_sender_report: u32,
    pub delay: u32,
}

impl Incoming {
    /// RFC 3550 §6.4.1: the time since what it had of us was sent, less the time that it kept it; the same for our reference time
    /// (RFC 3611 §4.5). `None` where it had nothing of us, or what it says cannot be.
    #[must_use]
    pub fn round_trip(&self, now: Instant) -> Option<Duration> {
        let by_report = self.block.map(|block| (block.last_sender_report, block.delay));
        by_report.into_iter().chain(self.extended.since_ours).find_map(|(last, delay)| {
            let trip = middle(ntp(now)).wrapping_sub(last).wrapping_sub(delay);
            match trip {
                _ if last == 0 => None,
                0..=ROUND_TRIP_MAX => Some(Duration::from_micros(u64::from(trip) * 1_000_000 / 65_536)),
                _ => (trip.wrapping_neg() <= ROUND_TRIP_SLACK).then_some(Duration::ZERO),
            }
        })
    }
}

/// No RTCP compound packet of version 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotRtcp;

/// # Errors
/// `NotRtcp` when the first packet is none of RTCP's own types, or lengths do not fit. That the first is a report (RFC 3550 §A.2) is not
/// asked: phones open the way through a NAT with a lone APP, and leave with a lone BYE (RFC 5506 has both).
pub fn read(bytes: &[u8], our_ssrc: u32) -> Result<Incoming, NotRtcp> {
    if !matches!(bytes.get(1), Some(200..=207)) {
        return Err(NotRtcp);
    }
    let mut incoming = Incoming::default();
    let ours = |block: ReportBlock<'_>| {
        (block.ssrc() == our_ssrc).then(|| Block {
            fraction_lost: block.fraction_lost(),
            // 24 bits, the first of them the sign.
            cumulative_lost: (block.cumulative_lost() << 8) as i32 >> 8,
            highest_sequence: block.extended_sequence_number(),
            jitter: block.interarrival_jitter(),
            last_sender_report: block.last_sender_report_timestamp(),
            delay: block.delay_since_last_sender_report_timestamp(),
        })
    };
    for packet in Compound::parse(bytes).map_err(|_| NotRtcp)? {
        match packet.map_err(|_| NotRtcp)? {
            Packet::Sr(report) => {
                incoming.last_sender_report = Some(middle(report.ntp_timestamp()));
                incoming.block = report.report_blocks().find_map(ours).or(incoming.block);
            }
            Packet::Rr(report) => incoming.block = report.report_blocks().find_map(ours).or(incoming.block),
            Packet::Bye(_) => incoming.goodbye = true,
            _ => {}
        }
    }
    incoming.extended = xr::read(bytes, our_ssrc)?;
    Ok(incoming)
}

/// What we tell of our stream to the leg.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub ssrc: u32,
    /// Our RTP clock now.
    pub timestamp: u32,
    pub packets: u64,
    pub octets: u64,
}

/// When reports are due, and what the next one must say of the last heard.
#[derive(Clone, Debug)]
pub struct Reporter {
    cname: String,
    due_at: Instant,
    /// The other side's last sender report and when it came.
    heard: Option<(u32, Instant)>,
    /// Its last reference time: whose, and when it came.
    referred: Option<(u32, u32, Instant)>,
    /// Packets sent when the last report went out.
    reported: u64,
}

impl Reporter {
    /// `cname`: RFC 7022 §4.2, random for each session.
    #[must_use]
    pub fn new(cname: String, now: Instant, rng: &mut Rng) -> Self {
        Self { cname, due_at: now + interval(rng), heard: None, referred: None, reported: 0 }
    }

    pub fn note(&mut self, incoming: Incoming, now: Instant) {
        if let Some(report) = incoming.last_sender_report {
            self.heard = Some((report, now));
        }
        if let Some((ssrc, reference)) = incoming.extended.reference_time {
            self.referred = Some((ssrc, reference, now));
        }
    }

    /// What of an extended report is asked for: our reference time, and our answer to theirs, once each.
    pub fn reference(&mut self, now: Instant) -> Wanted {
        let since = |(ssrc, last, at): (u32, u32, Instant)| (ssrc, last, ticks(now.saturating_since(at), 65_536) as u32);
        Wanted { reference_time: Some(ntp(now)), since_theirs: self.referred.take().map(since), metrics: None }
    }

    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.due_at
    }

    /// There is nowhere to send the report that is due.
    pub fn postpone(&mut self, now: Instant, rng: &mut Rng) {
        self.due_at = now + interval(rng);
    }

    /// Appends the report that is due: a sender report if anything was sent since the last, else a receiver report; with our CNAME.
    pub fn report(&mut self, sent: Sent, received: Option<ReceptionReport>, now: Instant, rng: &mut Rng, out: &mut Vec<u8>) {
        self.report_extended(sent, received, &Wanted::default(), now, rng, out);
    }

    /// As `report`, with an extended report behind it.
    pub fn report_extended(
        &mut self,
        sent: Sent,
        received: Option<ReceptionReport>,
        wanted: &Wanted,
        now: Instant,
        rng: &mut Rng,
        out: &mut Vec<u8>,
    ) {
        self.due_at = now + interval(rng);
        self.write(sent, received, false, now, out);
        xr::write(sent.ssrc, wanted, out);
    }

    /// Appends the last report, with BYE (RFC 3550 §6.3.7).
    pub fn goodbye(&mut self, sent: Sent, received: Option<ReceptionReport>, now: Instant, out: &mut Vec<u8>) {
        self.write(sent, received, true, now, out);
    }

    fn write(&mut self, sent: Sent, received: Option<ReceptionReport>, goodbye: bool, now: Instant, out: &mut Vec<u8>) {
        let block = received.map(|report| {
            let (last, since) = self.heard.map_or((0, 0), |(last, at)| (last, ticks(now.saturating_since(at), 65_536) as u32));
            ReportBlock::builder(report.ssrc)
                .fraction_lost(report.fraction_lost)
                .cumulative_lost(report.cumulative_lost)
                .extended_sequence_number(report.highest_sequence)
                .interarrival_jitter(report.jitter)
                .last_sender_report_timestamp(last)
                .delay_since_last_sender_report_timestamp(since)
        });
        let mut compound = Compound::builder();
        if sent.packets > self.reported {
            let mut report = SenderReport::builder(sent.ssrc)
                .ntp_timestamp(ntp(now))
                .rtp_timestamp(sent.timestamp)
                .packet_count(sent.packets as u32)
                .octet_count(sent.octets as u32);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            compound = compound.add_packet(report);
        } else {
            let mut report = ReceiverReport::builder(sent.ssrc);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            compound = compound.add_packet(report);
        }
        let chunk = SdesChunk::builder(sent.ssrc).add_item(SdesItem::builder(SdesItem::CNAME, &self.cname));
        compound = compound.add_packet(Sdes::builder().add_chunk(chunk));
        if goodbye {
            compound = compound.add_packet(Bye::builder().add_source(sent.ssrc));
        }
        self.reported = sent.packets;
        let start = out.len();
        out.resize(start + COMPOUND_MAX, 0);
        let written = compound.write_into(&mut out[start..]).expect("one block, one CNAME and one BYE fit their room");
        out.truncate(start + written);
    }
}

/// RFC 3550 §4: without a wall clock the time since the start will do, its highest bit clear.
fn ntp(now: Instant) -> u64 {
    let since = now.since_start();
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    ((since.as_secs() & 0x7FFF_FFFF) << 32) | fraction
}

/// The middle 32 bits of an NTP time: seconds and 65,536ths.
fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

fn interval(rng: &mut Rng) -> Duration {
    INTERVAL / 2 + Duration::from_micros(rng.below(INTERVAL.as_micros() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    const SENT: Sent = Sent { ssrc: 77, timestamp: 1_000, packets: 5, octets: 800 };
    const RECEIVED: ReceptionReport = ReceptionReport { ssrc: 9, fraction_lost: 12, cumulative_lost: 3, highest_sequence: 100, jitter: 7 };

    #[test]
    fn a_report_reads_back_at_the_other_side() {
        let mut rng = Rng::new(1);
        let now = Instant::START + secs(10);
        let mut reporter = Reporter::new("a1b2".to_owned(), Instant::START, &mut rng);
        let mut bytes = Vec::new();
        reporter.report(SENT, Some(RECEIVED), now, &mut rng, &mut bytes);
        assert_eq!(bytes[1], 200, "something was sent: a sender report");
        let incoming = read(&bytes, 9).expect("a compound packet");
        let block = Block { fraction_lost: 12, cumulative_lost: 3, highest_sequence: 100, jitter: 7, last_sender_report: 0, delay: 0 };
        assert_eq!(incoming, Incoming { last_sender_report: Some(10 << 16), block: Some(block), ..Incoming::default() });
        bytes.clear();
        reporter.goodbye(SENT, Some(RECEIVED), now, &mut bytes);
        assert_eq!(bytes[1], 201, "nothing since: a receiver report");
        assert!(read(&bytes, 9).expect("a compound packet").goodbye);
    }

    #[test]
    fn the_delay_since_the_last_sender_report_is_told() {
        let mut rng = Rng::new(1);
        let mut reporter = Reporter::new("c".to_owned(), Instant::START, &mut rng);
        reporter.note(Incoming { last_sender_report: Some(0xABCD), ..Incoming::default() }, Instant::START + secs(1));
        let mut bytes = Vec::new();
        reporter.report(SENT, Some(RECEIVED), Instant::START + secs(3), &mut rng, &mut bytes);
        assert_eq!(bytes[28 + 16..28 + 20], 0xABCD_u32.to_be_bytes());
        assert_eq!(bytes[28 + 20..28 + 24], (2_u32 << 16).to_be_bytes());
    }

    #[test]
    fn the_round_trip_is_what_is_left_of_the_time_since_our_report() {
        let (mut rng, start) = (Rng::new(1), Instant::START + secs(100));
        let mut ours = Reporter::new("a".to_owned(), Instant::START, &mut rng);
        let mut theirs = Reporter::new("b".to_owned(), Instant::START, &mut rng);
        let mut bytes = Vec::new();
        ours.report(SENT, None, start, &mut rng, &mut bytes);
        // 30 ms there, 2 s kept, 50 ms back.
        theirs.note(read(&bytes, 0).expect("ours"), start + millis(30));
        bytes.clear();
        let of_ours = ReceptionReport { ssrc: 77, ..RECEIVED };
        theirs.report(Sent { ssrc: 9, ..SENT }, Some(of_ours), start + millis(2_030), &mut rng, &mut bytes);
        let told = read(&bytes, 77).expect("theirs");
        let trip = told.round_trip(start + millis(2_080)).expect("a round trip");
        assert!(trip.abs_diff(millis(80)) < Duration::from_micros(50), "{trip:?}");
        assert_eq!(told.round_trip(start + millis(1_995)), Some(Duration::ZERO), "a coarse clock");
        assert_eq!(told.round_trip(start + millis(1_900)), None, "an answer before the question");
        assert_eq!(told.round_trip(start + secs(30)), None);
        assert_eq!(read(&bytes, 78).expect("theirs").round_trip(start + millis(2_080)), None, "another's stream");
    }

    #[test]
    fn who_only_receives_learns_the_round_trip_of_reference_times() {
        let (mut rng, start) = (Rng::new(1), Instant::START + secs(100));
        let mut ours = Reporter::new("a".to_owned(), Instant::START, &mut rng);
        let mut theirs = Reporter::new("b".to_owned(), Instant::START, &mut rng);
        let silent = Sent { packets: 0, ..SENT };
        let mut bytes = Vec::new();
        let wanted = ours.reference(start);
        ours.report_extended(silent, None, &wanted, start, &mut rng, &mut bytes);
        theirs.note(read(&bytes, 9).expect("ours"), start + millis(10));
        bytes.clear();
        let wanted = theirs.reference(start + millis(510));
        theirs.report_extended(Sent { ssrc: 9, ..silent }, None, &wanted, start + millis(510), &mut rng, &mut bytes);
        let trip = read(&bytes, 77).expect("theirs").round_trip(start + millis(530)).expect("a round trip");
        assert!(trip.abs_diff(millis(30)) < Duration::from_micros(50), "{trip:?}");
        assert_eq!(theirs.reference(start + secs(1)).since_theirs, None, "answered once");
    }

    #[test]
    fn what_is_lost_may_be_less_than_nothing() {
        let mut rng = Rng::new(1);
        let mut bytes = Vec::new();
        let mut reporter = Reporter::new("c".to_owned(), Instant::START, &mut rng);
        reporter.report(SENT, Some(RECEIVED), Instant::START, &mut rng, &mut bytes);
        bytes[28 + 5..28 + 8].copy_from_slice(&[0xFF, 0xFF, 0xFE]);
        assert_eq!(read(&bytes, 9).expect("a compound packet").block.map(|block| block.cumulative_lost), Some(-2));
    }

    #[test]
    fn reports_come_every_five_seconds_on_average() {
        let mut rng = Rng::new(4);
        let mut reporter = Reporter::new("c".to_owned(), Instant::START, &mut rng);
        let mut out = Vec::new();
        for _ in 0..400 {
            let now = reporter.deadline();
            reporter.report(SENT, None, now, &mut rng, &mut out);
            let wait = reporter.deadline() - now;
            assert!((millis(2_500)..=millis(7_500)).contains(&wait));
        }
        let mean = reporter.deadline().since_start() / 401;
        assert!((millis(4_700)..millis(5_300)).contains(&mean), "{mean:?}");
    }

    #[test]
    fn noise_is_not_rtcp() {
        let mut rng = Rng::new(2);
        for bytes in [&[][..], &[0x80, 200], &[0x80, 0, 0, 0], &[0x80, 199, 0, 0], &[0x80, 200, 0xFF, 0xFF, 0, 0, 0, 0]] {
            assert_eq!(read(bytes, 1), Err(NotRtcp), "{bytes:?}");
        }
        for _ in 0..20_000 {
            let mut bytes: Vec<u8> = (0..rng.below(90)).map(|_| rng.next_u32() as u8).collect();
            if bytes.len() > 4 {
                bytes[0] = 0x80 | bytes[0] & 0x3F;
                bytes[1] = 200 + bytes[1] % 8;
                bytes[2] = 0;
                bytes[3] %= 20;
            }
            let _ = read(&bytes, 1);
        }
    }
}
