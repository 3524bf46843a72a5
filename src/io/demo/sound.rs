//! What a simulated phone says: frames of G.711, 20 ms each, in RTP packets. People take turns: each speaks in his own slots of the call,
//! and keeps silent in the other's, so that a recording sounds like a conversation.

use super::session::{Remote, payload_type};
use crate::audio::{Rate, resample, tone, wav};
use crate::base::{ClipId, Rng};
use crate::rtp::packet::Header;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One frame.
pub const FRAME_TIME: Duration = Duration::from_millis(20);
/// Samples of a frame at 8 kHz; also the step of RTP's timestamp.
const FRAME: usize = 160;
/// One turn of a speaker.
const TURN: u64 = 275;
/// The switch greets both first; nobody waits for its end.
const FIRST_TURN: u64 = 175;
/// Peak of the hiss of a line on which nobody speaks: about −60 dBov.
const HISS: u64 = 56;

/// Utterances at 8 kHz, by one voice.
pub type Words = Arc<[Vec<i16>]>;

/// What people of the demo say, of the prompts that there are.
const SENTENCES: &[&str] = &["survey_ask", "patience", "silent_ask", "queue_comfort", "thanks", "low_volume_ask", "dialect_ask", "goodbye"];

/// The sentences in a voice: `pitch` in percent, 100 as recorded. Beeps where there is no prompt at all.
#[must_use]
pub fn words(clips: &BTreeMap<ClipId, wav::Clip>, pitch: u32) -> Words {
    let clips = SENTENCES.iter().filter_map(|name| clips.get(&ClipId::new(name)));
    let mut words: Vec<Vec<i16>> = clips.map(|clip| resample::convert(&clip.samples, clip.hz * pitch / 100, Rate::Hz8000)).collect();
    if words.is_empty() {
        words.push(keys("147"));
    }
    words.into()
}

/// Keys pressed one after the other.
fn keys(keys: &str) -> Vec<i16> {
    keys.chars().flat_map(|key| tone::dtmf(key, 120, 120, Rate::Hz8000)).collect()
}

/// How the phone's user uses his mouth.
#[derive(Clone, Debug)]
pub enum Manner {
    /// No packet at all, as from a phone whose microphone is broken or muted.
    Nothing,
    /// A line on which nobody speaks: hiss, no voice.
    Hiss,
    /// Speaks in every second turn; `first` begins the conversation.
    Speaks { words: Words, first: bool },
}

/// A stream of packets.
#[derive(Debug)]
pub struct Mouth {
    manner: Manner,
    /// Frames since the manner began.
    at: u64,
    saying: Vec<i16>,
    said: usize,
    header: Header,
    rng: Rng,
}

impl Mouth {
    #[must_use]
    pub fn new(mut rng: Rng) -> Self {
        let header =
            Header { payload_type: 0, marker: true, sequence: rng.next_u32() as u16, timestamp: rng.next_u32(), ssrc: rng.next_u32() };
        Self { manner: Manner::Hiss, at: 0, saying: Vec::new(), said: 0, header, rng }
    }

    /// From now on.
    pub fn set(&mut self, manner: Manner) {
        (self.manner, self.at, self.said) = (manner, 0, 0);
        self.saying.clear();
        self.header.marker = true;
    }

    /// The next packet for `remote`, if one is sent. To be called each [`FRAME_TIME`].
    pub fn packet(&mut self, remote: &Remote) -> Option<Vec<u8>> {
        self.begin_turn();
        self.at += 1;
        self.header.timestamp = self.header.timestamp.wrapping_add(FRAME as u32);
        if matches!(self.manner, Manner::Nothing) {
            return None;
        }
        let samples: Vec<i16> = (0..FRAME).map(|_| self.sample()).collect();
        let mut payload = Vec::with_capacity(FRAME);
        remote.law.encode(&samples, &mut payload);
        self.header.payload_type = payload_type(remote.law);
        let mut packet = Vec::with_capacity(12 + FRAME);
        self.header.write(&payload, &mut packet);
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.marker = false;
        Some(packet)
    }

    /// Time passes without a packet: on hold.
    pub fn skip(&mut self) {
        self.header.timestamp = self.header.timestamp.wrapping_add(FRAME as u32);
        self.header.marker = true;
    }

    fn begin_turn(&mut self) {
        let Some(since) = self.at.checked_sub(FIRST_TURN).filter(|since| since % TURN == 0) else { return };
        let turn = since / TURN;
        let words = match &self.manner {
            Manner::Speaks { words, first } if turn.is_multiple_of(2) == *first => words,
            _ => return,
        };
        self.said = 0;
        // Now and then keys are pressed first, as by one who is used to menus. A tone is no word, so words follow.
        self.saying = if self.rng.one_in(12) { keys("1#") } else { Vec::new() };
        self.saying.extend(&words[usize::try_from(self.rng.below(words.len() as u64)).unwrap_or(0)]);
    }

    fn sample(&mut self) -> i16 {
        let hiss = self.rng.below(2 * HISS) as i16 - HISS as i16;
        let voice = self.saying.get(self.said).copied().unwrap_or(0);
        self.said += 1;
        voice.saturating_add(hiss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::g711::Law;
    use crate::audio::level::dbov;
    use crate::io::demo::session::Direction;
    use crate::rtp::packet::Packet;

    fn remote() -> Remote {
        Remote { address: "127.0.0.1:20000".parse().expect("an address"), law: Law::A, direction: Direction::SendRecv }
    }

    /// Levels of `seconds` of a manner, one a second, and how many packets there were.
    fn levels(manner: Manner, seconds: usize) -> (Vec<f32>, usize) {
        let mut mouth = Mouth::new(Rng::new(3));
        mouth.set(manner);
        let (mut levels, mut packets) = (vec![], 0);
        for _ in 0..seconds {
            let mut samples = vec![];
            for bytes in (0..50).filter_map(|_| mouth.packet(&remote())) {
                let packet = Packet::read(&bytes).expect("a packet");
                assert_eq!((packet.header.payload_type, packet.header.marker), (8, packets == 0));
                Law::A.decode(packet.payload, &mut samples);
                packets += 1;
            }
            levels.push(dbov(&samples));
        }
        (levels, packets)
    }

    #[test]
    fn two_speakers_take_turns() {
        let words: Words = vec![tone::dtmf('5', 2_000, 0, Rate::Hz8000)].into();
        let (first, _) = levels(Manner::Speaks { words: words.clone(), first: true }, 14);
        let (second, _) = levels(Manner::Speaks { words, first: false }, 14);
        let loud = |levels: &[f32]| levels.iter().enumerate().filter(|(_, level)| **level > -30.0).map(|(at, _)| at).collect::<Vec<_>>();
        assert!(loud(&first).contains(&4) && loud(&second).contains(&9), "{first:?} {second:?}");
        assert!(loud(&first).iter().all(|at| !loud(&second).contains(at)));
    }

    #[test]
    fn hiss_is_faint_and_nothing_is_no_packet() {
        let (hiss, packets) = levels(Manner::Hiss, 10);
        assert!(packets == 500 && hiss.iter().all(|level| (-66.0..-54.0).contains(level)), "{hiss:?}");
        assert_eq!(levels(Manner::Nothing, 2).1, 0);
    }
}
