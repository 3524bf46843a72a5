//! Ways to phones that are not their Contact: through an edge proxy (Path, RFC 3327; what it tells its phones of the way back,
//! Service-Route, RFC 3608), and over flows that the phone keeps up itself (RFC 5626). Reads a REGISTER and writes what its answer says of
//! them; which bindings there are is the registrar's.

use super::msg::{NameAddr, Request, Response};
use super::{Flow, Protocol, Settings};
use crate::base::limits::PATH_HOPS_MAX;
use crate::base::{Duration, time::secs};
use std::net::SocketAddr;

/// RFC 5626 §4.4: within this time a phone lets us hear of it on each flow over TCP, or the flow is taken for broken.
pub(super) const FLOW_TIMER: Duration = secs(120);

/// What a REGISTER says of the way to its phone.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Ways {
    /// The hops of its Path, in the order in which requests to the phone take them.
    pub path: Vec<NameAddr>,
    /// It knows RFC 5626.
    pub outbound: bool,
    /// It came through a proxy that does not.
    pub lacks_outbound: bool,
}

/// A Path that cannot be read, or is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BadPath;

impl Ways {
    pub fn of(request: &Request) -> Result<Self, BadPath> {
        let path = request.headers.name_addrs("Path").map_err(|_| BadPath)?;
        if path.len() > PATH_HOPS_MAX {
            return Err(BadPath);
        }
        // RFC 5626 §6: the first hop is the last that put itself on the Path.
        let keeps_flows = path.last().is_some_and(|hop| hop.uri.param("ob").is_some());
        let lacks_outbound = request.headers.list("Via").count() > 1 && !keeps_flows;
        Ok(Self { path, outbound: request.headers.has_token("Supported", "outbound"), lacks_outbound })
    }
}

/// Where requests to a binding go: back where its REGISTER came from. The first hop of its Path is believed in its port alone, lest a phone
/// has us call anywhere.
pub(super) fn hop_to(path: &[NameAddr], flow: Flow) -> Flow {
    let named = path.first().and_then(|hop| hop.uri.socket_addr(5060));
    let same_way = path.first().is_some_and(|hop| match hop.uri.param("transport") {
        Some(transport) => transport.eq_ignore_ascii_case(if flow.protocol == Protocol::Udp { "udp" } else { "tcp" }),
        None => flow.protocol == Protocol::Udp,
    });
    match named {
        Some(peer) if same_way && flow.protocol == Protocol::Udp && peer.ip() == flow.peer.ip() => Flow { peer, ..flow },
        _ => flow,
    }
}

/// Where a connection to the phone, or to the proxy before it, can be opened when the one it registered on is gone.
pub(super) fn listens_at(path: &[NameAddr], contact: &super::msg::Uri, flow: Flow) -> Option<SocketAddr> {
    let first = path.first().map_or(contact, |hop| &hop.uri);
    first.socket_addr(5060).filter(|to| to.ip() == flow.peer.ip() && *to != flow.peer)
}

/// What the answer to a REGISTER says besides its bindings.
pub(super) fn put_ways(response: &mut Response, request: &Request, keeps_flows: bool, flow: Flow, settings: &Settings) {
    let mut through_edge = false;
    for hop in request.headers.all("Path") {
        response.headers.push("Path", hop);
        through_edge = true;
    }
    if through_edge {
        for route in &settings.service_route {
            response.headers.push("Service-Route", route.as_str());
        }
    }
    response.headers.push("Supported", REGISTRAR_SUPPORTS);
    if keeps_flows {
        response.headers.push("Require", "outbound");
        if flow.protocol == Protocol::Tcp && !through_edge {
            response.headers.push("Flow-Timer", FLOW_TIMER.as_secs().to_string());
        }
    }
}

/// Extensions of a registrar (RFC 3327 §5.3, RFC 5626 §6).
pub(super) const REGISTRAR_SUPPORTS: &str = "path, outbound";

const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// The answer to a STUN Binding request on a SIP port, by which a phone keeps its flow over UDP and finds that it broke (RFC 5626 §4.4.2,
/// RFC 8489 §14.2); nothing for what is none. It says no more than where the request came from, to where it came from.
pub(super) fn pong(bytes: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    if bytes.len() < 20 || bytes[..2] != [0, 1] || bytes[4..8] != COOKIE {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
    if length % 4 != 0 || length + 20 != bytes.len() {
        return None;
    }
    let mask = &bytes[4..20];
    let ip = match from.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
        std::net::IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let family = if ip.len() == 4 { 1 } else { 2 };
    let port = from.port() ^ u16::from_be_bytes([COOKIE[0], COOKIE[1]]);
    let value: Vec<u8> =
        [0, family].into_iter().chain(port.to_be_bytes()).chain(ip.iter().zip(mask).map(|(byte, mask)| byte ^ mask)).collect();
    let size = |length: usize| u16::try_from(length).unwrap_or_default().to_be_bytes();
    let mut answer = vec![1, 1];
    answer.extend(size(value.len() + 4));
    answer.extend_from_slice(mask);
    answer.extend([0, 0x20]);
    answer.extend(size(value.len()));
    answer.extend(value);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_request_is_told_where_it_came_from() {
        // RFC 5769 §2.2's transaction and address, without its SOFTWARE, MESSAGE-INTEGRITY and FINGERPRINT.
        let id = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];
        let request = [&[0, 1, 0, 0][..], &COOKIE, &id].concat();
        let answer = pong(&request, "192.0.2.1:32853".parse().expect("an address")).expect("an answer");
        let mapped = [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        assert_eq!(answer, [&[1, 1, 0, 12][..], &COOKIE, &id, &mapped].concat());
        // §2.3.
        let answer = pong(&request, "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().expect("an address")).expect("an answer");
        let mapped = [
            0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe,
            0xd2, 0xb9, 0xd9,
        ];
        assert_eq!(answer[20..], mapped);
        for bad in [&request[..19], &[&request[..], &[0]].concat(), &[&[1, 1][..], &request[2..]].concat(), b"\r\n\r\n"] {
            assert_eq!(pong(bad, "192.0.2.1:1".parse().expect("an address")), None, "{bad:?}");
        }
    }

    #[test]
    fn the_way_back_is_the_way_it_came_but_for_the_port() {
        let flow =
            |protocol| Flow { protocol, local: "10.0.0.1:5060".parse().expect("an address"), peer: "10.0.0.5:40000".parse().expect("one") };
        let hop = |text: &str, protocol| {
            let path: Vec<NameAddr> = vec![text.parse().expect("a hop")];
            hop_to(&path, flow(protocol)).peer.to_string()
        };
        assert_eq!(hop("<sip:10.0.0.5;lr>", Protocol::Udp), "10.0.0.5:5060");
        assert_eq!(hop("<sip:token@10.0.0.5:5080;lr;ob>", Protocol::Udp), "10.0.0.5:5080");
        assert_eq!(hop("<sip:192.0.2.66;lr>", Protocol::Udp), "10.0.0.5:40000", "nobody has us call elsewhere");
        assert_eq!(hop("<sip:edge.example;lr>", Protocol::Udp), "10.0.0.5:40000");
        assert_eq!(hop("<sip:10.0.0.5;lr;transport=tcp>", Protocol::Udp), "10.0.0.5:40000");
        assert_eq!(hop("<sip:10.0.0.5;lr;transport=tcp>", Protocol::Tcp), "10.0.0.5:40000", "its connection");
        assert_eq!(hop_to(&[], flow(Protocol::Udp)), flow(Protocol::Udp));
    }
}
