//! One RTP packet, read and written (RFC 3550 §5.1). Header extensions and contributing sources are read over and never sent: none are
//! negotiated.

use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};

/// Longest packet taken, in bytes: an Ethernet frame's worth. Longer ones are malformed.
pub const PACKET_BYTES_MAX: usize = 1_500;

/// RFC 8489 §5.
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// The fixed header's changing fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

/// A packet that was read: its header and its payload without padding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet<'a> {
    pub header: Header,
    pub payload: &'a [u8],
}

/// No RTP packet: too short, too long, another version, lengths that do not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

impl<'a> Packet<'a> {
    /// # Errors
    /// `Malformed` for anything that RFC 3550 §A.1 would not pass.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() > PACKET_BYTES_MAX {
            return Err(Malformed);
        }
        let reader = RtpReader::new(bytes).map_err(|_| Malformed)?;
        let header = Header {
            payload_type: reader.payload_type(),
            marker: reader.mark(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
        };
        Ok(Self { header, payload: reader.payload() })
    }
}

impl Header {
    /// Appends the packet of this header and `payload` to `out`.
    pub fn write(&self, payload: &[u8], out: &mut Vec<u8>) {
        let builder = RtpPacketBuilder::new()
            .payload_type(self.payload_type & 0x7F)
            .marked(self.marker)
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(payload);
        let start = out.len();
        out.resize(start + builder.target_length(), 0);
        let written = builder.build_into(&mut out[start..]).expect("the buffer was made for the packet, the payload type has 7 bits");
        debug_assert_eq!(start + written, out.len());
    }
}

/// Whether a packet on a port that carries both is RTCP: RFC 5761 §4, packet types 192 to 223.
#[must_use]
pub fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(|second| (192..=223).contains(second))
}

/// Whether a datagram that is no RTP only holds the way through a NAT open (RFC 6263 §4): empty (§4.1), a few zeros or line ends as some
/// phones send, or STUN (§4.4, told from RTP by RFC 7983 §7).
#[must_use]
pub fn is_keep_alive(bytes: &[u8]) -> bool {
    let is_stun = bytes.len() >= 20 && bytes[0] < 4 && bytes[4..8] == STUN_COOKIE;
    is_stun || (bytes.len() <= 4 && bytes.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let header = Header { payload_type: 8, marker: true, sequence: 65_535, timestamp: 0xFFFF_FFF0, ssrc: 7 };
        let mut bytes = vec![9, 9];
        header.write(&[1, 2, 3], &mut bytes);
        assert_eq!(bytes.len(), 2 + 12 + 3);
        assert_eq!(Packet::read(&bytes[2..]), Ok(Packet { header, payload: &[1, 2, 3] }));
    }

    #[test]
    fn what_is_no_packet_is_malformed() {
        let mut version_one = vec![0; 20];
        version_one[0] = 0x40;
        let mut padded_too_far = vec![0; 13];
        padded_too_far[0] = 0xA0;
        padded_too_far[12] = 200;
        let mut sources_missing = vec![0; 13];
        sources_missing[0] = 0x8F;
        let mut too_long = vec![0; PACKET_BYTES_MAX + 1];
        too_long[0] = 0x80;
        for bytes in [vec![], vec![0x80; 11], version_one, padded_too_far, sources_missing, too_long] {
            assert_eq!(Packet::read(&bytes), Err(Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_shared_port_tells_rtcp_by_its_type() {
        for (second, rtcp) in [(0, false), (8, false), (0x80 | 8, false), (191, false), (200, true), (203, true), (224, false)] {
            assert_eq!(is_rtcp(&[0x80, second, 0, 0]), rtcp, "{second}");
        }
        assert!(!is_rtcp(&[]));
    }
}
