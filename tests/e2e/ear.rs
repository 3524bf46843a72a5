//! An ear and a mouth on the wire: a socket that takes RTP (PCMA) with the time of each packet's arrival and speaks every 20 ms. SIPp
//! does the signalling and names this port in its SDP; so what is heard is timed by the packets themselves, not by a phone's buffer.

use crate::sound::{self, FRAME, Samples};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const PCMA: u8 = 8;

/// What the mouth says.
pub enum Mouth {
    /// No packet at all.
    Mute,
    /// Once through, then silence.
    Says(Samples),
    /// For ever.
    Tone(f64),
}

struct Packet {
    at: Instant,
    timestamp: u32,
    sequence: u16,
    ssrc: u32,
    payload: Vec<i16>,
}

struct Shared {
    packets: Vec<Packet>,
    mouth: Mouth,
    said: usize,
    from: Option<SocketAddr>,
}

pub struct Ear {
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// All that was heard, on one line of time.
pub struct Heard {
    /// Wall time of the first sample, seconds since 1970.
    pub began: f64,
    pub samples: Samples,
    /// The furthest that a packet came from its place by RTP's time, seconds.
    pub worst_jitter: f64,
    /// Sources (SSRC) that were heard.
    pub sources: usize,
    /// Packets that a sequence number is missing for.
    pub lost: usize,
}

impl Heard {
    /// Second of the sound that was heard at this wall time.
    pub fn second_at(&self, wall: f64) -> f64 {
        wall - self.began
    }
}

impl Ear {
    pub fn open(port: u16, mouth: Mouth) -> Self {
        Self::open_at("127.0.0.1", port, mouth)
    }

    pub fn open_at(ip: &str, port: u16, mouth: Mouth) -> Self {
        let socket = Arc::new(UdpSocket::bind((ip, port)).expect("a free media port"));
        socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a time-out");
        let shared = Arc::new(Mutex::new(Shared { packets: Vec::new(), mouth, said: 0, from: None }));
        let ended = Arc::new(AtomicBool::new(false));
        let (hear, speak) = ((socket.clone(), shared.clone(), ended.clone()), (socket, shared.clone(), ended.clone()));
        let threads = vec![
            std::thread::spawn(move || listen(&hear.0, &hear.1, &hear.2)),
            std::thread::spawn(move || talk(&speak.0, &speak.1, &speak.2)),
        ];
        Self { port, shared, ended, threads }
    }

    /// It speaks there from now on, though nothing is heard from it: to who only listens, or waits as well.
    pub fn speak_to(&self, to: (&str, u16)) {
        let ip = to.0.parse().expect("an address");
        lock(&self.shared).from = Some(SocketAddr::new(ip, to.1));
    }

    pub fn say(&self, mouth: Mouth) {
        let mut shared = lock(&self.shared);
        (shared.mouth, shared.said) = (mouth, 0);
    }

    pub fn heard(&self) -> Heard {
        let shared = lock(&self.shared);
        let packets = &shared.packets;
        let first = packets.first().expect("something was heard");
        let offset = |packet: &Packet| packet.timestamp.wrapping_sub(first.timestamp).cast_signed();
        let length = packets.iter().map(|packet| offset(packet) + FRAME as i32).max().unwrap_or(0).clamp(0, 8_000 * 600) as usize;
        let (mut samples, mut worst_jitter) = (vec![0_i16; length], 0.0_f64);
        for packet in packets {
            let Ok(start) = usize::try_from(offset(packet)) else { continue };
            samples.iter_mut().skip(start).zip(&packet.payload).for_each(|(place, sample)| *place = *sample);
            let (by_clock, by_rtp) = ((packet.at - first.at).as_secs_f64(), start as f64 / 8_000.0);
            worst_jitter = worst_jitter.max((by_clock - by_rtp).abs());
        }
        let mut sources: Vec<u32> = packets.iter().map(|packet| packet.ssrc).collect();
        sources.sort_unstable();
        sources.dedup();
        let last = packets.last().unwrap_or(first);
        let span = usize::from(last.sequence.wrapping_sub(first.sequence)) + 1;
        Heard { began: wall(first.at), samples, worst_jitter, sources: sources.len(), lost: span.saturating_sub(packets.len()) }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Wall time of a moment of this process, seconds since 1970.
pub fn wall(at: Instant) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    now - at.elapsed().as_secs_f64()
}

fn listen(socket: &UdpSocket, shared: &Mutex<Shared>, ended: &AtomicBool) {
    let mut buffer = [0; 2_048];
    while !ended.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let (at, packet) = (Instant::now(), &buffer[..length]);
        // RFC 3550 §5.1; header extensions and CSRCs are not expected of a switch.
        if length < 12 || packet[0] != 0x80 || packet[1] & 0x7F != PCMA {
            continue;
        }
        let word = |place: usize| u32::from_be_bytes([packet[place], packet[place + 1], packet[place + 2], packet[place + 3]]);
        let mut shared = lock(shared);
        shared.from = Some(from);
        shared.packets.push(Packet {
            at,
            sequence: u16::from_be_bytes([packet[2], packet[3]]),
            timestamp: word(4),
            ssrc: word(8),
            payload: packet[12..].iter().map(|code| sound::alaw_to_linear(*code)).collect(),
        });
    }
}

/// Speaks to where the sound comes from, as soon as any comes.
fn talk(socket: &UdpSocket, shared: &Mutex<Shared>, ended: &AtomicBool) {
    let (mut due, mut sequence, mut timestamp) = (Instant::now(), 0_u16, 0_u32);
    let codes: Vec<u8> = (i16::MIN..=i16::MAX).step_by(16).map(sound::linear_to_alaw).collect();
    let code = |sample: i16| codes[(i32::from(sample) + 32_768) as usize / 16];
    while !ended.load(Ordering::Relaxed) {
        due += Duration::from_millis(20);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let mut shared = lock(shared);
        let (Some(to), said) = (shared.from, shared.said) else { continue };
        let sample = |n: usize| match &shared.mouth {
            Mouth::Mute => 0,
            Mouth::Says(samples) => samples.get(said + n).copied().unwrap_or(0),
            Mouth::Tone(frequency) => ((std::f64::consts::TAU * frequency * (said + n) as f64 / 8_000.0).sin() * 3_277.0) as i16,
        };
        let payload: Vec<u8> = (0..FRAME).map(|n| code(sample(n))).collect();
        let mute = matches!(shared.mouth, Mouth::Mute);
        shared.said += FRAME;
        drop(shared);
        (sequence, timestamp) = (sequence.wrapping_add(1), timestamp.wrapping_add(FRAME as u32));
        if mute {
            continue;
        }
        let mut packet = vec![0x80, PCMA];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend([5, 5, 5, 5]);
        packet.extend(payload);
        let _ = socket.send_to(&packet, to);
    }
}
