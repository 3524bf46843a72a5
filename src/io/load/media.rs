//! The sound of the load: a socket a leg as real phones have, a packet each 20 ms out of it, and what comes in looked at. The sending moments
//! of the legs are spread over the 20 ms, as those of people are.

use super::histogram::Histogram;
use super::mark::{MARKED, Mark};
use crate::audio::g711::{ALAW_SILENCE, encode_alaw};
use crate::audio::{Rate, wav};
use crate::base::time::{millis, secs};
use crate::base::{Duration, Instant};
use crate::io::shipped;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::cmp::Ordering;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;

const FRAME: usize = 160;
const HEADER: usize = 12;
const PACKET: usize = HEADER + FRAME;
/// Parts of the 20 ms that a packet's sound lasts.
const SLOTS: usize = 20;
const SLOT: Duration = millis(1);
/// A sender further behind leaves out what is missing, as a phone's sound card would.
const BEHIND_MAX: Duration = millis(200);
/// A stream that was heard so lately is not lost at its end, but ended.
const LIVELY: Duration = millis(200);
/// What is later is not heard by anybody.
const DELAY_MAX: Duration = secs(10);
/// Payload type of PCMA.
const PCMA: u8 = 8;

/// One end of a stream each way.
#[derive(Debug)]
struct Leg {
    socket: UdpSocket,
    port: u16,
    /// Where it is connected to; kept, so that the same peer costs no call to the kernel.
    peer: Option<SocketAddr>,
    sends: bool,
    stream: u32,
    sent: u32,
    sequence: u16,
    ssrc: u32,
    heard: Heard,
}

/// What a leg heard since its call began.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// The other side's stream; 0: no marked packet yet.
    stream: u32,
    last_number: u32,
    last_at: Instant,
    last_delay: Duration,
    /// Since the window began, or the first marked packet.
    received: u32,
    /// Packets since the last marked one that the switch mixed its own voice into: an announcement over a call that is up. The mark does not
    /// survive that, and its packet is not lost.
    mixed: u32,
    from_number: u32,
    longest_gap: Duration,
    ssrc: u32,
    next_sequence: u16,
}

impl Heard {
    /// A packet of the stream.
    fn came(&mut self, now: Instant) {
        self.longest_gap = self.longest_gap.max(now - self.last_at);
        self.last_at = now;
    }
}

/// What was heard, all legs together.
#[derive(Debug, Default)]
pub struct Hearing {
    pub delay: Histogram,
    /// Difference of the delays of packets that follow each other.
    pub jitter: Histogram,
    /// Of each stream, the longest time between two packets.
    pub gaps: Histogram,
    pub expected: u64,
    /// Of the expected: marked, or with the switch's voice in it. What was lost on its way to the mixer is not told from the latter.
    pub received: u64,
    /// The switch's own voice, alone or over the other side's: greetings, music, announcements.
    pub unmarked: u64,
    /// SSRC changed, or numbers went back.
    pub broken: u64,
    /// Legs that ended without having heard the other side.
    pub deaf: u64,
    /// Packets that could not be sent.
    pub unsent: u64,
    /// How late packets were sent: the load's own fault.
    pub late: Histogram,
}

/// All legs. A leg is made when it is first wanted, and kept for the calls that follow.
pub struct Media {
    epoll: OwnedFd,
    local: IpAddr,
    legs: Vec<Option<Leg>>,
    /// Legs that send, by slot.
    wheel: Vec<Vec<u32>>,
    next_slot: usize,
    next_at: Instant,
    speech: Vec<[u8; FRAME]>,
    packet: [u8; PACKET],
    buffer: [u8; 2_048],
    streams: u32,
    pub hearing: Hearing,
}

/// Which number an epoll event of leg 0 has; those below are the load's.
pub const FIRST_LEG: u64 = 8;

impl Media {
    /// Legs on `local`, watched by `epoll`.
    ///
    /// # Errors
    /// The descriptor cannot be shared.
    pub fn new(epoll: &OwnedFd, local: IpAddr, now: Instant) -> io::Result<Self> {
        Ok(Self {
            epoll: epoll.try_clone()?,
            local,
            legs: Vec::new(),
            wheel: vec![Vec::new(); SLOTS],
            next_slot: 0,
            next_at: now,
            speech: speech(),
            packet: [0; PACKET],
            buffer: [0; 2_048],
            streams: 0,
            hearing: Hearing::default(),
        })
    }

    /// The port of a leg, bound at its first use.
    ///
    /// # Errors
    /// No socket is left.
    pub fn port(&mut self, leg: usize) -> io::Result<u16> {
        if self.legs.len() <= leg {
            self.legs.resize_with(leg + 1, || None);
        }
        if let Some(leg) = &self.legs[leg] {
            return Ok(leg.port);
        }
        let socket = UdpSocket::bind(SocketAddr::new(self.local, 0))?;
        socket.set_nonblocking(true)?;
        let port = socket.local_addr()?.port();
        epoll::add(&self.epoll, &socket, EventData::new_u64(FIRST_LEG + leg as u64), EventFlags::IN)?;
        let ssrc = 0x5A00_0000 + leg as u32;
        self.legs[leg] =
            Some(Leg { socket, port, peer: None, sends: false, stream: 0, sent: 0, sequence: 0, ssrc, heard: Heard::default() });
        Ok(port)
    }

    /// A call begins: the leg sends to `peer`, and hears anew.
    pub fn begin(&mut self, leg: usize, peer: SocketAddr) {
        self.redirect(leg, peer);
        self.streams += 1;
        let stream = self.streams;
        let Some(Some(it)) = self.legs.get_mut(leg) else { return };
        (it.stream, it.sent, it.heard) = (stream, 0, Heard::default());
        if !it.sends {
            it.sends = true;
            // Neighbours in number are far apart in time.
            self.wheel[leg * 7 % SLOTS].push(leg as u32);
        }
    }

    /// The peer moved.
    pub fn redirect(&mut self, leg: usize, peer: SocketAddr) {
        let Some(Some(it)) = self.legs.get_mut(leg) else { return };
        if it.peer != Some(peer) {
            it.peer = it.socket.connect(peer).is_ok().then_some(peer);
        }
    }

    /// The call is over: what the leg heard is added up.
    pub fn end(&mut self, leg: usize, now: Instant) {
        self.cut(leg, now);
        let Some(Some(it)) = self.legs.get_mut(leg) else { return };
        if !it.sends {
            return;
        }
        it.sends = false;
        self.wheel[leg * 7 % SLOTS].retain(|other| *other != leg as u32);
        let told = std::mem::take(&mut it.heard);
        if told.stream == 0 && it.sent > 500 {
            self.hearing.deaf += 1;
        }
    }

    /// Adds up what the leg heard until now, and begins a new count: at the ends of a call and of a window.
    fn cut(&mut self, leg: usize, now: Instant) {
        let Some(Some(it)) = self.legs.get(leg) else { return };
        let heard = it.heard;
        if heard.stream == 0 {
            return;
        }
        // A stream that has fallen silent is measured by what was sent, one that lives by what came.
        let partner = self.legs.iter().flatten().find(|other| heard.last_at + LIVELY < now && other.sends && other.stream == heard.stream);
        let until = partner.map_or(heard.last_number, |partner| partner.sent.max(heard.last_number));
        let received = heard.received + if partner.is_some() { heard.mixed } else { 0 };
        let gap = if partner.is_some() { heard.longest_gap.max(now - heard.last_at) } else { heard.longest_gap };
        let hearing = &mut self.hearing;
        hearing.expected += u64::from(until - heard.from_number);
        hearing.received += u64::from(received.min(until - heard.from_number));
        hearing.gaps.add(gap);
        if let Some(Some(it)) = self.legs.get_mut(leg) {
            (it.heard.from_number, it.heard.received, it.heard.longest_gap) = (until, 0, Duration::ZERO);
        }
    }

    /// Everything heard until now is told no more; what comes counts.
    pub fn begin_window(&mut self, now: Instant) {
        self.end_window(now);
        self.hearing = Hearing::default();
    }

    /// Adds up the streams that go on.
    pub fn end_window(&mut self, now: Instant) {
        for leg in 0..self.legs.len() {
            self.cut(leg, now);
        }
    }

    /// When the next packets are due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.wheel.iter().any(|slot| !slot.is_empty()).then_some(self.next_at)
    }

    /// Sends one slot's packets if it is due.
    pub fn send_due(&mut self, now: Instant, began: Instant) {
        if now < self.next_at {
            return;
        }
        if now.saturating_since(self.next_at) > BEHIND_MAX {
            self.next_at = now;
        }
        let late = now - self.next_at;
        let slot = self.next_slot;
        let since = now - began;
        for at in 0..self.wheel[slot].len() {
            self.send(self.wheel[slot][at] as usize, since);
        }
        if !self.wheel[slot].is_empty() {
            self.hearing.late.add(late);
        }
        self.next_slot = (slot + 1) % SLOTS;
        self.next_at += SLOT;
    }

    fn send(&mut self, leg: usize, since: Duration) {
        let Some(Some(it)) = self.legs.get_mut(leg) else { return };
        it.sent += 1;
        it.sequence = it.sequence.wrapping_add(1);
        let packet = &mut self.packet;
        packet[0] = 0x80;
        packet[1] = PCMA | if it.sent == 1 { 0x80 } else { 0 };
        packet[2..4].copy_from_slice(&it.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&it.sent.wrapping_mul(FRAME as u32).to_be_bytes());
        packet[8..12].copy_from_slice(&it.ssrc.to_be_bytes());
        packet[HEADER..].copy_from_slice(&self.speech[it.sent as usize % self.speech.len()]);
        if let Some(marked) = packet[HEADER..].first_chunk_mut::<MARKED>() {
            Mark { stream: it.stream, number: it.sent, sent: since }.write(marked);
        }
        if it.socket.send(&packet[..]).is_err() {
            self.hearing.unsent += 1;
        }
    }

    /// Takes one packet of a leg that has some.
    pub fn receive(&mut self, leg: usize, now: Instant, began: Instant) {
        let Some(Some(it)) = self.legs.get_mut(leg) else { return };
        let Ok(length) = it.socket.recv(&mut self.buffer) else { return };
        // RTCP that shares the port is told by its type (RFC 5761 §4).
        if length < HEADER || !it.sends || (192..=223).contains(&self.buffer[1]) {
            return;
        }
        let hearing = &mut self.hearing;
        let heard = &mut it.heard;
        let sequence = u16::from_be_bytes([self.buffer[2], self.buffer[3]]);
        let ssrc = u32::from_be_bytes([self.buffer[8], self.buffer[9], self.buffer[10], self.buffer[11]]);
        let steps_back = sequence.wrapping_sub(heard.next_sequence) >= 0x8000;
        if heard.ssrc != 0 && (heard.ssrc != ssrc || steps_back) {
            hearing.broken += 1;
        }
        (heard.ssrc, heard.next_sequence) = (ssrc, sequence.wrapping_add(1));
        let since = now - began;
        // One in 65,536 mixed packets looks marked; what it says is then not possible.
        let is_possible = |mark: &Mark| (1..=self.streams).contains(&mark.stream) && mark.sent <= since && since - mark.sent < DELAY_MAX;
        let Some(mark) = Mark::read(&self.buffer[HEADER..length]).filter(is_possible) else {
            hearing.unmarked += 1;
            if heard.stream != 0 {
                heard.mixed += 1;
                heard.came(now);
            }
            return;
        };
        let delay = since - mark.sent;
        match mark.stream.cmp(&heard.stream) {
            Ordering::Equal => {
                hearing.jitter.add(delay.abs_diff(heard.last_delay));
                let between = mark.number.saturating_sub(heard.last_number.max(heard.from_number) + 1);
                heard.received += u32::from(mark.number > heard.from_number) + heard.mixed.min(between);
                heard.mixed = 0;
                heard.came(now);
                heard.last_number = heard.last_number.max(mark.number);
            }
            Ordering::Greater => {
                let (number, at) = (mark.number, now);
                *heard = Heard { stream: mark.stream, last_number: number, from_number: number, last_at: at, mixed: 0, ..*heard };
            }
            // Of a call before this one.
            Ordering::Less => return,
        }
        heard.last_delay = delay;
        hearing.delay.add(delay);
    }
}

/// Somebody speaking, in A-law: what the switch takes for speech, and a recording keeps.
fn speech() -> Vec<[u8; FRAME]> {
    let clip = shipped::FILES.iter().find(|(path, _)| *path == "prompts/zh-CN/survey_ask.wav");
    let samples = clip.and_then(|(_, bytes)| wav::read(bytes, Rate::Hz8000).ok()).unwrap_or_default();
    let bytes: Vec<u8> = samples.iter().map(|sample| encode_alaw(*sample)).collect();
    let mut frames: Vec<[u8; FRAME]> = bytes.as_chunks::<FRAME>().0.to_vec();
    if frames.is_empty() {
        frames.push([ALAW_SILENCE; FRAME]);
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// What happens to a packet on its way.
    #[derive(Clone, Copy, PartialEq)]
    enum Way {
        Relayed,
        /// Another voice was mixed into it.
        Mixed,
        Lost,
    }

    fn heard_of(ways: &[Way]) -> Hearing {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("a descriptor");
        let (began, frame) = (Instant::START, millis(20));
        let mut media = Media::new(&epoll, Ipv4Addr::LOCALHOST.into(), began).expect("legs");
        for (leg, other) in [(0, 1), (1, 0)] {
            let peer = media.port(other).expect("a port");
            media.port(leg).expect("a port");
            media.begin(leg, (Ipv4Addr::LOCALHOST, peer).into());
        }
        let mut now = began;
        for way in ways {
            now += frame;
            match way {
                Way::Relayed => media.send(0, now - began),
                Way::Mixed | Way::Lost => media.legs[0].as_mut().expect("a leg").sent += 1,
            }
            if *way == Way::Mixed {
                let mut packet = [0x55; PACKET];
                packet[..HEADER].copy_from_slice(&media.packet[..HEADER]);
                media.legs[0].as_ref().expect("a leg").socket.send(&packet).expect("sent");
            }
            if *way != Way::Lost {
                media.receive(1, now, began);
            }
        }
        media.end(1, now + secs(1));
        media.hearing
    }

    #[test]
    fn what_an_announcement_was_mixed_into_is_not_lost_and_what_is_lost_is() {
        use Way::{Lost, Mixed, Relayed};
        for (ways, expected, received, unmarked) in [
            (&[Relayed, Relayed, Relayed][..], 2, 2, 0),
            (&[Relayed, Mixed, Mixed, Relayed, Lost, Relayed], 5, 4, 2),
            (&[Relayed, Lost, Mixed, Lost, Relayed], 4, 2, 1),
            // Before the first mark nobody knows whose sound it is.
            (&[Mixed, Mixed, Relayed, Relayed], 1, 1, 2),
            (&[Relayed, Relayed, Mixed, Lost, Mixed], 4, 3, 2),
        ] {
            let hearing = heard_of(ways);
            assert_eq!((hearing.expected, hearing.received, hearing.unmarked), (expected, received, unmarked));
        }
    }
}
