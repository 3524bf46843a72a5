//! The engine under virtual time, with phones that send real RTP.

mod bridging;
mod changes;
mod conference;
mod copying;
mod encrypting;
mod hearing;
mod latching;
mod loss;
mod malformed;
mod measuring;
mod moving;
mod quality;
mod recording;
mod resuming;
mod silence;
mod supervision;
mod swarm;
mod world;

use super::control::StreamParameters;
use crate::base::Codec;

/// What a plain phone at `remote` settles, signalling from the same address.
pub fn parameters(codec: Codec, remote: &str) -> StreamParameters {
    let remote: std::net::SocketAddr = remote.parse().expect("an address");
    let event_type = Some(if codec == Codec::Opus { 110 } else { 101 });
    StreamParameters { send_event_type: event_type, receive_event_type: event_type, ..StreamParameters::new(remote, codec) }
}
