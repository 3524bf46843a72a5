//! Packets held back until it is their turn, where a stream is decoded. Starts with a fixed delay, grows when packets come too late,
//! shrinks when it was deeper than needed for a while. Holds packets, not sound: what is missing is asked of the decoder.

use crate::base::{Duration, Instant, time::millis};

/// Delay at the start of a talkspurt: two packets and a half.
pub const DELAY_START: Duration = millis(50);
/// Most delay; more is thrown away, oldest first.
pub const DELAY_MAX: Duration = millis(200);
/// Packets held at most: 200 ms in packets of 5 ms.
const SLOTS: usize = 40;
/// Missing packets made up for in a row; a longer gap is skipped.
const CONCEALED_MAX: u64 = 5;
/// Pulls with nothing to play before the talkspurt is over.
const STARVED_MAX: u32 = 3;
/// Pulls over which the least depth is watched before one packet is thrown away: 5 s.
const WATCHED_PULLS: u32 = 250;

/// What to play next.
#[derive(PartialEq, Eq, Debug)]
pub enum Next<'a> {
    Packet(&'a [u8]),
    /// One packet is missing and will not come in time: conceal it.
    Lost,
    /// Nothing is here though the talkspurt goes on: conceal 20 ms.
    Starved,
    /// Nothing to play: before the first packet, between talkspurts.
    Idle,
}

/// What became of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pushed {
    Kept,
    /// Its turn was over.
    Late,
    Duplicate,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Waiting for the first packet of a talkspurt.
    Idle,
    /// The talkspurt's first packet is here; it plays at `play_at`.
    Filling { play_at: Instant },
    /// `owed`: pulls answered by `Starved` since the last packet. They stand for packets that may still prove lost.
    Playing { next: u64, owed: u32 },
}

#[derive(Debug)]
pub struct JitterBuffer {
    slots: Vec<Slot>,
    /// What was played last.
    played: Vec<u8>,
    /// Room for payloads that are not held any more, so that there is as much as packets were ever held at once, not one a slot.
    spare: Vec<Vec<u8>>,
    state: State,
    /// Length of a packet as its stream showed it.
    packet_time: Duration,
    least_depth: u64,
    pulls_watched: u32,
    late: u64,
    discarded: u64,
}

#[derive(Clone, Default, Debug)]
struct Slot {
    sequence: Option<u64>,
    payload: Vec<u8>,
}

impl Default for JitterBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl JitterBuffer {
    #[must_use]
    pub fn new() -> Self {
        Self {
            slots: vec![Slot::default(); SLOTS],
            played: Vec::new(),
            spare: Vec::new(),
            state: State::Idle,
            packet_time: millis(20),
            least_depth: u64::MAX,
            pulls_watched: 0,
            late: 0,
            discarded: 0,
        }
    }

    /// Forgets all packets; the next one begins a talkspurt.
    pub fn reset(&mut self) {
        for slot in &mut self.slots {
            slot.sequence = None;
        }
        self.state = State::Idle;
        self.watch_anew();
    }

    /// Packets that came after their turn.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Packets thrown away to keep the delay down.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Tells how long a packet lasts, once the decoder has seen one.
    pub fn set_packet_time(&mut self, packet_time: Duration) {
        self.packet_time = packet_time.clamp(millis(5), millis(120));
    }

    /// `sequence` counts on past 65,535 (`Receiver`).
    pub fn push(&mut self, sequence: u64, payload: &[u8], now: Instant) -> Pushed {
        match self.state {
            State::Idle => self.state = State::Filling { play_at: now + DELAY_START },
            State::Playing { next, .. } if sequence < next => {
                self.late += 1;
                return Pushed::Late;
            }
            State::Filling { .. } | State::Playing { .. } => {}
        }
        let slot = &mut self.slots[slot_of(sequence)];
        if slot.sequence == Some(sequence) {
            return Pushed::Duplicate;
        }
        // A slot that still holds an older packet is more than the buffer's length behind: the new one wins.
        if slot.sequence.replace(sequence).is_some() {
            self.discarded += 1;
        } else if slot.payload.capacity() == 0 {
            slot.payload = self.spare.pop().unwrap_or_default();
        }
        slot.payload.clear();
        slot.payload.extend_from_slice(payload);
        self.shed(sequence);
        Pushed::Kept
    }

    /// What to play now; call again until as much was played as the time wants.
    pub fn pull(&mut self, now: Instant) -> Next<'_> {
        let (next, owed) = match self.state {
            State::Idle => return Next::Idle,
            State::Filling { play_at } if now < play_at => return Next::Idle,
            State::Filling { .. } => match self.oldest() {
                Some(oldest) => (oldest, 0),
                None => {
                    self.state = State::Idle;
                    return Next::Idle;
                }
            },
            State::Playing { next, owed } => (next, owed),
        };
        let Some(oldest) = self.oldest() else {
            return self.starve(next, owed);
        };
        // What was concealed while nothing was here is not concealed again.
        let missing = oldest - next;
        let paid = missing.min(u64::from(owed));
        let next = next + paid;
        let missing = missing - paid;
        if missing > 0 && missing <= CONCEALED_MAX {
            self.state = State::Playing { next: next + 1, owed: 0 };
            return Next::Lost;
        }
        self.watch(oldest);
        let oldest = self.oldest().unwrap_or(oldest);
        self.state = State::Playing { next: oldest + 1, owed: 0 };
        let slot = &mut self.slots[slot_of(oldest)];
        slot.sequence = None;
        let before = std::mem::replace(&mut self.played, std::mem::take(&mut slot.payload));
        if before.capacity() > 0 && self.spare.len() < SLOTS {
            self.spare.push(before);
        }
        Next::Packet(&self.played)
    }

    fn starve(&mut self, next: u64, owed: u32) -> Next<'static> {
        self.watch_anew();
        if owed < STARVED_MAX {
            self.state = State::Playing { next, owed: owed + 1 };
            Next::Starved
        } else {
            self.state = State::Idle;
            Next::Idle
        }
    }

    /// Keeps the delay below its bound when packets came in a burst.
    fn shed(&mut self, newest: u64) {
        let State::Playing { next, .. } = self.state else { return };
        let held = newest.saturating_sub(next) + 1;
        let most = (DELAY_MAX.as_micros() / self.packet_time.as_micros()).min(SLOTS as u128 - 1) as u64;
        if held > most {
            let next = newest + 1 - most;
            self.drop_before(next);
            self.state = State::Playing { next, owed: 0 };
        }
    }

    fn drop_before(&mut self, next: u64) {
        for slot in &mut self.slots {
            if slot.sequence.is_some_and(|sequence| sequence < next) {
                slot.sequence = None;
                self.discarded += 1;
            }
        }
    }

    /// Throws one packet away when the buffer was never as shallow as it should be for 5 s.
    fn watch(&mut self, oldest: u64) {
        let depth = self.newest().map_or(0, |newest| newest + 1 - oldest);
        self.least_depth = self.least_depth.min(depth);
        self.pulls_watched += 1;
        if self.pulls_watched < WATCHED_PULLS {
            return;
        }
        let wanted = (DELAY_START.as_micros() / self.packet_time.as_micros()) as u64 + 1;
        if self.least_depth > wanted + 1 {
            self.drop_before(oldest + 1);
        }
        self.watch_anew();
    }

    fn watch_anew(&mut self) {
        self.least_depth = u64::MAX;
        self.pulls_watched = 0;
    }

    /// The packet right behind the one that was just told `Lost`, if it is here already: its sender may have put a copy into it.
    #[must_use]
    pub fn upcoming(&self) -> Option<&[u8]> {
        let State::Playing { next, .. } = self.state else { return None };
        let slot = &self.slots[slot_of(next)];
        (slot.sequence == Some(next)).then_some(&*slot.payload)
    }

    fn oldest(&self) -> Option<u64> {
        self.slots.iter().filter_map(|slot| slot.sequence).min()
    }

    fn newest(&self) -> Option<u64> {
        self.slots.iter().filter_map(|slot| slot.sequence).max()
    }
}

fn slot_of(sequence: u64) -> usize {
    (sequence % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::after_start(millis(ms))
    }

    /// Pushes `(arrival ms, sequence)`, pulls every 20 ms from 0 on, and writes what was played: a number, `x` lost, `?` starved, `-` idle.
    fn play(arrivals: &[(u64, u64)], until: u64) -> (String, JitterBuffer) {
        let mut buffer = JitterBuffer::new();
        let mut text = String::new();
        let mut rest = arrivals;
        for tick in (0..=until).step_by(20) {
            while let Some(((when, sequence), later)) = rest.split_first().filter(|((when, _), _)| *when <= tick) {
                buffer.push(*sequence, &[*sequence as u8], at(*when));
                rest = later;
            }
            match buffer.pull(at(tick)) {
                Next::Packet(payload) => text += &payload[0].to_string(),
                Next::Lost => text += "x",
                Next::Starved => text += "?",
                Next::Idle => text += "-",
            }
        }
        (text, buffer)
    }

    #[test]
    fn plays_in_order_after_its_delay() {
        for (story, arrivals, heard) in [
            ("regular", vec![(0, 1), (20, 2), (40, 3), (60, 4), (80, 5)], "---12345???-"),
            ("reordered", vec![(0, 1), (20, 3), (21, 2), (60, 4), (80, 5)], "---12345???-"),
            ("one lost", vec![(0, 1), (20, 2), (60, 4), (80, 5)], "---12x45???-"),
            ("doubled", vec![(0, 1), (0, 1), (20, 2), (40, 3)], "---123???---"),
            ("first two swapped", vec![(0, 2), (1, 1), (40, 3)], "---123???---"),
            ("late by more than the delay", vec![(0, 1), (20, 2), (115, 3), (116, 4), (117, 5)], "---12?345???"),
            ("starved, then proved lost", vec![(0, 1), (20, 2), (115, 4), (117, 5)], "---12?45???-"),
            ("a long gap is skipped", vec![(0, 1), (20, 2), (40, 19), (60, 20)], "---121920???-"),
            ("two talkspurts", vec![(0, 1), (180, 2), (200, 3)], "---1???-----23"),
        ] {
            let (text, _) = play(&arrivals, 20 * (heard.len() as u64 - 1));
            assert!(text.starts_with(heard.trim_end_matches('?')) || text == heard, "{story}: {text} for {heard}");
        }
    }

    #[test]
    fn a_packet_after_its_turn_is_dropped_and_counted() {
        let (text, buffer) = play(&[(0, 1), (20, 2), (60, 4), (110, 3)], 120);
        assert_eq!(text, "---12x4");
        assert_eq!(buffer.late(), 1);
    }

    #[test]
    fn a_burst_does_not_make_it_deeper_than_its_bound() {
        let mut buffer = JitterBuffer::new();
        for sequence in 0..200 {
            buffer.push(sequence, &[], at(0));
            if sequence == 0 {
                assert!(matches!(buffer.pull(at(60)), Next::Packet(_)));
            }
        }
        let held = std::iter::from_fn(|| matches!(buffer.pull(at(60)), Next::Packet(_)).then_some(())).count();
        assert_eq!(held, 10, "200 ms of 20 ms packets");
        assert_eq!(buffer.discarded(), 189);
    }

    #[test]
    fn needless_depth_goes_away_with_time() {
        let mut buffer = JitterBuffer::new();
        for sequence in 0..8 {
            buffer.push(sequence, &[], at(0));
        }
        for tick in 0..3_000_u64 {
            let now = at(60 + tick * 20);
            buffer.push(8 + tick, &[], now);
            assert!(!matches!(buffer.pull(now), Next::Starved | Next::Lost));
        }
        let depth = buffer.newest().expect("packets") + 1 - buffer.oldest().expect("packets");
        assert!(depth <= 4, "{depth}");
    }

    #[test]
    fn any_order_of_any_numbers_is_bounded() {
        let mut rng = crate::base::Rng::new(5);
        let mut buffer = JitterBuffer::new();
        for step in 0..20_000 {
            buffer.push(70_000 + step / 3 + rng.below(300), &[0; 3], at(step * 7));
            for _ in 0..rng.below(3) {
                let _ = buffer.pull(at(step * 7));
            }
            if rng.one_in(500) {
                buffer.reset();
            }
        }
    }
}
