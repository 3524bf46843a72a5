//! SRTP and SRTCP (RFC 3711, RFC 6188, RFC 7714): what we send sealed, what comes opened and known to be no repeat. Keys are settled
//! elsewhere; ciphers are RustCrypto's (`transform`). Pure, bounded, without a panic on whatever the network brings.
//!
//! Roll-over counters are never signalled (RFC 3711 §3.2.1). Ours follows from the stream's own count, which a restart reckons again. The
//! other side's is zero when its stream begins; where we come in later, after a restart or under a new key, every count that the time
//! allows is tried until a tag fits.

mod transform;

use crate::base::srtp::{MasterKey, SrtpKeys};
use transform::{Index, Kind, Transform};

/// Streams of a peer that are remembered at once: a phone has one, a gateway changes it with each transfer. The one unheard longest makes room.
const SOURCES_MAX: usize = 4;
/// Packets behind the highest whose repeats are known; what is older is dropped (RFC 3711 §3.3.2 asks for 64 at least).
const WINDOW: u64 = 128;
/// Roll-over counters tried for a stream that we come into: each takes 22 minutes at 50 packets a second, so this is half a day.
const COUNTERS_MAX: u32 = 32;
/// RTP's fixed header, and the part of an RTCP packet that is not encrypted.
const RTP_HEADER: usize = 12;
const RTCP_HEADER: usize = 8;
/// SRTCP's flag and number.
const TRAILER: usize = 4;
/// E: the packet is encrypted (RFC 3711 §3.4).
const ENCRYPTED: u32 = 1 << 31;

/// Why a packet was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rejected {
    /// Too short, or no RTP or RTCP at all.
    Malformed,
    /// It came before, or is too old to know.
    Repeated,
    /// Another key, or somebody changed it.
    Forged,
}

/// Seals what goes to one leg.
pub struct Outbound {
    rtp: Transform,
    rtcp: Transform,
    /// Of the last report.
    report: u32,
}

impl Outbound {
    /// `report`: number of the last report that may have gone out under this key before.
    #[must_use]
    pub fn new(key: &MasterKey, report: u32) -> Self {
        Self { rtp: Transform::new(key, Kind::Rtp), rtcp: Transform::new(key, Kind::Rtcp), report }
    }

    /// Seals the RTP packet that stands from `start` in `out`, as we write them: without contributing sources or extension. `counter`:
    /// how often its sequence number rolled over.
    pub fn seal(&self, counter: u32, start: usize, out: &mut Vec<u8>) {
        let packet = &out[start..];
        let (Some(sequence), Some(ssrc)) = (u16_at(packet, 2), u32_at(packet, 8)) else { return };
        let index = Index { ssrc, number: u64::from(counter) << 16 | u64::from(sequence) };
        self.rtp.seal(Kind::Rtp, index, counter.to_be_bytes(), RTP_HEADER, start, out);
    }

    /// Seals the RTCP packet that stands from `start` in `out`.
    pub fn seal_report(&mut self, start: usize, out: &mut Vec<u8>) {
        let Some(ssrc) = u32_at(&out[start..], 4) else { return };
        self.report = (self.report + 1) & !ENCRYPTED;
        let trailer = (ENCRYPTED | self.report).to_be_bytes();
        self.rtcp.seal(Kind::Rtcp, Index { ssrc, number: u64::from(self.report) }, trailer, RTCP_HEADER, start, out);
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").field("report", &self.report).finish_non_exhaustive()
    }
}

/// Opens what comes from one leg.
pub struct Inbound {
    rtp: Transform,
    rtcp: Transform,
    mki: Vec<u8>,
    /// Those heard last come first.
    sources: Vec<Source>,
    /// Up to which roll-over counter a stream may be that is not known yet.
    counter_most: u32,
}

/// One stream of the peer's.
#[derive(Clone, Debug, Default)]
struct Source {
    ssrc: u32,
    rtp: Option<Heard>,
    rtcp: Option<Heard>,
}

/// What came of one kind of packet: the highest number, and which of those before it.
#[derive(Clone, Copy, Debug)]
struct Heard {
    highest: u64,
    window: u128,
}

impl Inbound {
    /// `counter_most`: how often the peer's sequence may have rolled over already.
    #[must_use]
    pub fn new(key: &MasterKey, counter_most: u32) -> Self {
        Self {
            rtp: Transform::new(key, Kind::Rtp),
            rtcp: Transform::new(key, Kind::Rtcp),
            mki: key.mki().to_vec(),
            sources: Vec::new(),
            counter_most: counter_most.min(COUNTERS_MAX),
        }
    }

    /// The highest roll-over counter that was heard.
    #[must_use]
    pub fn counter(&self) -> u32 {
        let highest = self.sources.iter().filter_map(|source| source.rtp).map(|heard| (heard.highest >> 16) as u32);
        highest.max().unwrap_or(0).max(self.counter_most)
    }

    /// Opens the RTP packet in `packet`, in place; without the tag after.
    pub fn open(&mut self, packet: &mut Vec<u8>) -> Result<(), Rejected> {
        let clear = header_length(packet).ok_or(Rejected::Malformed)?;
        let (Some(sequence), Some(ssrc)) = (u16_at(packet, 2), u32_at(packet, 8)) else { return Err(Rejected::Malformed) };
        let place = self.sources.iter().position(|source| source.ssrc == ssrc);
        let heard = place.and_then(|place| self.sources[place].rtp);
        // RFC 3711 §3.1: the identifier stands before the tag; RFC 7714 §8.4: behind it.
        let body = packet.len().checked_sub(self.rtp.tag() + self.mki.len()).filter(|body| *body >= clear).ok_or(Rejected::Malformed)?;
        let tag_at = if self.rtp.is_aead() { body } else { body + self.mki.len() };
        let mki_at = if self.rtp.is_aead() { body + self.rtp.tag() } else { body };
        if packet[mki_at..mki_at + self.mki.len()] != self.mki[..] {
            return Err(Rejected::Forged);
        }
        let mut tag = [0; 16];
        let tag = &mut tag[..self.rtp.tag()];
        tag.copy_from_slice(&packet[tag_at..tag_at + tag.len()]);
        packet.truncate(body);
        let number = match heard {
            Some(heard) => {
                let number = estimated(heard.highest, sequence).ok_or(Rejected::Repeated)?;
                if heard.is_repeated(number) {
                    return Err(Rejected::Repeated);
                }
                self.try_number(ssrc, number, clear, packet, tag).then_some(number)
            }
            // RFC 3711 §3.3.1: it begins with zero; or we come in later.
            None => (0..=self.counter_most)
                .map(|counter| u64::from(counter) << 16 | u64::from(sequence))
                .find(|number| self.try_number(ssrc, *number, clear, packet, tag)),
        };
        let number = number.ok_or(Rejected::Forged)?;
        let source = self.source(place, ssrc);
        source.rtp = Some(Heard::after(source.rtp, number));
        Ok(())
    }

    /// Opens `packet` under that number, or leaves it as it is.
    fn try_number(&self, ssrc: u32, number: u64, clear: usize, packet: &mut [u8], tag: &[u8]) -> bool {
        let trailer = ((number >> 16) as u32).to_be_bytes();
        self.rtp.open(Kind::Rtp, Index { ssrc, number }, trailer, clear, packet, tag).is_ok()
    }

    /// Opens the RTCP packet in `packet`, in place; without its trailer after.
    pub fn open_report(&mut self, packet: &mut Vec<u8>) -> Result<(), Rejected> {
        let tag_length = self.rtcp.tag();
        let behind = TRAILER + tag_length + self.mki.len();
        let body = packet.len().checked_sub(behind).filter(|body| *body >= RTCP_HEADER).ok_or(Rejected::Malformed)?;
        let ssrc = u32_at(packet, 4).ok_or(Rejected::Malformed)?;
        // RFC 3711 §3.4: number, identifier, tag; RFC 7714 §9.2: tag, number, identifier.
        let (tag_at, trailer_at, mki_at) = if self.rtcp.is_aead() {
            (body, body + tag_length, body + tag_length + TRAILER)
        } else {
            (body + TRAILER + self.mki.len(), body, body + TRAILER)
        };
        if packet[mki_at..mki_at + self.mki.len()] != self.mki[..] {
            return Err(Rejected::Forged);
        }
        let word = u32_at(packet, trailer_at).ok_or(Rejected::Malformed)?;
        // That reports go in clear is agreed or forbidden, and we never agree.
        if word & ENCRYPTED == 0 {
            return Err(Rejected::Forged);
        }
        let number = u64::from(word & !ENCRYPTED);
        let place = self.sources.iter().position(|source| source.ssrc == ssrc);
        if place.and_then(|place| self.sources[place].rtcp).is_some_and(|heard| heard.is_repeated(number)) {
            return Err(Rejected::Repeated);
        }
        let mut tag = [0; 16];
        let tag = &mut tag[..tag_length];
        tag.copy_from_slice(&packet[tag_at..tag_at + tag_length]);
        packet.truncate(body);
        let index = Index { ssrc, number };
        self.rtcp.open(Kind::Rtcp, index, word.to_be_bytes(), RTCP_HEADER, packet, tag).map_err(|_| Rejected::Forged)?;
        let source = self.source(place, ssrc);
        source.rtcp = Some(Heard::after(source.rtcp, number));
        Ok(())
    }

    /// The stream, proven, now at the head of all.
    fn source(&mut self, place: Option<usize>, ssrc: u32) -> &mut Source {
        match place {
            Some(0) => {}
            Some(place) => self.sources[..=place].rotate_right(1),
            None => {
                self.sources.truncate(SOURCES_MAX - 1);
                self.sources.insert(0, Source { ssrc, ..Source::default() });
            }
        }
        &mut self.sources[0]
    }
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound").field("sources", &self.sources).field("counter_most", &self.counter_most).finish_non_exhaustive()
    }
}

impl Heard {
    fn is_repeated(self, number: u64) -> bool {
        match self.highest.checked_sub(number) {
            None => false,
            Some(behind) => behind >= WINDOW || self.window >> behind & 1 == 1,
        }
    }

    /// `number`, of a packet that was proven, is heard.
    fn after(before: Option<Self>, number: u64) -> Self {
        match before {
            None => Self { highest: number, window: 1 },
            Some(Self { highest, window }) if number > highest => {
                let ahead = u32::try_from(number - highest).unwrap_or(u32::MAX);
                Self { highest: number, window: window.checked_shl(ahead).unwrap_or(0) | 1 }
            }
            Some(Self { highest, window }) => Self { highest, window: window | 1 << (highest - number).min(WINDOW - 1) },
        }
    }
}

/// RFC 3711 §3.3.1 and appendix A: the number nearest to the highest heard; `None` for one before the stream's first.
fn estimated(highest: u64, sequence: u16) -> Option<u64> {
    let (counter, last) = (highest >> 16, highest as u16);
    let counter = if last < 0x8000 {
        if i32::from(sequence) - i32::from(last) > 0x8000 { counter.checked_sub(1)? } else { counter }
    } else if i32::from(last) - 0x8000 > i32::from(sequence) {
        counter + 1
    } else {
        counter
    };
    Some((counter & 0xFFFF_FFFF) << 16 | u64::from(sequence))
}

/// Bytes of an RTP header with its contributing sources and extension (RFC 3550 §5.1); these stay readable.
fn header_length(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    if first >> 6 != 2 || packet.len() < RTP_HEADER {
        return None;
    }
    let sources = RTP_HEADER + 4 * usize::from(first & 0x0F);
    if first & 0x10 == 0 {
        return Some(sources);
    }
    let words = usize::from(u16_at(packet, sources + 2)?);
    Some(sources + 4 + 4 * words)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Both directions of a leg, made of what was settled for it.
#[must_use]
pub fn pair(keys: &SrtpKeys) -> (Inbound, Outbound) {
    (Inbound::new(&keys.receive, 0), Outbound::new(&keys.send, 0))
}

#[cfg(test)]
mod tests;
