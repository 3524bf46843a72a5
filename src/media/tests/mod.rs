//! The engine under virtual time, with phones that send real RTP.

mod bridging;
mod changes;
mod hearing;
mod malformed;
mod recording;
mod resuming;
mod swarm;
mod world;

use super::control::{Direction, StreamParameters};
use crate::base::{Codec, time::secs};

/// What a plain phone at `remote` settles, signalling from the same address.
pub fn parameters(codec: Codec, remote: &str) -> StreamParameters {
    let remote: std::net::SocketAddr = remote.parse().expect("an address");
    let (payload_type, event_type) = match codec {
        Codec::Pcmu => (0, 101),
        Codec::Pcma => (8, 101),
        Codec::Opus => (111, 110),
    };
    StreamParameters {
        remote,
        remote_rtcp: std::net::SocketAddr::new(remote.ip(), remote.port() + 1),
        rtcp_mux: false,
        signalled_from: remote.ip(),
        codec,
        send_payload_type: payload_type,
        receive_payload_type: payload_type,
        send_event_type: Some(event_type),
        receive_event_type: Some(event_type),
        direction: Direction { send: true, receive: true },
        ptime: 20,
        silence_suppression: false,
        rtp_timeout: secs(30),
    }
}
