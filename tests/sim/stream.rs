//! The sound of one call at a phone: real RTP every 20 ms, keys by RFC 4733, and what was heard, told apart by its frequencies.

use super::cipher::Cipher;
use super::phones::Emission;
use super::sound::{FRAME, Heard, Sound, loop_of, tell};
use sanling::audio::g711::Law;
use sanling::base::time::millis;
use sanling::base::{Duration, Instant, Rng};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

pub struct Stream {
    pub local: SocketAddr,
    /// Where the other side said it hears.
    pub remote: Option<SocketAddr>,
    pub sound: Sound,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    place: usize,
    next_at: Option<Instant>,
    keys: VecDeque<char>,
    key_packets: u16,
    heard: Vec<(Instant, Box<[u8]>)>,
    pub packets_heard: u64,
    /// The payload types that it speaks, 8 (PCMA) and 0 (PCMU), in its order of preference; and which was settled on.
    pub speaks: Vec<u8>,
    pub kind: u8,
    /// Its encryption, where it has any.
    pub cipher: Option<Cipher>,
    /// Somebody on the way sends each packet again, and a changed one, and one in clear.
    pub meddled: bool,
}

impl Stream {
    pub fn new(local: SocketAddr, sound: Sound, rng: &mut Rng) -> Self {
        Self {
            local,
            remote: None,
            sound,
            ssrc: rng.next_u32(),
            sequence: rng.next_u32() as u16,
            timestamp: rng.next_u32(),
            place: 0,
            next_at: None,
            keys: VecDeque::new(),
            key_packets: 0,
            heard: Vec::new(),
            packets_heard: 0,
            speaks: vec![8],
            kind: 8,
            cipher: None,
            meddled: false,
        }
    }

    /// Speaks from `first_at` on.
    pub fn start(&mut self, first_at: Instant) {
        self.next_at = Some(first_at);
    }

    pub fn stop(&mut self) {
        self.next_at = None;
    }

    pub fn next_at(&self) -> Option<Instant> {
        self.next_at
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.extend(keys.chars());
    }

    pub fn speak_until(&mut self, now: Instant, sends: bool, out: &mut Vec<Emission>) {
        while let Some(at) = self.next_at.filter(|at| *at <= now) {
            self.next_at = Some(at + millis(20));
            self.speak(sends, out);
        }
    }

    /// A packet came; `keep` its sound, or its count alone.
    pub fn hear(&mut self, bytes: &[u8], keep: bool, now: Instant) {
        let opened = match &mut self.cipher {
            Some(cipher) => match cipher.open(bytes) {
                Some(opened) => opened,
                None => return,
            },
            None => bytes.to_vec(),
        };
        let bytes = &opened[..];
        if bytes.len() > 12 && bytes[1] & 0x7F == self.kind {
            self.packets_heard += 1;
            if keep {
                self.heard.push((now, in_law(&bytes[12..], law_of(self.kind), Law::A).into()));
            }
        }
    }

    /// 20 ms pass: a packet, a piece of a key, or nothing.
    fn speak(&mut self, sends: bool, out: &mut Vec<Emission>) {
        const SAMPLES: u32 = FRAME as u32;
        let Some(to) = self.remote else { return };
        let sound = loop_of(self.sound);
        let begun = self.timestamp;
        self.timestamp = self.timestamp.wrapping_add(SAMPLES);
        if let Some(key) = self.keys.front() {
            // RFC 4733 §2.5.1.2: one timestamp for the press, growing durations, the end thrice.
            self.key_packets += 1;
            let start = begun.wrapping_sub(u32::from(self.key_packets - 1) * SAMPLES);
            let code = b"0123456789*#ABCD".iter().position(|known| char::from(*known) == *key).expect("a key") as u8;
            let end = self.key_packets > 4;
            let [high, low] = (self.key_packets.min(5) * FRAME as u16).to_be_bytes();
            let payload = [code, if end { 0x8A } else { 0x0A }, high, low];
            out.push(self.packet(101, self.key_packets == 1, start, &payload, to));
            if self.key_packets == 7 {
                self.key_packets = 0;
                self.keys.pop_front();
            }
            return;
        }
        if !sends || self.sound == Sound::Nothing {
            return;
        }
        self.place = if self.place + FRAME > sound.len() { 0 } else { self.place };
        let payload = in_law(&sound[self.place..self.place + FRAME], Law::A, law_of(self.kind));
        self.place += FRAME;
        out.push(self.packet(self.kind, false, begun, &payload, to));
        if self.meddled
            && let Some(Emission::Rtp { from, to, bytes }) = out.last()
        {
            let (mut changed, mut clear) = (bytes.clone(), bytes[..12].to_vec());
            changed[60] ^= 0x10;
            clear.extend([0x2A; FRAME]);
            let (from, to, again) = (*from, *to, bytes.clone());
            out.extend([changed, clear, again].map(|bytes| Emission::Rtp { from, to, bytes }));
        }
    }

    /// The other side's description came.
    pub fn take(&mut self, sdp: &[u8]) {
        if let Some(remote) = remote_rtp(sdp) {
            self.remote = Some(remote);
            // The other side's order counts: in its offer, and in its answer to ours.
            let listed = formats(sdp);
            self.kind = listed.into_iter().find(|kind| self.speaks.contains(kind)).unwrap_or(self.kind);
            if let Some(cipher) = &mut self.cipher {
                cipher.take(sdp);
            }
        }
    }

    fn packet(&mut self, kind: u8, marker: bool, timestamp: u32, payload: &[u8], to: SocketAddr) -> Emission {
        self.sequence = self.sequence.wrapping_add(1);
        let mut bytes = vec![0x80, u8::from(marker) << 7 | kind];
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        bytes.extend(payload);
        if let Some(cipher) = &mut self.cipher {
            cipher.seal(&mut bytes);
        }
        Emission::Rtp { from: self.local, to, bytes }
    }

    /// The samples of what was heard in `from..to`, as they came.
    pub fn samples_between(&self, from: Instant, to: Instant) -> Vec<i16> {
        let mut samples = Vec::new();
        for (_, payload) in self.heard.iter().filter(|(at, _)| *at >= from && *at < to) {
            Law::A.decode(payload, &mut samples);
        }
        samples
    }

    /// What was heard in `from..to`, in pieces of the same kind, with when each began and how long it was; pieces below 60 ms are put to
    /// the one before.
    pub fn heard_between(&self, from: Instant, to: Instant) -> Vec<(Heard, Instant, Duration)> {
        let mut pieces: Vec<(Heard, Instant, Duration)> = Vec::new();
        let mut add = |heard: Heard, at: Instant, long: Duration| match pieces.last_mut() {
            Some((last, _, length)) if *last == heard => *length += long,
            _ => pieces.push((heard, at, long)),
        };
        let mut expected = from;
        for (at, payload) in self.heard.iter().filter(|(at, _)| *at >= from && *at < to) {
            if *at - expected > millis(60) {
                add(Heard::Nothing, expected, *at - expected);
            }
            expected = *at + millis(20);
            // A packet may hold more than one frame.
            for frame in payload.chunks(FRAME) {
                add(tell(frame), *at, millis(20));
            }
        }
        if to - expected > millis(60) {
            add(Heard::Nothing, expected, to - expected);
        }
        let mut out: Vec<(Heard, Instant, Duration)> = Vec::new();
        for (heard, at, long) in pieces {
            match out.last_mut() {
                Some((last, _, length)) if *last == heard || long < millis(60) => *length += long,
                _ => out.push((heard, at, long)),
            }
        }
        out
    }
}

fn law_of(kind: u8) -> Law {
    if kind == 0 { Law::Mu } else { Law::A }
}

/// The same sound by the other law; by its own, the very bytes.
fn in_law(bytes: &[u8], from: Law, to: Law) -> Vec<u8> {
    if from == to {
        return bytes.to_vec();
    }
    let (mut samples, mut out) = (Vec::new(), Vec::new());
    from.decode(bytes, &mut samples);
    to.encode(&samples, &mut out);
    out
}

/// The payload types of the audio line, in its order.
pub fn formats(sdp: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(sdp).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap_or_default();
    line.split_whitespace().skip(2).filter_map(|number| number.parse().ok()).collect()
}

/// Address and port of the audio line; `None` without one.
pub fn remote_rtp(sdp: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(sdp).ok()?;
    let ip: IpAddr =
        text.lines().find_map(|line| line.strip_prefix("c=IN IP4 ").or_else(|| line.strip_prefix("c=IN IP6 ")))?.trim().parse().ok()?;
    let port = text.lines().find_map(|line| line.strip_prefix("m=audio "))?.split(' ').next()?.parse().ok()?;
    Some(SocketAddr::new(ip, port))
}
