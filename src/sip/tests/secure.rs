//! Over TLS: by which connection phones are called, who is known by a certificate, what SIPS URIs ask; and offers said in other words.

use super::phone::Phone;
use super::world::{SWITCH, World};
use crate::base::TrunkId;
use crate::base::time::{millis, secs};
use crate::sip::msg::{Message, Method, Request};
use crate::sip::{Callee, Event, Failure, Origin, Party, Protocol, Received, Settings};

const OFFER: &str = "first words";

/// The last request of that method that a phone heard.
#[track_caller]
fn request(world: &mut World, phone: &Phone, method: &Method) -> Request {
    let mut requests = world.heard(phone.at()).into_iter().rev().filter_map(|message| match message {
        Message::Request(request) if request.method == *method => Some(request),
        _ => None,
    });
    requests.next().unwrap_or_else(|| panic!("no {method}"))
}

/// The phone answers what it was asked.
fn answers(world: &mut World, phone: &mut Phone, request: &Request, code: u16, contact: &str) {
    let mut response = request.response(code, None, Some("theirs"));
    if code < 300 {
        response.headers.push("Contact", contact);
        response.headers.push("Content-Type", "application/sdp");
        response.body = b"answer".to_vec();
    }
    let text = String::from_utf8(Message::Response(response).to_bytes()).expect("text");
    phone.send(world, text);
}

#[test]
fn a_phone_that_registered_over_tls_is_called_by_its_connection_and_by_no_other() {
    let mut world = World::new(1);
    // It listens elsewhere, too: nobody could tell that this is the phone.
    let mut phone = Phone::new("10.0.0.9:40000", "1001").over_tls();
    let contact = "Contact: <sip:1001@10.0.0.9:5061;transport=tls>\r\n";
    let challenged = phone.ask(&mut world, "REGISTER", "sip:sanling.local", "1001", contact);
    assert_eq!(phone.prove(&mut world, &challenged, "secret").code, 200);
    world.events(SWITCH);
    world.heard(phone.at());
    world.invite(SWITCH, 2, Callee::Account("1001".into()), OFFER);
    world.run(millis(10));
    let invite = request(&mut world, &phone, &Method::Invite);
    assert!(invite.headers.get("Via").is_some_and(|via| via.starts_with("SIP/2.0/TLS 10.0.0.1:5060;")), "{:?}", invite.headers.get("Via"));
    assert_eq!(invite.headers.get("Contact"), Some("<sip:10.0.0.1:5060;transport=tls>"));
    answers(&mut world, &mut phone, &invite, 200, "<sip:1001@10.0.0.9:5061;transport=tls>");
    request(&mut world, &phone, &Method::Ack);
    assert!(matches!(world.events(SWITCH)[..], [Event::Answered { flow, .. }] if flow == phone.flow()));
    let closed = Received::Closed { flow: phone.flow() };
    world.receive(SWITCH, closed);
    assert!(matches!(world.events(SWITCH)[..], [Event::Unregistered { contacts: 0, .. }]), "over TCP it would be called where it listens");
}

fn known_by_certificate(world: &mut World) {
    let settings = world.endpoint(SWITCH).settings().clone();
    let mut trunks = settings.trunks.clone();
    trunks[0].accept_certificate = Some("sbc.carrier.example".to_owned());
    world.endpoint(SWITCH).reconfigure(Settings { trunks, ..settings });
}

#[test]
fn who_shows_the_trunks_certificate_calls_in_on_it_until_the_connection_ends() {
    let mut world = World::new(1);
    known_by_certificate(&mut world);
    let contact = "Contact: <sip:x@192.0.2.66:5099;transport=tls>\r\n";
    let calls = |world: &mut World, names: &[&str], port: u16| {
        let mut phone = Phone::new(&format!("192.0.2.66:{port}"), "13800138000").over_tls();
        phone.call_id = Some(format!("call-{port}"));
        if !names.is_empty() {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            world.receive(SWITCH, Received::Certified { flow: phone.flow(), names });
        }
        let code = phone.ask(world, "INVITE", "sip:95000@10.0.0.1", "95000", contact).code;
        let events = world.events(SWITCH);
        let origin = events.into_iter().find_map(|event| if let Event::Invited { origin, .. } = event { Some(origin) } else { None });
        (phone, code, origin)
    };
    let carrier = Some(Origin::Trunk(TrunkId::new("carrier")));
    for (names, expected) in [
        (&["other.example", "SBC.carrier.example"][..], (100, carrier.clone())),
        (&["other.example"], (401, None)),
        (&["*.carrier.example"], (401, None)),
        (&[], (401, None)),
    ] {
        let (_, code, origin) = calls(&mut world, names, 5_000 + expected.0 + names.len() as u16);
        assert_eq!((code, origin), expected, "{names:?}");
    }
    // Over the same connection again, and not when it has ended, though the port is the same.
    let (phone, code, _) = calls(&mut world, &["sbc.carrier.example"], 6_000);
    assert_eq!(code, 100);
    world.receive(SWITCH, Received::Closed { flow: phone.flow() });
    let mut again = Phone::new("192.0.2.66:6000", "13800138000").over_tls();
    let another = format!("{contact}X-Another: call\r\n");
    assert_eq!(again.ask(&mut world, "INVITE", "sip:95000@10.0.0.1", "95000", &another).code, 401);
    // Who says that he is an agent proves it all the same.
    let mut agent = Phone::new("192.0.2.66:6001", "1001").over_tls();
    world.receive(SWITCH, Received::Certified { flow: agent.flow(), names: vec!["sbc.carrier.example".to_owned()] });
    assert_eq!(agent.ask(&mut world, "INVITE", "sip:95000@10.0.0.1", "95000", contact).code, 401);
}

#[test]
fn a_carrier_that_is_known_by_its_certificate_may_be_loud() {
    let mut world = World::new(1);
    known_by_certificate(&mut world);
    let phone = Phone::new("192.0.2.66:5061", "13800138000").over_tls();
    world.receive(SWITCH, Received::Certified { flow: phone.flow(), names: vec!["sbc.carrier.example".to_owned()] });
    for call in 0..100 {
        let mut phone = phone.clone();
        phone.call_id = Some(format!("call-{call}"));
        let text =
            phone.text("INVITE", "sip:95000@10.0.0.1", "95000", &format!("Contact: <sip:x@192.0.2.66:5099>\r\nX-Call: {call:09}\r\n"));
        let text = text.replacen("branch=z9hG4bK", &format!("branch=z9hG4bK{call}x"), 1);
        world.post(Protocol::Tls, phone.at, super::world::address(SWITCH), text.as_bytes());
    }
    world.run(millis(100));
    assert_eq!(world.events(SWITCH).iter().filter(|event| matches!(event, Event::Invited { .. })).count(), 100);
    assert!(world.closed.is_empty());
}

#[test]
fn sips_is_served_over_tls_alone_and_answered_by_sips() {
    for (over, code) in [(Protocol::Tls, 100), (Protocol::Tcp, 416), (Protocol::Udp, 416)] {
        let mut world = World::new(1);
        let mut phone = Phone::new("10.0.0.2:5099", "13800138000");
        phone = match over {
            Protocol::Tls => phone.over_tls(),
            Protocol::Tcp => phone.over_tcp(),
            Protocol::Udp => phone,
        };
        let first = phone.ask(&mut world, "INVITE", "sips:95000@10.0.0.1", "95000", "Contact: <sips:x@10.0.0.2:5099>\r\n");
        assert_eq!(first.code, code, "{over:?}");
        if over != Protocol::Tls {
            continue;
        }
        let leg = world.invited(SWITCH);
        world.command(SWITCH, crate::sip::Command::Answer { leg, sdp: "answer".into() });
        world.run(millis(10));
        let answer = world.heard_response_last(phone.at());
        assert_eq!((answer.code, answer.headers.get("Contact")), (200, Some("<sips:10.0.0.1:5060>")));
    }
}

#[test]
fn an_offer_is_said_once_in_other_words_to_a_phone_that_refuses_it() {
    for (second, answered) in [(200, true), (488, false)] {
        let mut world = World::new(1);
        let mut phone = Phone::new("10.0.0.9:5060", "1001");
        phone.register(&mut world, "");
        world.events(SWITCH);
        world.heard(phone.at());
        let (callee, from) = (Callee::Account("1001".into()), Party::default());
        let otherwise = Some(b"other words".to_vec());
        world.command(
            SWITCH,
            crate::sip::Command::Invite {
                leg: crate::base::LegId(2),
                callee,
                from,
                sdp: OFFER.into(),
                otherwise,
                marks: crate::sip::InviteMarks::default(),
            },
        );
        world.run(millis(10));
        let invite = request(&mut world, &phone, &Method::Invite);
        assert_eq!(invite.body, OFFER.as_bytes());
        answers(&mut world, &mut phone, &invite, 488, "");
        let again = request(&mut world, &phone, &Method::Invite);
        assert_eq!((again.body.as_slice(), again.call_id(), again.cseq().0), (&b"other words"[..], invite.call_id(), invite.cseq().0 + 1));
        answers(&mut world, &mut phone, &again, second, "<sip:1001@10.0.0.9>");
        world.run(millis(10));
        let events = world.events(SWITCH);
        if answered {
            assert!(matches!(events[..], [Event::Answered { .. }]), "{events:?}");
        } else {
            assert!(
                matches!(events[..], [Event::Failed { failure: Failure::Status { code: 488, .. }, .. }]),
                "once, not for ever: {events:?}"
            );
            world.run(secs(60));
            world.expect_nothing_left();
        }
    }
}
