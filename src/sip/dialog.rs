//! A dialog (RFC 3261 §12): who talks to whom, by which route, at which number. Makes requests inside it and judges those that come.
//! What must not live here: what the requests mean.

use super::msg::{Method, NameAddr, Request, Response, Scheme, Uri};
use super::outbound::{Whereabouts, local_of};
use super::{Flow, Protocol, Settings, compose};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Dialog {
    pub call_id: String,
    pub local_tag: String,
    /// Empty for a peer of RFC 2543, who sends none.
    pub remote_tag: String,
    /// From of our requests, with our tag.
    local: String,
    /// To of our requests, with the peer's tag.
    remote: String,
    /// Number of our last request.
    pub local_seq: u32,
    /// Number of the peer's last request; `None` while none came.
    remote_seq: Option<u32>,
    routes: Vec<NameAddr>,
    target: Uri,
    /// The peer's latest flow.
    pub flow: Flow,
    /// What the peer writes in Contact and Via is not where it can be reached.
    pub behind_nat: bool,
    /// The connection that its flow was is no more: looked up before each act.
    #[serde(skip)]
    pub is_cut: bool,
}

/// Whether the sender of a request sits behind a NAT: his Via does not name the address he sent from. `received` was noted by the
/// endpoint (§18.2.1), and `rport` holds the port he sent from (RFC 3581). Who names his own address and does not ask for `rport` listens at
/// the port that he names, whatever he sends from: gateways and desk phones that use another do so (§18.1.1, §18.2.2).
pub(super) fn is_behind_nat(request: &Request, flow: Flow) -> bool {
    let via = request.top_via();
    let host = via.host.trim_start_matches('[').trim_end_matches(']');
    let wants_port = flow.protocol.is_stream() || via.param("rport").is_some();
    host.parse() != Ok(flow.peer.ip()) || (wants_port && via.port.unwrap_or(5060) != flow.peer.port())
}

/// Of a network that is nobody's but its own (RFC 1918, RFC 6598, RFC 4193).
fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

impl Dialog {
    /// The dialog that an INVITE, or a SUBSCRIBE, asks of us (§12.1.1).
    pub fn of_invited(request: &Request, local_tag: String, flow: Flow) -> Self {
        let mut local = request.to();
        local.set_param("tag", Some(&local_tag));
        let remote = request.from();
        Self {
            call_id: request.call_id().to_owned(),
            remote_tag: remote.tag().unwrap_or("").to_owned(),
            local: local.to_string(),
            remote: request.headers.get("From").unwrap_or_default().to_owned(),
            local_tag,
            local_seq: 0,
            remote_seq: Some(request.cseq().0),
            routes: request.headers.name_addrs("Record-Route").unwrap_or_default(),
            target: compose::contact_of(&request.headers).unwrap_or(remote.uri),
            flow,
            behind_nat: is_behind_nat(request, flow),
            is_cut: false,
        }
    }

    /// The dialog that a response with a To tag makes of our INVITE (§12.1.2).
    pub fn of_inviting(invite: &Request, response: &Response, flow: Flow, behind_nat: bool) -> Self {
        let mut routes = response.headers.name_addrs("Record-Route").unwrap_or_default();
        routes.reverse();
        Self {
            call_id: invite.call_id().to_owned(),
            local_tag: invite.from_tag().unwrap_or("").to_owned(),
            remote_tag: response.to_tag().unwrap_or("").to_owned(),
            local: invite.headers.get("From").unwrap_or_default().to_owned(),
            remote: response.headers.get("To").unwrap_or_default().to_owned(),
            local_seq: invite.cseq().0,
            remote_seq: None,
            routes,
            target: compose::contact_of(&response.headers).unwrap_or_else(|| invite.uri.clone()),
            flow,
            behind_nat,
            is_cut: false,
        }
    }

    /// Whether a request that has our tag is of this dialog and not of another fork's (§12.2.2).
    pub fn is_of(&self, request: &Request) -> bool {
        request.from_tag().unwrap_or("") == self.remote_tag
    }

    /// With whom our peer speaks, as it stands on his phone.
    pub fn shown(&self) -> &str {
        &self.local
    }

    /// Takes the number of a request; false when it came out of order, and 500 is due (§12.2.2).
    pub fn takes_number(&mut self, number: u32) -> bool {
        let in_order = self.remote_seq.is_none_or(|last| last < number);
        if in_order {
            self.remote_seq = Some(number);
        }
        in_order
    }

    /// A target refresh: re-INVITE, UPDATE, or a 2xx to either (§12.2).
    pub fn refresh_target(&mut self, message: &super::msg::Headers) {
        if let Some(target) = compose::contact_of(message) {
            self.target = target;
        }
    }

    /// A new request of ours (§12.2.1.1), all but Via.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_seq += 1;
        self.numbered(method, self.local_seq)
    }

    /// The ACK to a 2xx; numbered as its INVITE (§13.2.2.4).
    pub fn ack(&self, number: u32) -> Request {
        self.numbered(Method::Ack, number)
    }

    /// After a restart: requests may have gone out that the image did not know of. Gaps are allowed (§12.2.1.1), repeats are not.
    pub fn skip_numbers(&mut self) {
        self.local_seq += 10;
    }

    /// Whether a contact is this dialog's peer: the user and host of its remote target.
    pub fn is_with(&self, contact: &Uri) -> bool {
        contact.user == self.target.user && contact.host.eq_ignore_ascii_case(&self.target.host)
    }

    /// Whether a proxy at this address put itself into the way of our requests (§12.1).
    pub fn is_routed_by(&self, ip: IpAddr) -> bool {
        self.routes.first().and_then(|route| route.uri.socket_addr(5060)).is_some_and(|proxy| proxy.ip() == ip)
    }

    /// Where a new connection to the peer is opened when the one that we had is gone (RFC 3261 §12.2.1.1, §18.1.1): to the first route, else
    /// the target; behind a NAT on the host that it came from alone. Over TLS who is known by his certificate is called back: a carrier where
    /// the configuration has him, a phone on its own host. `None` where that is what we had: a carrier is called again where it was.
    pub fn listening(&self, settings: &Settings) -> Option<Flow> {
        let ways = || settings.trunks.iter().flat_map(|trunk| &trunk.ways).map(|way| way.flow);
        if ways().any(|way| way.protocol == self.flow.protocol && way.peer == self.flow.peer) {
            return None;
        }
        let is_tls = self.flow.protocol == Protocol::Tls;
        let uri = self.routes.first().map_or(&self.target, |route| &route.uri);
        let named = uri.socket_addr(self.flow.protocol.default_port()).filter(|to| to.is_ipv4() == self.flow.local.is_ipv4());
        if is_tls {
            let is_its = |ip| ip == self.flow.peer.ip() || named.is_some_and(|named| named.ip() == ip);
            if let Some(way) = ways().find(|way| way.protocol == Protocol::Tls && is_its(way.peer.ip())) {
                return Some(Flow { peer: way.peer, ..self.flow });
            }
        }
        let (path, contact, flow, behind_nat) = (&self.routes[..], &self.target, self.flow, self.behind_nat);
        let on_its_host = Whereabouts { path, contact, flow, behind_nat, keeps_flow: false }.listens(settings);
        let is_reached = |to: &SocketAddr| !is_tls && (!is_private(to.ip()) || is_private(flow.peer.ip()));
        on_its_host.or_else(|| named.filter(is_reached).map(|peer| Flow { peer, ..flow })).filter(|to| to.peer != flow.peer)
    }

    fn numbered(&self, method: Method, number: u32) -> Request {
        let loose = self.routes.first().is_none_or(|route| route.uri.param("lr").is_some());
        let mut request = Request::new(method, if loose { self.target.clone() } else { self.routes[0].uri.clone() });
        let cseq = format!("{number} {}", request.method);
        let headers = &mut request.headers;
        if loose {
            for route in &self.routes {
                headers.push("Route", route.to_string());
            }
        } else {
            // A strict router takes the request URI for itself; the target travels as the last route (§12.2.1.1).
            for route in &self.routes[1..] {
                headers.push("Route", route.to_string());
            }
            headers.push("Route", format!("<{}>", self.target));
        }
        headers.push("Max-Forwards", "70");
        headers.push("From", self.local.as_str());
        headers.push("To", self.remote.as_str());
        headers.push("Call-ID", self.call_id.as_str());
        headers.push("CSeq", cseq);
        request
    }

    /// Where requests go. Over TCP: to the peer's latest flow, or where it listens when that is gone. Over UDP: to the first route, or the target, when it is an address and the
    /// peer is not behind a NAT; else, too, to the flow that the peer's latest request came by.
    pub fn next_hop(&self, settings: &Settings) -> Flow {
        if self.flow.protocol.is_stream() && self.is_cut {
            return self.listening(settings).unwrap_or(self.flow);
        }
        if self.flow.protocol.is_stream() || self.behind_nat {
            return self.flow;
        }
        let uri = self.routes.first().map_or(&self.target, |route| &route.uri);
        let Some(peer) = uri.socket_addr(5060) else { return self.flow };
        let named = [Protocol::Tcp, Protocol::Tls].into_iter().find(|protocol| {
            let is_named = uri.param("transport").is_some_and(|transport| transport.eq_ignore_ascii_case(protocol.name()));
            // RFC 3261 §26.2.2.
            if uri.scheme == Scheme::Sips { *protocol == Protocol::Tls } else { is_named }
        });
        if let Some(protocol) = named.filter(|protocol| *protocol == Protocol::Tcp || settings.calls_over_tls) {
            let to = Flow { peer: uri.socket_addr(protocol.default_port()).unwrap_or(peer), ..self.flow };
            return local_of(protocol, to, settings).map_or(self.flow, |local| Flow { protocol, local, ..to });
        }
        if peer.is_ipv4() == self.flow.local.is_ipv4() { Flow { peer, ..self.flow } } else { self.flow }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::msg::{Message, parse};

    fn flow(protocol: Protocol, peer: &str) -> Flow {
        Flow { protocol, local: "10.0.0.1:5060".parse().expect("an address"), peer: peer.parse().expect("an address") }
    }

    fn invite(via: &str, contact: &str, record_route: &str) -> Request {
        let text = format!(
            "INVITE sip:95000@sanling.local SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK1\r\n{record_route}Max-Forwards: 70\r\n\
             From: \"A\" <sip:a@far>;tag=theirs\r\nTo: <sip:95000@sanling.local>\r\nCall-ID: c\r\nCSeq: 5 INVITE\r\nContact: <{contact}>\r\n\r\n"
        );
        let Ok(Message::Request(request)) = parse(text.as_bytes()) else { panic!("an INVITE: {text}") };
        request
    }

    fn lines(request: &Request) -> (String, Vec<String>) {
        (request.uri.to_string(), request.headers.all("Route").map(str::to_owned).collect())
    }

    #[test]
    fn requests_have_their_tags_and_rising_numbers() {
        let mut dialog =
            Dialog::of_invited(&invite("10.0.0.9:5060", "sip:a@10.0.0.9", ""), "ours".into(), flow(Protocol::Udp, "10.0.0.9:5060"));
        let first = dialog.request(Method::Bye);
        assert_eq!(first.from_tag(), Some("ours"));
        assert_eq!(first.to_tag(), Some("theirs"));
        assert_eq!(first.to().display.as_deref(), Some("A"));
        assert_eq!(first.cseq().0 + 1, dialog.request(Method::Bye).cseq().0);
        assert_eq!(dialog.ack(7).cseq(), (7, Method::Ack));
    }

    #[test]
    fn a_number_out_of_order_is_not_taken() {
        let mut dialog =
            Dialog::of_invited(&invite("10.0.0.9:5060", "sip:a@10.0.0.9", ""), "ours".into(), flow(Protocol::Udp, "10.0.0.9:5060"));
        assert_eq!([5, 4, 6, 6, 9].map(|number| dialog.takes_number(number)), [false, false, true, false, true]);
    }

    #[test]
    fn loose_routers_are_routes_and_a_strict_one_is_the_request_uri() {
        let of = |record_route: &str| {
            let request = invite("10.0.0.9:5060", "sip:a@10.0.0.9", record_route);
            lines(&Dialog::of_invited(&request, "ours".into(), flow(Protocol::Udp, "10.0.0.9:5060")).request(Method::Bye))
        };
        assert_eq!(of(""), ("sip:a@10.0.0.9".into(), vec![]));
        assert_eq!(
            of("Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"),
            ("sip:a@10.0.0.9".into(), vec!["<sip:p1;lr>".into(), "<sip:p2;lr>".into()])
        );
        assert_eq!(
            of("Record-Route: <sip:p1>\r\nRecord-Route: <sip:p2;lr>\r\n"),
            ("sip:p1".into(), vec!["<sip:p2;lr>".into(), "<sip:a@10.0.0.9>".into()])
        );
    }

    #[test]
    fn what_no_request_line_may_have_is_not_taken_from_a_contact_or_a_route() {
        for (contact, record_route, line, routes) in [
            ("sip:a@10.0.0.9;method=BYE;x=y?Subject=s", "", "sip:a@10.0.0.9;x=y", vec![]),
            ("sip:a@1?2.0.2.9", "Record-Route: <sip:p1?a=b>\r\n", "sip:p1", vec!["<sip:a@1>".to_owned()]),
        ] {
            let invited = invite("10.0.0.9:5060", contact, record_route);
            let mut dialog = Dialog::of_invited(&invited, "ours".into(), flow(Protocol::Udp, "10.0.0.9:5060"));
            assert_eq!(lines(&dialog.request(Method::Bye)), (line.to_owned(), routes.clone()));
            dialog.refresh_target(&invite("10.0.0.9:5060", contact, "").headers);
            assert_eq!(lines(&dialog.request(Method::Bye)), (line.to_owned(), routes), "nor when it is told anew");
        }
    }

    #[test]
    fn the_caller_takes_the_route_record_backwards() {
        let invite = invite("10.0.0.1:5060", "sip:10.0.0.1", "");
        let mut ok = invite.response(200, None, Some("t"));
        ok.headers.push("Record-Route", "<sip:p1;lr>, <sip:p2;lr>");
        ok.headers.push("Contact", "<sip:b@10.0.0.7>");
        let ack = Dialog::of_inviting(&invite, &ok, flow(Protocol::Udp, "10.0.0.9:5060"), false).ack(5);
        assert_eq!(lines(&ack), ("sip:b@10.0.0.7".into(), vec!["<sip:p2;lr>".into(), "<sip:p1;lr>".into()]));
    }

    #[test]
    fn a_phone_behind_a_nat_is_answered_where_it_came_from() {
        let settings = Settings::default();
        let peer = |via: &str, contact: &str, protocol| {
            let request = invite(via, contact, "");
            Dialog::of_invited(&request, "ours".into(), flow(protocol, "10.0.0.9:5060")).next_hop(&settings).peer.to_string()
        };
        assert_eq!(peer("10.0.0.9:5060", "sip:a@10.0.0.8:5070", Protocol::Udp), "10.0.0.8:5070", "a proxy's Contact is believed");
        assert_eq!(peer("192.168.1.5:5060", "sip:a@192.168.1.5", Protocol::Udp), "10.0.0.9:5060");
        assert_eq!(
            peer("10.0.0.9:5070", "sip:a@10.0.0.9:5070", Protocol::Udp),
            "10.0.0.9:5070",
            "it sends from a port and listens at another"
        );
        assert_eq!(peer("10.0.0.9:5070;rport=5060", "sip:a@10.0.0.9:5070", Protocol::Udp), "10.0.0.9:5060", "it asks for its port");
        assert_eq!(peer("10.0.0.9:5060", "sip:a@host.invalid", Protocol::Udp), "10.0.0.9:5060", "a name is no address");
        assert_eq!(peer("10.0.0.9:5060", "sip:a@10.0.0.8:5070", Protocol::Tcp), "10.0.0.9:5060");
    }
}
