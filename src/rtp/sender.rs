//! Our numbers towards one hearer: one SSRC, one sequence, one timeline for the life of the leg, whoever is heard on it. A relayed
//! source keeps its own gaps and order, shifted; our own sound goes on from there.

use super::{Header, ticks};
use crate::base::{Duration, Instant, Rng, time::millis};

/// Names a source of sound for one hearer; a new number begins a new mapping.
pub type SourceKey = u64;

/// How far a late relayed packet may lie behind the highest number sent.
const LATE_MAX: u64 = 100;
/// How fast packets are taken to go out where their number is only reckoned.
const PACKET_TIME: Duration = millis(20);
/// Numbers that are reckoned are set at least so much ahead, and by one part of so many of the time; at most so much: RFC 3550 §A.1 takes a jump
/// of less than 3,000 packets for loss.
const AHEAD_LEAST: Duration = millis(1_000);
const AHEAD_PART: u32 = 2_000;
const AHEAD_MOST: Duration = millis(20_000);
/// Timestamps reckoned are set ahead by one part of so many: the clock of a relayed phone may be as much faster than ours. No more, or
/// the hearer would wait for it.
const CLOCK_PART: u32 = 20_000;
/// Our own sound goes on without a step when a frame is this near its time.
const STEP_MIN: Duration = millis(15);

#[derive(Clone, Debug)]
pub struct Sender {
    ssrc: u32,
    clock_rate: u32,
    payload_type: u8,
    /// The timeline before the first packet: `first` at the moment `since`.
    first: u32,
    since: Instant,
    /// The highest number used; counts on past 65,535.
    highest: u64,
    /// The first, of this program.
    lowest: u64,
    /// When and with what timestamp the last packet of sound went out, and how many ticks it lasts.
    last: Option<Last>,
    source: Source,
    event: Option<EventClock>,
    packets: u64,
    octets: u64,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    at: Instant,
    timestamp: u32,
    ticks: u32,
}

/// Whose sound goes out.
#[derive(Clone, Copy, Debug)]
enum Source {
    None,
    /// Ours; the next frame's timestamp if it comes in time.
    Own,
    /// A relayed one: what is added to its numbers. Nothing below `from` may be sent: those numbers were used for another source.
    Relayed {
        key: SourceKey,
        sequence_shift: u64,
        timestamp_shift: u32,
        from: u64,
    },
}

/// The timestamp under which an event of the source goes out: the same for all its packets (RFC 4733 §2.5.1.1).
#[derive(Clone, Copy, Debug)]
struct EventClock {
    key: SourceKey,
    source_timestamp: u32,
    timestamp: u32,
}

/// A packet to be relayed, as its source numbered it.
#[derive(Clone, Copy, Debug)]
pub struct Relayed {
    pub key: SourceKey,
    pub extended: u64,
    pub timestamp: u32,
    pub marker: bool,
}

impl Sender {
    /// How often numbers have rolled over when a stream begins.
    pub const FIRST_COUNTER: u64 = 1;

    /// A stream that begins at `since`. SSRC, first sequence number and first timestamp are drawn (RFC 3550 §5.1), nothing else is.
    #[must_use]
    pub fn new(clock_rate: u32, payload_type: u8, since: Instant, rng: &mut Rng) -> Self {
        let (ssrc, first, highest) = (rng.next_u32(), rng.next_u32(), (Self::FIRST_COUNTER << 16) + rng.below(0x8000));
        Self {
            ssrc,
            clock_rate,
            payload_type,
            first,
            since,
            highest,
            lowest: highest + 1,
            last: None,
            source: Source::None,
            event: None,
            packets: 0,
            octets: 0,
        }
    }

    /// The stream was begun by a program that is gone, and how far it came is not known: its numbers are reckoned by the clock, and set a
    /// little ahead, so that they do not go back.
    pub fn resume(&mut self, now: Instant) {
        let passed = now.saturating_since(self.since);
        let ahead = (AHEAD_LEAST + passed / AHEAD_PART).min(AHEAD_MOST);
        self.highest += ((passed + ahead).as_nanos() / PACKET_TIME.as_nanos()) as u64;
        self.lowest = self.highest + 1;
        self.since = Instant::after_start(self.since.since_start().saturating_sub(passed / CLOCK_PART));
    }

    /// The codec towards the hearer changed; sequence and SSRC go on.
    pub fn set_format(&mut self, clock_rate: u32, payload_type: u8) {
        if (clock_rate, payload_type) != (self.clock_rate, self.payload_type) {
            self.clock_rate = clock_rate;
            self.payload_type = payload_type;
            self.source = Source::None;
            self.event = None;
        }
    }

    /// Another source is heard from now on, or none: the next packet begins a talkspurt.
    pub fn interrupt(&mut self) {
        self.source = Source::None;
    }

    /// The header for a relayed packet; `None` when it is from before the source was heard.
    pub fn relay(&mut self, packet: Relayed, now: Instant) -> Option<Header> {
        let (shift, timestamp_shift, from, begins) = match self.source {
            Source::Relayed { key, sequence_shift, timestamp_shift, from } if key == packet.key => {
                (sequence_shift, timestamp_shift, from, false)
            }
            _ => {
                let shift = (self.highest + 1).wrapping_sub(packet.extended);
                (shift, self.timestamp_at(now).wrapping_sub(packet.timestamp), packet.extended, true)
            }
        };
        let number = packet.extended.wrapping_add(shift);
        if packet.extended < from || number + LATE_MAX < self.highest {
            return None;
        }
        if begins {
            self.source = Source::Relayed { key: packet.key, sequence_shift: shift, timestamp_shift, from };
        }
        let timestamp = packet.timestamp.wrapping_add(timestamp_shift);
        if number > self.highest {
            let ticks = self.last.map_or(0, |last| timestamp.wrapping_sub(last.timestamp)).min(self.clock_rate / 8);
            self.last = Some(Last { at: now, timestamp, ticks });
            self.highest = number;
        }
        Some(self.header(number, timestamp, packet.marker || begins))
    }

    /// A packet of the relayed source is not passed on: the hearer must not take it for lost.
    pub fn withhold(&mut self, packet: Relayed) {
        if let Source::Relayed { key, sequence_shift, from, .. } = &mut self.source
            && *key == packet.key
            && packet.extended.wrapping_add(*sequence_shift) > self.highest
        {
            *sequence_shift = sequence_shift.wrapping_sub(1);
            *from = packet.extended + 1;
        }
    }

    /// The header for a packet of our own sound that lasts `ticks`, due `now`.
    pub fn originate(&mut self, ticks: u32, now: Instant) -> Header {
        let goes_on = match (self.source, self.last) {
            (Source::Own, Some(last)) => {
                let expected = last.at + Duration::from_nanos(u64::from(last.ticks) * 1_000_000_000 / u64::from(self.clock_rate));
                (now.saturating_since(expected) < STEP_MIN && expected.saturating_since(now) < STEP_MIN)
                    .then(|| last.timestamp.wrapping_add(last.ticks))
            }
            _ => None,
        };
        let timestamp = goes_on.unwrap_or_else(|| self.timestamp_at(now));
        self.source = Source::Own;
        self.last = Some(Last { at: now, timestamp, ticks });
        self.highest += 1;
        self.header(self.highest, timestamp, goes_on.is_none())
    }

    /// The header for a packet of an event of `source`'s, which began at `source_timestamp` of its clock. While its sound is relayed, the
    /// number follows the source's, so that loss shows; else ours goes on.
    pub fn event(&mut self, packet: Relayed, payload_type: u8, now: Instant) -> Option<Header> {
        let same = self.event.filter(|event| event.key == packet.key && event.source_timestamp == packet.timestamp);
        let (number, timestamp) = match self.source {
            Source::Relayed { key, sequence_shift, timestamp_shift, from } if key == packet.key => {
                let number = packet.extended.wrapping_add(sequence_shift);
                if packet.extended < from || number + LATE_MAX < self.highest {
                    return None;
                }
                (number, packet.timestamp.wrapping_add(timestamp_shift))
            }
            _ => (self.highest + 1, self.timestamp_at(now)),
        };
        let timestamp = same.map_or(timestamp, |event| event.timestamp);
        self.event = Some(EventClock { key: packet.key, source_timestamp: packet.timestamp, timestamp });
        self.highest = self.highest.max(number);
        // RFC 4733 §2.5.1.1: the marker stands on the event's first packet.
        let mut header = self.header(number, timestamp, same.is_none());
        header.payload_type = payload_type;
        Some(header)
    }

    fn header(&mut self, number: u64, timestamp: u32, marker: bool) -> Header {
        self.packets += 1;
        Header { payload_type: self.payload_type, marker, sequence: number as u16, timestamp, ssrc: self.ssrc }
    }

    pub fn note_octets(&mut self, payload: usize) {
        self.octets += payload as u64;
    }

    /// Where our timeline stands: the last timestamp and the time since, at least the last packet's length.
    #[must_use]
    pub fn timestamp_at(&self, now: Instant) -> u32 {
        match self.last {
            None => self.first.wrapping_add(ticks(now.saturating_since(self.since), self.clock_rate) as u32),
            Some(last) => {
                let elapsed = ticks(now.saturating_since(last.at), self.clock_rate) as u32;
                last.timestamp.wrapping_add(elapsed.max(last.ticks).max(1))
            }
        }
    }

    /// The highest number used, which counts on past 65,535.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// The number of a packet that goes out: the highest, or a little behind it.
    #[must_use]
    pub fn number_of(&self, sequence: u16) -> u64 {
        self.highest - u64::from((self.highest as u16).wrapping_sub(sequence))
    }

    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    #[must_use]
    pub fn clock_rate(&self) -> u32 {
        self.clock_rate
    }

    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// The number of the first packet that this program sends, or sent.
    #[must_use]
    pub fn first_number(&self) -> u16 {
        self.lowest as u16
    }

    /// Numbers that were left out, since what is passed on under them never came.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        (self.highest + 1 - self.lowest).saturating_sub(self.packets)
    }

    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::after_start(millis(ms))
    }

    fn relayed(key: u64, extended: u64, timestamp: u32) -> Relayed {
        Relayed { key, extended, timestamp, marker: false }
    }

    #[test]
    fn own_sound_then_a_party_then_own_sound_is_one_stream() {
        let mut sender = Sender::new(8_000, 8, at(0), &mut Rng::new(1));
        let mut headers = Vec::new();
        for frame in 0..3 {
            headers.push(sender.originate(160, at(1_000 + frame * 20)));
        }
        for frame in 0..3_u32 {
            headers.push(
                sender.relay(relayed(7, 99_000 + u64::from(frame), 5_000 + frame * 160), at(1_065 + u64::from(frame) * 20)).expect("sent"),
            );
        }
        headers.push(sender.originate(160, at(1_120)));
        for pair in headers.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((160..=201).contains(&step), "{step}");
        }
        assert_eq!(headers.iter().map(|header| header.marker).collect::<Vec<_>>(), [true, false, false, true, false, false, true]);
    }

    #[test]
    fn a_pause_of_our_own_shows_in_the_timestamp() {
        let mut sender = Sender::new(48_000, 96, at(0), &mut Rng::new(2));
        let first = sender.originate(960, at(0));
        let second = sender.originate(960, at(500));
        assert_eq!(second.timestamp.wrapping_sub(first.timestamp), 24_000);
        assert!(second.marker);
    }

    #[test]
    fn a_relayed_source_keeps_its_gaps_and_order() {
        let mut sender = Sender::new(8_000, 0, at(0), &mut Rng::new(3));
        let first = sender.relay(relayed(1, 70_000, 0), at(0)).expect("sent");
        let numbers: Vec<u16> = [70_003_u64, 70_002, 70_004]
            .map(|extended| {
                let header = sender.relay(relayed(1, extended, (extended - 70_000) as u32 * 160), at(40)).expect("sent");
                assert_eq!(header.timestamp.wrapping_sub(first.timestamp), (extended - 70_000) as u32 * 160);
                header.sequence.wrapping_sub(first.sequence)
            })
            .to_vec();
        assert_eq!(numbers, [3, 2, 4]);
        assert_eq!(sender.skipped(), 1, "70,001 never came");
        assert_eq!(sender.relay(relayed(1, 69_999, 0), at(60)), None, "its number belongs to what was heard before");
        let other = sender.relay(relayed(2, 5, 9), at(80)).expect("sent");
        assert_eq!(other.sequence.wrapping_sub(first.sequence), 5);
        assert!(other.marker);
    }

    #[test]
    fn what_is_withheld_is_no_hole() {
        let mut sender = Sender::new(8_000, 0, at(0), &mut Rng::new(3));
        let first = sender.relay(relayed(1, 70_000, 0), at(0)).expect("sent");
        for extended in [70_002, 70_003] {
            sender.withhold(relayed(1, extended, 0));
        }
        sender.withhold(relayed(2, 70_004, 0));
        let next = sender.relay(relayed(1, 70_004, 640), at(80)).expect("sent");
        assert_eq!(next.sequence.wrapping_sub(first.sequence), 2, "70,001 is lost, two were withheld");
        assert_eq!(next.timestamp.wrapping_sub(first.timestamp), 640);
        assert_eq!(sender.relay(relayed(1, 70_001, 160), at(81)), None, "its number may be used");
    }

    #[test]
    fn all_packets_of_an_event_have_one_timestamp() {
        let mut sender = Sender::new(48_000, 96, at(0), &mut Rng::new(4));
        let sound = sender.originate(960, at(0));
        let events: Vec<Header> = (0..4).map(|n| sender.event(relayed(1, 70_000 + n, 800), 101, at(20 + n * 20)).expect("sent")).collect();
        assert!(events.iter().all(|event| event.timestamp == sound.timestamp.wrapping_add(960) && event.payload_type == 101));
        assert_eq!(events.iter().map(|event| event.marker).collect::<Vec<_>>(), [true, false, false, false]);
        let next = sender.event(relayed(1, 70_009, 9_000), 101, at(300)).expect("sent");
        assert!(next.marker && next.timestamp == sound.timestamp.wrapping_add(300 * 48));
        let sound = sender.originate(960, at(400));
        assert_eq!(sound.sequence, next.sequence.wrapping_add(1));
    }

    #[test]
    fn a_stream_that_is_resumed_never_goes_back_and_is_taken_for_loss() {
        // (codec's clock, seconds sent, how fast the relayed phone's clock runs in parts of a million, milliseconds without us)
        for (clock_rate, sent, ppm, gone) in [
            (8_000, 1, 0, 50),
            (8_000, 10, 0, 300),
            (8_000, 600, 100, 300),
            (48_000, 3_600, -100, 1_000),
            (8_000, 3_600, 100, 1_000),
            (8_000, 8 * 3_600, 50, 2_000),
            (8_000, 24 * 3_600, 0, 10_000),
        ] {
            let began = at(7_000);
            let new = || Sender::new(clock_rate, 8, began, &mut Rng::new(9));
            let (mut sender, mut hearer) = (new(), crate::rtp::Receiver::new(clock_rate));
            let mut last = sender.relay(relayed(1, 70_000, 77), began).expect("sent");
            let count = sent * 50;
            let ticks = (clock_rate as u64 / 50 * count) as i64;
            let timestamp = (ticks + ticks * ppm / 1_000_000) as u32;
            let end = began + millis(sent * 1_000);
            if let Some(header) = sender.relay(relayed(1, 70_000 + count, 77_u32.wrapping_add(timestamp)), end) {
                last = header;
            }
            hearer.receive(last.ssrc, last.sequence);
            let again = end + millis(gone);
            let mut resumed = new();
            resumed.resume(again);
            let first = resumed.relay(relayed(1, 5, 99), again).expect("sent");
            assert_eq!(first.ssrc, last.ssrc);
            let arrival = hearer.receive(first.ssrc, first.sequence);
            assert!(matches!(arrival, crate::rtp::Arrival::Next { .. }), "{sent} s, {ppm}: {arrival:?}");
            let step = f64::from(first.timestamp.wrapping_sub(last.timestamp) as i32) / f64::from(clock_rate);
            let true_step = gone as f64 / 1_000.0;
            assert!(step > 0.0 && (step - true_step).abs() < 5.0, "{sent} s, {ppm}: {step} for {true_step}");
        }
    }
}
