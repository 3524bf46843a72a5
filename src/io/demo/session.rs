//! The little of SDP that a simulated phone knows: one audio stream of G.711, and its direction. Apart from the switch's own `sdp`, so
//! that one does not repeat the other's mistakes.

use crate::audio::g711::Law;
use std::net::{IpAddr, SocketAddr};

/// Of a stream, as its writer sees it (RFC 3264 §5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    const ALL: [(Self, &'static str); 4] =
        [(Self::SendRecv, "sendrecv"), (Self::SendOnly, "sendonly"), (Self::RecvOnly, "recvonly"), (Self::Inactive, "inactive")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(direction, _)| *direction == self).map_or("sendrecv", |(_, name)| *name)
    }

    /// What is answered to it by a phone that takes everything offered (RFC 3264 §6.1).
    fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            same => same,
        }
    }
}

/// What the other side described.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Remote {
    /// Where it wants our packets.
    pub address: SocketAddr,
    pub law: Law,
    pub direction: Direction,
}

impl Remote {
    /// Reads an offer or an answer; none without an audio stream of G.711 at an address.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let (mut host, mut port, mut law, mut direction) = (None::<IpAddr>, None::<u16>, None, Direction::SendRecv);
        for line in text.lines() {
            let Some((kind, value)) = line.trim_end().split_once('=') else { continue };
            match kind {
                "c" => host = value.split(' ').nth(2).and_then(|address| address.parse().ok()),
                "m" if value.starts_with("audio ") => {
                    let mut words = value.split(' ').skip(1);
                    port = words.next().and_then(|port| port.parse().ok()).filter(|port| *port > 0);
                    law = words.skip(1).find_map(|format| match format {
                        "8" => Some(Law::A),
                        "0" => Some(Law::Mu),
                        _ => None,
                    });
                }
                "a" => direction = Direction::ALL.iter().find(|(_, name)| *name == value).map_or(direction, |(named, _)| *named),
                _ => {}
            }
        }
        Some(Self { address: SocketAddr::new(host?, port?), law: law?, direction })
    }

    /// The answer to this offer.
    #[must_use]
    pub fn answer(&self, rtp: SocketAddr, version: u32) -> Vec<u8> {
        description(rtp, version, &[self.law], self.direction.mirrored())
    }
}

/// An offer of both laws, A-law first.
#[must_use]
pub fn offer(rtp: SocketAddr, version: u32, direction: Direction) -> Vec<u8> {
    description(rtp, version, &[Law::A, Law::Mu], direction)
}

fn description(rtp: SocketAddr, version: u32, laws: &[Law], direction: Direction) -> Vec<u8> {
    let family = if rtp.is_ipv4() { "IP4" } else { "IP6" };
    let (host, port) = (rtp.ip(), rtp.port());
    let formats: String = laws.iter().map(|law| format!(" {}", payload_type(*law))).collect();
    let maps: String = laws
        .iter()
        .map(|law| format!("a=rtpmap:{} {}/8000\r\n", payload_type(*law), if *law == Law::A { "PCMA" } else { "PCMU" }))
        .collect();
    format!(
        "v=0\r\no=simulated {port} {version} IN {family} {host}\r\ns=-\r\nc=IN {family} {host}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP{formats}\r\n{maps}a=ptime:20\r\na={}\r\n",
        direction.name()
    )
    .into_bytes()
}

/// RFC 3551 §6.
#[must_use]
pub fn payload_type(law: Law) -> u8 {
    match law {
        Law::A => 8,
        Law::Mu => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> SocketAddr {
        "127.0.0.1:40000".parse().expect("an address")
    }

    #[test]
    fn what_is_offered_is_read_and_answered_in_the_mirror() {
        for (offered, answered) in [
            (Direction::SendRecv, Direction::SendRecv),
            (Direction::SendOnly, Direction::RecvOnly),
            (Direction::RecvOnly, Direction::SendOnly),
            (Direction::Inactive, Direction::Inactive),
        ] {
            let remote = Remote::read(&offer(here(), 1, offered)).expect("a stream");
            assert_eq!(remote, Remote { address: here(), law: Law::A, direction: offered });
            let answer = Remote::read(&remote.answer(here(), 1)).expect("a stream");
            assert_eq!((answer.direction, answer.law), (answered, Law::A));
        }
    }

    #[test]
    fn a_stream_refused_or_of_other_codecs_is_none() {
        let fine = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 111 0 101\r\n";
        assert_eq!(Remote::read(fine.as_bytes()).map(|remote| remote.law), Some(Law::Mu));
        for broken in [fine.replace("4000", "0"), fine.replace(" 0 ", " 9 "), fine.replace("audio", "video"), fine.replace("c=", "x=")] {
            assert_eq!(Remote::read(broken.as_bytes()), None, "{broken}");
        }
    }
}
