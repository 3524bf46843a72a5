//! What was settled for a stream of a recording session, in the media plane's words.

use crate::base::Duration;
use crate::media::control::{Direction, StreamParameters};
use crate::sdp::Negotiated;
use std::net::IpAddr;

/// `peer`: where the signalling comes from.
pub fn parameters(settled: &Negotiated, peer: IpAddr, rtp_timeout: Duration) -> StreamParameters {
    StreamParameters {
        remote: settled.remote,
        remote_rtcp: settled.remote_rtcp,
        rtcp_mux: settled.rtcp_mux,
        signalled_from: peer,
        codec: settled.codec,
        others: settled.others.clone(),
        send_payload_type: settled.send_payload_type,
        receive_payload_type: settled.receive_payload_type,
        send_event_type: settled.send_event_type,
        event_clock: settled.event_clock,
        receive_event_type: settled.receive_event_type,
        direction: Direction { send: settled.direction.send, receive: settled.direction.receive },
        ptime: settled.ptime,
        silence_suppression: settled.silence_suppression,
        comfort_noise: settled.comfort_noise,
        opus: settled.opus,
        rtp_timeout,
        srtp: settled.srtp.clone().map(Box::new),
        extended_reports: settled.extended_reports,
    }
}
