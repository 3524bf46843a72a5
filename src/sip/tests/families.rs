//! Addresses of IPv6 in messages: whose they are however they are written, and where answers to them go.

use super::world::{address, settings};
use crate::base::Instant;
use crate::sip::msg::{Message, Response, parse};
use crate::sip::{Endpoint, Flow, Output, Protocol, Received};

const SWITCH: &str = "[2001:db8::1]:5060";
const PHONE: &str = "[2001:db8:0:1::7]:5062";

/// What a REGISTER of that host, with that top Via, is answered, and where the answer goes.
fn answered(host: &str, via: &str) -> (Response, Flow) {
    let mut endpoint = Endpoint::new(settings(SWITCH, "2001:db8:ffff::/48"), [7; 32], Instant::START);
    let text = format!(
        "REGISTER sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\nMax-Forwards: 70\r\nFrom: <sip:1001@{host}>;tag=1\r\n\
         To: <sip:1001@{host}>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nContact: <sip:1001@{PHONE}>\r\nContent-Length: 0\r\n\r\n"
    );
    let flow = Flow { protocol: Protocol::Udp, local: address(SWITCH), peer: address(PHONE) };
    let mut out = Vec::new();
    endpoint.receive(Received::Bytes { flow, bytes: text.into_bytes() }, Instant::START, &mut out);
    let sent = out.into_iter().find_map(|output| if let Output::Send { flow, bytes } = output { Some((flow, bytes)) } else { None });
    let (flow, bytes) = sent.expect("an answer");
    let Ok(Message::Response(response)) = parse(&bytes) else { panic!("a response: {}", String::from_utf8_lossy(&bytes)) };
    (response, flow)
}

#[test]
fn an_address_of_ours_is_ours_however_it_is_written() {
    for (host, code) in [
        ("[2001:db8::1]", 401),
        ("[2001:DB8::1]:5060", 401),
        ("[2001:db8:0:0:0:0:0:1]", 401),
        ("[2001:0db8::0001]", 401),
        ("[2001:db8::2]", 404),
        ("[::1]", 404),
    ] {
        assert_eq!(answered(host, &format!("{PHONE};branch=z9hG4bK1")).0.code, code, "{host}");
    }
}

/// RFC 3261 §18.2.1 and §18.2.2, RFC 3581 §4.
#[test]
fn answers_go_back_to_where_the_request_came_from() {
    for (via, noted, to) in [
        (format!("{PHONE};branch=z9hG4bK1"), None, PHONE),
        // The same address in another spelling is no other.
        ("[2001:db8:0:1:0:0:0:7]:5070;branch=z9hG4bK1".to_owned(), None, "[2001:db8:0:1::7]:5070"),
        ("[2001:db8:0:1::7];branch=z9hG4bK1".to_owned(), None, "[2001:db8:0:1::7]:5060"),
        ("[fd00::7]:5060;branch=z9hG4bK1".to_owned(), Some("received=2001:db8:0:1::7"), PHONE),
        (format!("{PHONE};rport;branch=z9hG4bK1"), Some("rport=5062"), PHONE),
        ("192.0.2.7:5060;rport;branch=z9hG4bK1".to_owned(), Some("received=2001:db8:0:1::7"), PHONE),
    ] {
        let (response, flow) = answered("sanling.local", &via);
        let top = response.headers.get("Via").expect("a Via");
        assert_eq!(flow.peer, address(to), "{via}");
        assert!(noted.map_or(!top.contains("received"), |noted| top.contains(noted)), "{via}: {top}");
    }
}
