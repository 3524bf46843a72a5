//! Ways to phones that are not their Contact: through an edge proxy (Path, RFC 3327; what it tells its phones of the way back,
//! Service-Route, RFC 3608), and over flows that the phone keeps up itself (RFC 5626). Reads a REGISTER and writes what its answer says of
//! them; which bindings there are is the registrar's.

use super::msg::{NameAddr, Request, Response, Scheme, Uri};
use super::{Flow, Protocol, Settings};
use crate::base::limits::PATH_HOPS_MAX;
use crate::base::{Duration, time::secs};
use std::net::{IpAddr, SocketAddr};

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

/// How a phone came to be known: where it says that it is, and the way its REGISTER came.
#[derive(Clone, Copy)]
pub(super) struct Whereabouts<'a> {
    pub path: &'a [NameAddr],
    pub contact: &'a Uri,
    pub flow: Flow,
    pub behind_nat: bool,
    /// The flow is one that the phone keeps up itself (RFC 5626).
    pub keeps_flow: bool,
}

impl Whereabouts<'_> {
    /// Where requests to it go: by the connection of its REGISTER; over UDP back where that came from, unless its next hop, the first of its
    /// Path or its Contact, names a transport of its own (RFC 3261 §18.1.1). Nowhere for a SIPS URI that TLS does not lead to (§26.2.2).
    pub fn hop(&self, settings: &Settings) -> Option<Flow> {
        let flow = self.flow;
        let must_be_secure = self.is_secure() && flow.protocol != Protocol::Tls;
        if flow.protocol.is_stream() && !must_be_secure {
            return Some(flow);
        }
        let own_flow = self.keeps_flow && self.path.is_empty();
        let listens = self.listens(settings).filter(|_| !own_flow);
        if must_be_secure {
            return listens.filter(|to| to.protocol == Protocol::Tls);
        }
        let leads_elsewhere = |to: &Flow| to.protocol.is_stream() || !self.path.is_empty();
        Some(listens.filter(leads_elsewhere).unwrap_or(flow))
    }

    /// Where a connection to it can be opened, or a datagram sent, by what its next hop says of itself: believed in transport and port alone,
    /// on the host that its REGISTER came from, lest a phone has us call anywhere. Over TLS it may be a name, which its certificate has to have.
    pub fn listens(&self, settings: &Settings) -> Option<Flow> {
        let hop = self.next_hop();
        let protocol = if self.is_secure() { Some(Protocol::Tls) } else { transport(hop)? };
        let protocol = match (protocol, self.flow.protocol) {
            // Over TLS nothing else will do, and it has to be said.
            (said, Protocol::Tls) => said.filter(|said| *said == Protocol::Tls)?,
            (said, came_by) => said.unwrap_or(came_by),
        };
        if protocol == Protocol::Tls && !settings.calls_over_tls {
            return None;
        }
        let port = protocol.default_port();
        let peer = match hop.socket_addr(port) {
            Some(named) => Some(named).filter(|named| named.ip() == self.flow.peer.ip())?,
            // What RFC 2606 §2 keeps for names that lead nowhere is what browsers call themselves.
            None if protocol == Protocol::Tls && !self.behind_nat && !hop.host.to_ascii_lowercase().ends_with(".invalid") => {
                SocketAddr::new(self.flow.peer.ip(), hop.port.unwrap_or(port))
            }
            None => return None,
        };
        Some(Flow { protocol, local: local_of(protocol, self.flow, settings)?, peer })
    }

    fn next_hop(&self) -> &Uri {
        self.path.first().map_or(self.contact, |hop| &hop.uri)
    }

    fn is_secure(&self) -> bool {
        self.contact.scheme == Scheme::Sips || self.next_hop().scheme == Scheme::Sips
    }
}

/// The transport that a URI names, if it names one; `None` for one that we do not have.
#[allow(clippy::option_option)]
fn transport(uri: &Uri) -> Option<Option<Protocol>> {
    let Some(named) = uri.param("transport") else { return Some(None) };
    let all = [Protocol::Udp, Protocol::Tcp, Protocol::Tls];
    all.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(named)).map(Some)
}

/// Our own end of a way by this transport to the peer of `flow`.
pub(super) fn local_of(protocol: Protocol, flow: Flow, settings: &Settings) -> Option<SocketAddr> {
    if protocol == flow.protocol {
        return Some(flow.local);
    }
    let usable = || settings.listen.iter().filter(|(ours, local)| *ours == protocol && local.is_ipv4() == flow.peer.is_ipv4());
    let beside = usable().find(|(_, local)| local.ip() == flow.local.ip());
    beside.or_else(|| usable().next()).map(|(_, local)| *local)
}

/// By which name who is asked over a connection that we open is to be known, where its host is no address (RFC 5922 §7.1).
pub(super) fn name_asked(request: &Request) -> Option<String> {
    let routed: Option<NameAddr> = request.headers.list("Route").next().and_then(|hop| hop.parse().ok());
    let host = routed.map_or_else(|| request.uri.host.clone(), |hop| hop.uri.host);
    let is_address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    (!is_address && !host.is_empty()).then(|| host.to_ascii_lowercase())
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

    const REGISTERED_FROM: &str = "10.0.0.5:40000";

    /// Where a phone is called that came over `by` with this Path and Contact; and where, when that is gone.
    fn ways(path: &str, contact: &str, by: Protocol, behind_nat: bool) -> [String; 2] {
        let at = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let listen = [(Protocol::Udp, "10.0.0.1:5060"), (Protocol::Tcp, "10.0.0.1:5060"), (Protocol::Tls, "10.0.0.1:5061")];
        let listen = listen.map(|(protocol, text)| (protocol, at(text))).to_vec();
        let settings = Settings { calls_over_tls: true, listen, ..Settings::default() };
        let local = local_of(by, Flow { protocol: Protocol::Udp, local: at("10.0.0.1:5060"), peer: at(REGISTERED_FROM) }, &settings);
        let flow = Flow { protocol: by, local: local.expect("an address of ours"), peer: at(REGISTERED_FROM) };
        let path: Vec<NameAddr> = if path.is_empty() { Vec::new() } else { vec![path.parse().expect("a hop")] };
        let contact: Uri = contact.parse().expect("a URI");
        let phone = Whereabouts { path: &path, contact: &contact, flow, behind_nat, keeps_flow: false };
        [phone.hop(&settings), phone.listens(&settings)].map(|to| {
            assert!(to.is_none_or(|to| to.local.port() == if to.protocol == Protocol::Tls { 5061 } else { 5060 }), "{to:?}");
            to.map_or_else(|| "nowhere".to_owned(), |to| format!("{} {}", to.protocol.name(), to.peer))
        })
    }

    #[test]
    fn the_way_back_is_the_way_it_came_but_for_port_and_transport() {
        use Protocol::{Tcp, Tls, Udp};
        for (path, contact, by, hop, listens) in [
            ("<sip:10.0.0.5;lr>", "sip:a@10.0.0.77", Udp, "udp 10.0.0.5:5060", "udp 10.0.0.5:5060"),
            ("<sip:token@10.0.0.5:5080;lr;ob>", "sip:a@h", Udp, "udp 10.0.0.5:5080", "udp 10.0.0.5:5080"),
            ("<sip:192.0.2.66;lr>", "sip:a@h", Udp, "udp 10.0.0.5:40000", "nowhere"),
            ("<sip:edge.example;lr>", "sip:a@h", Udp, "udp 10.0.0.5:40000", "nowhere"),
            ("<sip:10.0.0.5;lr;transport=tcp>", "sip:a@h", Udp, "tcp 10.0.0.5:5060", "tcp 10.0.0.5:5060"),
            ("<sip:10.0.0.5;lr;transport=tls>", "sip:a@h", Udp, "tls 10.0.0.5:5061", "tls 10.0.0.5:5061"),
            ("<sip:10.0.0.5;lr;transport=tcp>", "sip:a@h", Tcp, "tcp 10.0.0.5:40000", "tcp 10.0.0.5:5060"),
            ("<sip:edge.example;lr;transport=tls>", "sip:a@h", Tls, "tls 10.0.0.5:40000", "tls 10.0.0.5:5061"),
            // Its own Contact, without a proxy.
            ("", "sip:a@10.0.0.5:5070", Udp, "udp 10.0.0.5:40000", "udp 10.0.0.5:5070"),
            ("", "sip:a@10.0.0.5:5070;transport=TCP", Udp, "tcp 10.0.0.5:5070", "tcp 10.0.0.5:5070"),
            ("", "sip:a@10.0.0.5;transport=tls", Udp, "tls 10.0.0.5:5061", "tls 10.0.0.5:5061"),
            ("", "sips:a@10.0.0.5:5071", Udp, "tls 10.0.0.5:5071", "tls 10.0.0.5:5071"),
            ("", "sips:a@10.0.0.6:5071", Udp, "nowhere", "nowhere"),
            ("", "sips:a@10.0.0.5;transport=tcp", Tcp, "tls 10.0.0.5:5061", "tls 10.0.0.5:5061"),
            ("", "sip:a@10.0.0.5:5070", Tcp, "tcp 10.0.0.5:40000", "tcp 10.0.0.5:5070"),
            ("", "sip:a@10.0.0.5:5070;transport=ws", Tcp, "tcp 10.0.0.5:40000", "nowhere"),
            ("", "sip:a@10.0.0.5:5071;transport=tls", Tls, "tls 10.0.0.5:40000", "tls 10.0.0.5:5071"),
            ("", "sips:a@phone.house", Tls, "tls 10.0.0.5:40000", "tls 10.0.0.5:5061"),
            // Nothing of TLS is said, or something else; it is another host; it is no name.
            ("", "sip:a@10.0.0.5:5071", Tls, "tls 10.0.0.5:40000", "nowhere"),
            ("", "sip:a@10.0.0.5:5071;transport=tcp", Tls, "tls 10.0.0.5:40000", "nowhere"),
            ("", "sip:a@10.0.0.6:5071;transport=tls", Tls, "tls 10.0.0.5:40000", "nowhere"),
            ("", "sip:a@x7.invalid;transport=tls", Tls, "tls 10.0.0.5:40000", "nowhere"),
        ] {
            assert_eq!(ways(path, contact, by, false), [hop, listens], "{path} {contact} {by:?}");
        }
        assert_eq!(ways("", "sips:a@phone.house", Tls, true)[1], "nowhere", "behind a NAT nobody is called by a name");
    }

    #[test]
    fn who_is_to_be_there_is_who_was_asked_first() {
        for (uri, route, name) in [
            ("sips:a@Phone.House:5071", "", Some("phone.house")),
            ("sip:a@10.0.0.5;transport=tls", "", None),
            ("sip:a@[2001:db8::5]:5061", "", None),
            ("sip:a@10.0.0.5", "<sip:edge.example;lr>, <sip:inner.example;lr>", Some("edge.example")),
            ("sip:a@phone.house", "<sip:10.0.0.5;lr>", None),
        ] {
            let mut request = Request::new(crate::sip::msg::Method::Invite, uri.parse().expect("a URI"));
            if !route.is_empty() {
                request.headers.push("Route", route);
            }
            assert_eq!(name_asked(&request).as_deref(), name, "{uri} {route}");
        }
    }
}
