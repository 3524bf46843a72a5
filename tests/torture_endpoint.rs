//! The torture messages of RFC 4475, as an endpoint answers them, and rubbish made of them: whatever comes, nothing falls over and nothing
//! is left. How the messages are read is `torture.rs`.

use sanling::base::time::{millis, secs};
use sanling::base::{Instant, LegId, Rng, TrunkId};
use sanling::sip::msg::{Message, parse};
use sanling::sip::{Command, Endpoint, Event, Flow, Output, Protocol, Received, Settings, Trunk};
use std::path::PathBuf;

fn endpoint() -> Endpoint {
    let settings = Settings {
        domain: "example.com".into(),
        listen: vec![(Protocol::Udp, "192.0.2.1:5060".parse().expect("an address"))],
        trunks: vec![Trunk::accepting(TrunkId::new("everybody"), vec!["0.0.0.0/0".parse().expect("a network")])],
        ..Settings::default()
    };
    Endpoint::new(settings, [7; 32], Instant::START)
}

fn flow(protocol: Protocol) -> Flow {
    Flow { protocol, local: "192.0.2.1:5060".parse().expect("an address"), peer: "192.0.2.9:5060".parse().expect("an address") }
}

fn messages() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for folder in ["rfc4475", "rfc5118"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/torture").join(folder);
        for entry in std::fs::read_dir(&folder).expect("the torture messages") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            all.push((name, std::fs::read(&path).expect("a message")));
        }
    }
    all.sort();
    all
}

/// Codes of the responses among outputs.
fn codes(out: &[Output]) -> Vec<u16> {
    out.iter()
        .filter_map(|output| match output {
            Output::Send { bytes, .. } => String::from_utf8_lossy(bytes).split(' ').nth(1).and_then(|code| code.parse().ok()),
            _ => None,
        })
        .collect()
}

#[test]
fn each_torture_message_gets_the_answer_of_the_rfc() {
    let all = messages();
    let mut wrong = Vec::new();
    for (name, expected) in [
        ("wsinv", vec![481]),
        ("intmeth", vec![501]),
        ("esc01", vec![100]),
        ("esc02", vec![501]),
        ("lwsdisp", vec![200]),
        ("longreq", vec![100]),
        ("semiuri", vec![200]),
        ("transports", vec![200]),
        ("mpart01", vec![404]),
        ("unreason", vec![]),
        ("noreason", vec![]),
        ("badinv01", vec![400]),
        ("badvers", vec![505]),
        ("bigcode", vec![]),
        ("unkscm", vec![416]),
        ("novelsc", vec![416]),
        ("bext01", vec![420]),
        ("invut", vec![415]),
        ("regaut01", vec![401]),
        ("bcast", vec![]),
        ("zeromf", vec![200]),
        ("cparam01", vec![401]),
        ("sdp01", vec![406]),
        ("inv2543", vec![100]),
    ] {
        let (_, bytes) = all.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}"));
        let mut out = Vec::new();
        let received = Received::Bytes { flow: flow(Protocol::Udp), bytes: bytes.clone() };
        endpoint().receive(received, Instant::START, &mut out);
        if codes(&out) != expected {
            wrong.push((name, codes(&out), expected));
        }
    }
    assert!(wrong.is_empty(), "name, answered, expected: {wrong:?}");
}

#[test]
fn rubbish_brings_nothing_down_and_leaves_nothing_behind() {
    let all = messages();
    let mut rng = Rng::new(4475);
    for round in 0..40 {
        let mut endpoint = endpoint();
        let mut now = Instant::START;
        let mut legs: Vec<LegId> = Vec::new();
        for _ in 0..250 {
            let pick = |rng: &mut Rng, len: usize| usize::try_from(rng.below(len as u64)).expect("an index");
            let mut bytes = all[pick(&mut rng, all.len())].1.clone();
            for _ in 0..rng.below(4) {
                let place = pick(&mut rng, bytes.len());
                match rng.below(4) {
                    0 => bytes[place] = u8::try_from(rng.below(256)).expect("a byte"),
                    1 => drop(bytes.remove(place)),
                    2 => bytes.truncate(place + 1),
                    _ => bytes.insert(place, b",;<>\r\n \"@:%"[pick(&mut rng, 11)]),
                }
                if bytes.is_empty() {
                    bytes.push(b'x');
                }
            }
            let protocol = if rng.one_in(5) { Protocol::Tcp } else { Protocol::Udp };
            let mut out = Vec::new();
            endpoint.receive(Received::Bytes { flow: flow(protocol), bytes }, now, &mut out);
            if let Some(leg) = legs.get(pick(&mut rng, legs.len().max(1))).copied() {
                let command = match rng.below(3) {
                    0 => Command::Ring { leg, code: 180, sdp: Some(b"v=0".to_vec()) },
                    1 => Command::Answer { leg, sdp: b"v=0".to_vec() },
                    _ => Command::Release { leg, code: 486, reason: None, retry_after: None },
                };
                endpoint.command(command, now, &mut out);
            }
            now += millis(rng.below(400));
            endpoint.handle_timeout(now, &mut out);
            assert!(endpoint.deadline().is_none_or(|next| next > now));
            for output in out {
                match output {
                    Output::Event(Event::Invited { leg, .. }) => legs.push(leg),
                    Output::Send { bytes, .. } if bytes != b"\r\n" => assert!(bytes.starts_with(b"SIP/2.0 ") || is_request(&bytes)),
                    _ => {}
                }
            }
        }
        let mut out = Vec::new();
        for leg in legs {
            endpoint.command(Command::Release { leg, code: 480, reason: None, retry_after: None }, now, &mut out);
        }
        while let Some(next) = endpoint.deadline().filter(|next| *next < now + secs(200)) {
            endpoint.handle_timeout(next, &mut out);
        }
        assert!(endpoint.is_quiescent(), "round {round}: {} transactions are left", endpoint.transaction_count());
    }
}

fn is_request(bytes: &[u8]) -> bool {
    matches!(parse(bytes), Ok(Message::Request(_)))
}
