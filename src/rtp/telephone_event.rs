//! Keys pressed, as RFC 4733 sends them: read once a press, and brought to another leg's clock. Only the sixteen DTMF events are keys;
//! flash and the rest pass by.

use crate::base::{Duration, Instant, time::millis};

/// A press whose end packets were all lost ends this long after its last packet (senders repeat at least every 50 ms,
/// RFC 4733 §2.5.1.2).
pub const ENDED_AFTER: Duration = millis(200);

/// The payload of one packet (RFC 4733 §2.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    pub code: u8,
    pub end: bool,
    /// 0 to 63, −dBm0.
    pub volume: u8,
    /// In ticks of the stream's clock.
    pub duration: u16,
}

impl Event {
    /// The first event of a payload; `None` when it is too short.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let &[code, flags, high, low, ..] = payload else { return None };
        Some(Self { code, end: flags & 0x80 != 0, volume: flags & 0x3F, duration: u16::from_be_bytes([high, low]) })
    }

    #[must_use]
    pub fn write(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, u8::from(self.end) << 7 | self.volume & 0x3F, high, low]
    }

    /// The key, or `None` for an event that is none.
    #[must_use]
    pub fn key(self) -> Option<char> {
        b"0123456789*#ABCD".get(usize::from(self.code)).map(|key| char::from(*key))
    }

    /// The same event on another clock; a duration that does not fit stays at its most (RFC 4733 §2.3.5).
    #[must_use]
    pub fn at_clock(self, from: u32, to: u32) -> Self {
        let duration = u64::from(self.duration) * u64::from(to) / u64::from(from.max(1));
        Self { duration: u16::try_from(duration).unwrap_or(u16::MAX), ..self }
    }
}

/// A key that was pressed and let go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyPress {
    pub key: char,
    pub duration: Duration,
}

/// Tells presses from retransmissions: all packets of a press have one timestamp.
#[derive(Clone, Debug)]
pub struct EventReceiver {
    clock_rate: u32,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    None,
    Pressed {
        timestamp: u32,
        code: u8,
        key: Option<char>,
        ticks: u64,
        segment: u16,
        ends_at: Instant,
    },
    /// Ended and told; what still comes with this timestamp is a retransmission.
    Told {
        timestamp: u32,
    },
}

impl State {
    fn begun(event: Event, timestamp: u32, ends_at: Instant) -> Self {
        Self::Pressed { timestamp, code: event.code, key: event.key(), ticks: 0, segment: event.duration, ends_at }
    }
}

impl EventReceiver {
    #[must_use]
    pub fn new(clock_rate: u32) -> Self {
        Self { clock_rate, state: State::None }
    }

    pub fn set_clock_rate(&mut self, clock_rate: u32) {
        self.clock_rate = clock_rate;
    }

    /// Takes a packet; tells the press that it ended, its own or the one before.
    pub fn receive(&mut self, event: Event, timestamp: u32, now: Instant) -> Option<KeyPress> {
        let ends_at = now + ENDED_AFTER;
        let (state, told) = match self.state {
            State::Told { timestamp: last } if last == timestamp || is_before(timestamp, last) => return None,
            State::Pressed { timestamp: last, .. } if is_before(timestamp, last) => return None,
            State::Pressed { timestamp: last, code, key, ticks, segment, .. } if last == timestamp => {
                let segment = segment.max(event.duration);
                (State::Pressed { timestamp, code, key, ticks, segment, ends_at }, None)
            }
            // RFC 4733 §2.5.1.3: a press too long for its field goes on in a new segment, its timestamp moved by the old one's length.
            State::Pressed { timestamp: last, code, key, ticks, .. } if code == event.code && timestamp == last.wrapping_add(0xFFFF) => {
                (State::Pressed { timestamp, code, key, ticks: ticks + 0xFFFF, segment: event.duration, ends_at }, None)
            }
            State::Pressed { .. } => (State::begun(event, timestamp, ends_at), self.press()),
            State::None | State::Told { .. } => (State::begun(event, timestamp, ends_at), None),
        };
        self.state = state;
        if event.end && told.is_none() { self.end() } else { told }
    }

    /// Ends a press whose end was lost.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<KeyPress> {
        if self.deadline()? > now {
            return None;
        }
        self.end()
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Pressed { ends_at, .. } => Some(ends_at),
            State::None | State::Told { .. } => None,
        }
    }

    fn end(&mut self) -> Option<KeyPress> {
        let press = self.press();
        if let State::Pressed { timestamp, .. } = self.state {
            self.state = State::Told { timestamp };
        }
        press
    }

    fn press(&self) -> Option<KeyPress> {
        let State::Pressed { key: Some(key), ticks, segment, .. } = self.state else { return None };
        let ticks = ticks + u64::from(segment);
        Some(KeyPress { key, duration: Duration::from_micros(ticks * 1_000_000 / u64::from(self.clock_rate)) })
    }
}

/// Whether `a` is a little older than `b` on a 32-bit clock: within what a network reorders.
fn is_before(a: u32, b: u32) -> bool {
    let behind = b.wrapping_sub(a);
    behind != 0 && behind < 48_000 * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::after_start(millis(ms))
    }

    fn event(code: u8, end: bool, duration: u16) -> Event {
        Event { code, end, volume: 10, duration }
    }

    fn pressed(key: char, ms: u64) -> Option<KeyPress> {
        Some(KeyPress { key, duration: millis(ms) })
    }

    #[test]
    fn a_press_is_told_once_whatever_is_repeated() {
        let mut receiver = EventReceiver::new(8_000);
        for (n, duration) in [160, 320, 480].into_iter().enumerate() {
            assert_eq!(receiver.receive(event(5, false, duration), 1_000, at(n as u64 * 20)), None);
        }
        assert_eq!(receiver.receive(event(5, true, 640), 1_000, at(60)), pressed('5', 80));
        for _ in 0..2 {
            assert_eq!(receiver.receive(event(5, true, 640), 1_000, at(62)), None);
        }
        assert_eq!(receiver.receive(event(5, false, 160), 1_000, at(65)), None, "a late one of the same press");
        assert_eq!(receiver.receive(event(5, true, 400), 3_000, at(300)), pressed('5', 50), "the same key again");
        assert_eq!(receiver.deadline(), None);
    }

    #[test]
    fn a_press_without_its_end_ends_by_time_or_by_the_next() {
        let mut receiver = EventReceiver::new(48_000);
        receiver.receive(event(11, false, 4_800), 50, at(0));
        assert_eq!(receiver.deadline(), Some(at(200)));
        assert_eq!(receiver.handle_timeout(at(199)), None);
        assert_eq!(receiver.handle_timeout(at(200)), pressed('#', 100));
        assert_eq!(receiver.receive(event(11, true, 9_600), 50, at(210)), None, "its end came after all");
        receiver.receive(event(1, false, 960), 200_000, at(400));
        assert_eq!(receiver.receive(event(2, false, 960), 230_000, at(500)), pressed('1', 20));
        assert_eq!(receiver.handle_timeout(at(900)), pressed('2', 20));
    }

    #[test]
    fn a_very_long_press_is_one() {
        let mut receiver = EventReceiver::new(8_000);
        assert_eq!(receiver.receive(event(0, false, 0xFFFF), 10, at(0)), None);
        assert_eq!(receiver.receive(event(0, false, 160), 10 + 0xFFFF, at(20)), None);
        assert_eq!(receiver.receive(event(0, true, 320), 10 + 0xFFFF, at(40)).expect("told").key, '0');
    }

    #[test]
    fn what_is_no_key_is_not_told() {
        let mut receiver = EventReceiver::new(8_000);
        assert_eq!(receiver.receive(event(16, true, 400), 10, at(0)), None, "flash");
        assert_eq!(Event::read(&[1, 2, 3]), None);
        assert_eq!(Event::read(&event(15, true, 0x1234).write()), Some(event(15, true, 0x1234)));
    }

    #[test]
    fn another_clock_scales_the_duration() {
        assert_eq!(event(1, true, 800).at_clock(8_000, 48_000).duration, 4_800);
        assert_eq!(event(1, true, 4_800).at_clock(48_000, 8_000).duration, 800);
        assert_eq!(event(1, true, 20_000).at_clock(8_000, 48_000).duration, 0xFFFF);
    }
}
