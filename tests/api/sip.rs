//! The SIP of a call, by its legs.

use crate::world::World;
use sanling::base::{CallId, Timestamp};
use sanling::io::trace::{Direction, Trace};
use sanling::sip::{Flow, Protocol};

fn message(line: &str, call_id: &str, cseq: &str) -> String {
    format!(
        "{line}\r\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\r\nFrom: <sip:13812345678@carrier>;tag=a\r\nTo: <sip:1001@sanling>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 {cseq}\r\nProxy-Authorization: Digest response=\"abcdef\"\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn the_sip_of_a_call_is_given_by_legs_without_proofs_of_passwords() {
    let mut world = World::new();
    let call: CallId = world.kept_call(0, |_| ()).id;
    let trace = Trace::start(world.data()).expect("starts");
    let way = |port: u16| Flow {
        protocol: Protocol::Udp,
        local: "127.0.0.1:5060".parse().expect("an address"),
        peer: format!("127.0.0.1:{port}").parse().expect("an address"),
    };
    let tell = |ms: i64, direction: Direction, port: u16, line: &str, call_id: &str, cseq: &str| {
        trace.bytes(Timestamp(call.timestamp().0 + ms), direction, way(port), message(line, call_id, cseq).as_bytes());
    };
    tell(1, Direction::In, 5062, "INVITE sip:95000@sanling SIP/2.0", "theirs", "INVITE");
    trace.belongs("theirs".to_owned(), call);
    tell(2, Direction::Out, 5062, "SIP/2.0 100 Trying", "theirs", "INVITE");
    trace.belongs("ours".to_owned(), call);
    tell(3, Direction::Out, 5070, "INVITE sip:1001@127.0.0.1:5070 SIP/2.0", "ours", "INVITE");
    tell(4, Direction::In, 5070, "SIP/2.0 486 Busy Here", "ours", "INVITE");
    tell(5, Direction::In, 5070, "REGISTER sip:sanling SIP/2.0", "ours", "REGISTER");
    drop(trace);

    let given = world.get(&format!("/api/v1/calls/{call}/sip")).json();
    let legs: Vec<_> = given["legs"].as_array().expect("legs").iter().map(|leg| (&leg["call_id"], &leg["party"], &leg["peer"])).collect();
    assert_eq!(
        legs,
        [(&"theirs".into(), &"13812345678".into(), &"127.0.0.1:5062".into()), (&"ours".into(), &"1001".into(), &"127.0.0.1:5070".into())]
    );
    let items = given["items"].as_array().expect("messages");
    let told: Vec<_> =
        items.iter().map(|item| (item["leg"].as_u64(), item["direction"].as_str(), item["line"].as_str(), item["code"].as_u64())).collect();
    assert_eq!(
        told,
        [
            (Some(0), Some("in"), Some("INVITE sip:95000@sanling SIP/2.0"), None),
            (Some(0), Some("out"), Some("SIP/2.0 100 Trying"), Some(100)),
            (Some(1), Some("out"), Some("INVITE sip:1001@127.0.0.1:5070 SIP/2.0"), None),
            (Some(1), Some("in"), Some("SIP/2.0 486 Busy Here"), Some(486)),
        ]
    );
    assert!(items.iter().all(|item| item["text"].as_str().is_some_and(|text| !text.contains("abcdef") && text.contains("Call-ID: "))));
    world.get("/api/v1/calls/01JD3KQ5ZV8N2M4X6Y7T9W0ABC/sip").problem(404);
    let other = world.kept_call(1, |_| ()).id;
    assert_eq!(world.get(&format!("/api/v1/calls/{other}/sip")).json()["items"], serde_json::json!([]), "nothing is kept of it");
}
