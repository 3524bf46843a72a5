//! Phones behind kamailio, which is the edge of the house, and with rtpengine beside it. `make interop` has the whole matrix.

use crate::baresip::{Baresip, Phone, Secrets};
use crate::edge::{EDGE, Edge, RTP_FIRST, RTP_LAST};
use crate::harness::{Site, pass, text};
use crate::sound::{Samples, cut, parse_wav, seconds, tone, tone_level};

const CALLER: f64 = 600.0;
const AGENT: f64 = 1_000.0;

/// What was heard between the first second and the last.
#[track_caller]
fn expect(what: &str, sound: &Samples, there: f64, other: f64) {
    let sound = cut(sound, seconds(sound) - 2.5, seconds(sound) - 0.5);
    let (there, other) = (tone_level(sound, there), tone_level(sound, other));
    println!("{what:<34} {there:6.1} dBov, and {other:6.1}");
    assert!((there + 23.0).abs() < 2.0 && other < -50.0, "{what}: {there:.1} and {other:.1} dBov");
}

/// Two phones register through the edge and call each other; each is called once. The SIP of the last call.
fn call_through_the_edge(sound: bool, transport: &str) -> (Site, Vec<String>) {
    let site = Site::start(&["sip.listen=[\"udp:127.0.0.1:{1}\", \"tcp:127.0.0.1:{1}\"]"]);
    let _edge = Edge::start(&site, sound);
    let through = Secrets { port: Some(EDGE), ..Secrets::default() };
    let phone = |agent, port, says: &[i16]| {
        Baresip::start_with(&site, &Phone { agent, port, says, codec: "pcma", answers: true, transport }, through)
    };
    let mut phones = [phone("1001", 10, &tone(AGENT, 60.0)), phone("1002", 18, &tone(CALLER, 60.0))];
    for (caller, called, number) in [(0, 1, "1002"), (1, 0, "1001")] {
        phones[caller].dial(number);
        site.until("they talk", 8.0, |site| {
            site.newest_call().is_some_and(|call| call["called"] == number && !call["connected_at"].is_null())
        });
        pass(4.0);
        // Released by who was called: in-dialog requests go both ways.
        phones[called].hang_up();
        site.ended_call(5.0);
    }
    pass(1.5);
    let call = site.ended_call(1.0);
    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
    println!("1002 to 1001 through kamailio over {transport}{}", if sound { ", sound through rtpengine" } else { "" });
    expect("recording, left", &channels[0], CALLER, AGENT);
    expect("recording, right", &channels[1], AGENT, CALLER);
    expect("1001's phone", &phones[0].heard(), CALLER, AGENT);
    expect("1002's phone", &phones[1].heard(), AGENT, CALLER);
    let kept = site.get(&format!("/api/v1/calls/{}/sip", text(&call["id"])));
    let messages = kept["items"].as_array().expect("messages").iter().map(|item| text(&item["text"]).to_owned()).collect();
    (site, messages)
}

#[test]
fn phones_behind_an_edge_proxy_call_each_other() {
    let (site, messages) = call_through_the_edge(false, "tcp");
    // Each request that begins a dialog takes the Path, and each within one the way that the proxy recorded.
    let route = format!("Route: <sip:127.0.0.1:{};transport=tcp;lr", site.port(EDGE));
    for method in ["INVITE ", "ACK "] {
        let ours = messages.iter().find(|text| text.starts_with(method) && text.contains(&route));
        assert!(ours.is_some(), "{method} with {route} in {messages:#?}");
    }
    assert!(messages.iter().any(|text| text.starts_with("INVITE ") && text.contains("Record-Route: <sip:127.0.0.1")), "{messages:#?}");
}

#[test]
fn sound_of_phones_behind_an_edge_proxy_passes_rtpengine() {
    let (site, messages) = call_through_the_edge(true, "udp");
    let port = |text: &String| text.split_once("m=audio ")?.1.split_once(' ')?.0.parse::<u16>().ok();
    let theirs: Vec<u16> = messages.iter().filter_map(port).collect();
    let relayed = theirs.iter().filter(|port| (site.port(RTP_FIRST)..=site.port(RTP_LAST)).contains(port)).count();
    assert!(relayed >= 2, "rtpengine's ports in offer and answer: {theirs:?}");
}
