//! Rubbish made of right messages, where it is looked at: inside dialogs of agents, and in answers to what we asked. Nothing falls over,
//! and nothing is left.

use super::phone::Phone;
use super::world::{SWITCH, World, address};
use crate::base::time::{millis, secs};
use crate::base::{LegId, Rng, TrunkId};
use crate::sip::msg::Message;
use crate::sip::{Callee, Command, Event, Flow, Password, Protocol, Trunk, TrunkAccount, TrunkPing, TrunkRegister, TrunkWay};

const AT: &str = "10.0.0.9:5060";
const CARRIER: &str = "10.0.0.2:5080";

fn spoiled(text: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..rng.below(4) {
        let place = usize::try_from(rng.below(bytes.len() as u64)).expect("an index");
        match rng.below(5) {
            0 => bytes[place] = u8::try_from(rng.below(256)).expect("a byte"),
            1 => drop(bytes.remove(place)),
            2 => bytes.truncate(place + 1),
            3 => bytes.insert(place, b",;<>\r\n \"@:%=0"[usize::try_from(rng.below(13)).expect("an index")]),
            _ => {
                let again: Vec<u8> = bytes[place..].iter().take(20).copied().collect();
                bytes.splice(place..place, again);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
    bytes
}

#[test]
fn what_is_asked_inside_a_dialog_may_be_rubbish() {
    for seed in 0..30 {
        let mut rng = Rng::new(seed);
        let mut world = World::new(seed);
        let mut phone = Phone::new(AT, "1001");
        let mut legs = vec![phone.talks(&mut world, "95000")];
        let dialog = phone.dialog();
        let escaped = dialog.replace(';', "%3B").replace('=', "%3D");
        for _ in 0..120 {
            let (method, lines) = match rng.below(7) {
                0 => ("REFER", "Refer-To: <sip:1002@sanling.local>\r\nReferred-By: \"A\" <sip:1001@sanling.local>\r\n".to_owned()),
                1 => {
                    ("REFER", format!("Refer-Sub: false\r\nRefer-To: <sip:10.0.0.1?Replaces={escaped}%3Bearly-only&Require=replaces>\r\n"))
                }
                2 => ("SUBSCRIBE", "Event: refer;id=7\r\nExpires: 60\r\n".to_owned()),
                3 => ("SUBSCRIBE", "Event: message-summary\r\nExpires: 60\r\n".to_owned()),
                4 => ("INVITE", format!("Contact: <sip:1001@{AT}>\r\nReplaces: {dialog}\r\n")),
                5 => ("NOTIFY", "Event: refer\r\nSubscription-State: active\r\n".to_owned()),
                _ => ("OPTIONS", String::new()),
            };
            let text = phone.text(method, "sip:10.0.0.1", "", &lines);
            world.post(Protocol::Udp, phone.at, address(SWITCH), &spoiled(text.as_bytes(), &mut rng));
            world.run(millis(rng.below(3_000)));
            for message in world.heard(AT) {
                if let Message::Request(request) = message
                    && !rng.one_in(3)
                {
                    phone.reply(&mut world, &request, if rng.one_in(5) { 481 } else { 200 }, &[], "");
                }
            }
            for event in world.events(SWITCH) {
                match event {
                    Event::Referred { refer, .. } => {
                        let status = [100, 180, 200, 486][usize::try_from(rng.below(4)).expect("an index")];
                        world.command(SWITCH, Command::TellReferProgress { refer, status });
                    }
                    Event::Invited { leg, .. } => legs.push(leg),
                    Event::Reoffered { leg, .. } => world.command(SWITCH, Command::AnswerReoffer { leg, sdp: "answer".into() }),
                    _ => {}
                }
            }
            let requests = u32::try_from(world.endpoint(SWITCH).watch_count()).expect("few");
            assert_eq!(requests, 0, "nobody proved that he may watch");
        }
        for leg in legs {
            world.command(SWITCH, Command::Release { leg, code: 480, reason: None, retry_after: None });
        }
        world.run(secs(400));
        world.expect_nothing_left();
        world.expect_one_final_response_each();
    }
}

#[test]
fn what_carriers_answer_may_be_rubbish() {
    let flow = Flow { protocol: Protocol::Udp, local: address(SWITCH), peer: address(CARRIER) };
    for seed in 0..30 {
        let mut rng = Rng::new(seed);
        let mut world = World::new(seed);
        let id = TrunkId::new("carrier");
        let trunk = Trunk {
            ways: vec![TrunkWay { host: CARRIER.into(), flow }],
            account: Some(TrunkAccount { user: "us".into(), password: Password::new("secret") }),
            register: Some(TrunkRegister { user: "4000".into(), domain: "carrier.example".into(), expires: secs(60) }),
            ping: Some(TrunkPing { every: secs(1), failures: 2 }),
            ..Trunk::accepting(id.clone(), vec!["10.0.0.2/32".parse().expect("a network")])
        };
        let settings = world.endpoint(SWITCH).settings().clone();
        world.endpoint(SWITCH).reconfigure(crate::sip::Settings { trunks: vec![trunk], ..settings.clone() });
        let mut leg = 0;
        for _ in 0..100 {
            if rng.one_in(4) {
                leg += 2;
                let callee = Callee::Trunk { trunk: Some(id.clone()), number: "1".into(), host: CARRIER.into(), flow };
                world.invite(SWITCH, leg, callee, "offer");
            }
            world.run(millis(rng.below(5_000)));
            for message in world.heard(CARRIER) {
                let Message::Request(request) = message else { continue };
                let code = [100, 180, 200, 200, 401, 401, 407, 422, 423, 503][usize::try_from(rng.below(10)).expect("an index")];
                let mut response = request.response(code, None, Some("carrier"));
                response.headers.push("Contact", format!("<sip:4000@10.0.0.1:5060>;expires={}", rng.below(100)));
                let challenge = "Digest realm=\"carrier.example\", nonce=\"abc\", algorithm=SHA-256, qop=\"auth\", stale=true";
                response.headers.push(if code == 407 { "Proxy-Authenticate" } else { "WWW-Authenticate" }, challenge);
                response.headers.push("Min-Expires", "120");
                response.headers.push("Min-SE", "200");
                response.headers.push("Retry-After", "2 (soon)");
                let bytes = spoiled(&Message::Response(response).to_bytes(), &mut rng);
                world.post(Protocol::Udp, address(CARRIER), address(SWITCH), &bytes);
            }
            world.events(SWITCH);
        }
        world.endpoint(SWITCH).reconfigure(settings);
        for leg in (2..=leg).step_by(2) {
            world.command(SWITCH, Command::Release { leg: LegId(leg), code: 480, reason: None, retry_after: None });
        }
        world.run(secs(300));
        world.expect_nothing_left();
    }
}
