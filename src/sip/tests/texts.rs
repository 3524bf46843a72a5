//! MESSAGE between agents' phones.

use super::phone::Phone;
use super::world::{SWITCH, World, name};
use crate::base::AgentId;
use crate::base::time::{millis, secs};
use crate::sip::Event;
use crate::sip::msg::{Message, Request, Response};

const FROM: &str = "10.0.0.9:5060";
const ONE: &str = "10.0.0.9:5071";
const TWO: &str = "10.0.0.9:5072";
const TO: &str = "sip:1001@sanling.local";
const PLAIN: &str = "Content-Type: text/plain;charset=UTF-8\r\n";

/// 1001's phones; 1002 writes.
fn writer(world: &mut World, phones: &[&str]) -> (Phone, Vec<Phone>) {
    let mut phones: Vec<Phone> = phones.iter().map(|at| Phone::new(at, "1001")).collect();
    phones.iter_mut().for_each(|phone| phone.register(world, ""));
    world.events(SWITCH);
    (Phone::new(FROM, "1002"), phones)
}

/// Writes with digest and all. The answer, when there is one at once.
fn writes(world: &mut World, phone: &mut Phone, uri: &str, lines: &str, text: &str) -> Option<Response> {
    phone.body = text.into();
    let challenged = phone.ask(world, "MESSAGE", uri, "1001", lines);
    if challenged.code != 401 {
        return Some(challenged);
    }
    let text = phone.answer_to(&challenged, "secret");
    phone.send(world, text);
    responses(world).pop()
}

fn responses(world: &mut World) -> Vec<Response> {
    let heard = world.heard(FROM).into_iter();
    heard.filter_map(|message| if let Message::Response(response) = message { Some(response) } else { None }).collect()
}

fn codes(world: &mut World) -> Vec<u16> {
    responses(world).iter().map(|response| response.code).collect()
}

fn written(world: &mut World, at: &str) -> Request {
    let request = world.heard_request(at);
    assert_eq!(request.method.as_str(), "MESSAGE");
    request
}

#[test]
fn a_text_reaches_all_phones_and_is_answered_by_the_first() {
    let mut world = World::new(1);
    let (mut from, mut phones) = writer(&mut world, &[ONE, TWO]);
    let lines = format!("{PLAIN}P-Asserted-Identity: <sip:boss@sanling.local>\r\nSubject: x\r\n");
    assert!(writes(&mut world, &mut from, TO, &lines, "请接 3 号线").is_none(), "nothing is said before a phone has it");
    let (one, two) = (written(&mut world, ONE), written(&mut world, TWO));
    assert_eq!(
        (one.uri.to_string(), String::from_utf8_lossy(&one.body).into_owned()),
        (format!("sip:1001@{ONE}"), "请接 3 号线".to_owned())
    );
    let shown = |name| one.headers.get(name).map(|value| value.split(";tag").next().unwrap_or_default().to_owned());
    assert_eq!(shown("From").as_deref(), Some("<sip:1002@sanling.local>"));
    assert_eq!(shown("To").as_deref(), Some("<sip:1001@sanling.local>"));
    assert_eq!(one.headers.get("Content-Type"), Some("text/plain;charset=UTF-8"));
    assert_eq!((one.headers.get("Authorization"), shown("P-Asserted-Identity"), one.headers.get("Contact")), (None, None, None));
    assert_eq!(one.headers.get("Max-Forwards"), Some("69"));
    phones[0].reply(&mut world, &one, 200, &[], "");
    assert_eq!(codes(&mut world), [200]);
    phones[1].reply(&mut world, &two, 486, &[], "");
    assert_eq!(codes(&mut world), Vec::<u16>::new(), "one answer");
    let (sender, receiver) = (AgentId::new("1002"), AgentId::new("1001"));
    let bytes = "请接 3 号线".len();
    let came = Event::TextCame { from: sender.clone(), to: receiver.clone(), bytes };
    assert_eq!(world.events(SWITCH), [came, Event::TextEnded { from: sender, to: receiver, code: 200 }]);
    world.expect_nothing_left();
}

#[test]
fn the_best_refusal_is_told_and_silence_is_not_there() {
    for (answers, told) in [
        ([Some(486), Some(404)], 404),
        ([Some(404), Some(603)], 603),
        ([Some(202), None], 202),
        ([Some(480), Some(407)], 407),
        ([None, None], 480),
        ([None, Some(486)], 480),
    ] {
        let mut world = World::new(1);
        let (mut from, mut phones) = writer(&mut world, &[ONE, TWO]);
        assert!(writes(&mut world, &mut from, TO, PLAIN, "hello").is_none());
        let asked = [written(&mut world, ONE), written(&mut world, TWO)];
        for ((phone, request), code) in phones.iter_mut().zip(&asked).zip(answers) {
            if let Some(code) = code {
                phone.reply(&mut world, request, code, &[], "");
            }
        }
        world.run(secs(21));
        let told = if told == 407 { 480 } else { told };
        assert_eq!(codes(&mut world).first(), Some(&told), "{answers:?}");
        world.heard(ONE);
        world.heard(TWO);
        world.expect_nothing_left();
    }
}

/// RFC 5626 §7: a phone that keeps two flows is one phone.
#[test]
fn a_text_goes_by_one_flow_of_a_phone_and_by_the_next_when_that_is_broken() {
    let mut world = World::new(1);
    let instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";
    let mut flows: Vec<Phone> = [(ONE, 1), (TWO, 2)]
        .map(|(at, reg_id)| {
            let mut phone = Phone::new(at, "1001").over_tcp();
            let lines = format!("Contact: <sip:1001@{at};transport=tcp;ob>;{instance};reg-id={reg_id}\r\nSupported: outbound, path\r\n");
            assert_eq!(phone.registers(&mut world, &lines).code, 200);
            phone
        })
        .into();
    world.events(SWITCH);
    let mut from = Phone::new(FROM, "1002");
    assert!(writes(&mut world, &mut from, TO, PLAIN, "once").is_none());
    let text = written(&mut world, TWO);
    assert!(world.heard(ONE).is_empty(), "it has it already");
    flows[1].reply(&mut world, &text, 200, &[], "");
    assert_eq!(codes(&mut world), [200]);
    assert!(writes(&mut world, &mut from, TO, PLAIN, "twice").is_none());
    world.heard(TWO);
    let broken = crate::sip::Flow { peer: flows[1].at, ..flows[1].flow() };
    world.receive(SWITCH, crate::sip::Received::SendFailed { flow: broken });
    world.run(millis(10));
    let text = written(&mut world, ONE);
    flows[0].reply(&mut world, &text, 200, &[], "");
    assert_eq!(codes(&mut world), [200]);
    world.expect_nothing_left();
}

#[test]
fn what_cannot_be_delivered_is_refused() {
    let mut world = World::new(1);
    let (mut from, _) = writer(&mut world, &[ONE]);
    let large = "x".repeat(1_301);
    let mut told = |world: &mut World, uri: &str, lines: &str, text: &str| {
        let answer = writes(world, &mut from, uri, lines, text).expect("an answer");
        assert!(world.heard(ONE).is_empty(), "{uri} {lines}");
        answer.code
    };
    assert_eq!(told(&mut world, "sip:1009@sanling.local", PLAIN, "hello"), 404);
    assert_eq!(told(&mut world, "sip:1001@elsewhere.example", PLAIN, "hello"), 404);
    assert_eq!(told(&mut world, "sip:95000@sanling.local", PLAIN, "hello"), 404);
    assert_eq!(told(&mut world, "sip:1002@sanling.local", PLAIN, "to himself, who has no phone"), 480);
    assert_eq!(told(&mut world, TO, PLAIN, &large), 413);
    assert_eq!(told(&mut world, TO, PLAIN, &large[..1_200]), 513, "no such datagram");
    assert_eq!(told(&mut world, TO, &format!("{PLAIN}Content-Encoding: gzip\r\n"), "hello"), 415);
    assert_eq!(told(&mut world, TO, &format!("{PLAIN}Max-Forwards: 0\r\n"), "hello"), 483);
    // Over a connection it is no matter.
    let mut stream = Phone::new("10.0.0.9:40001", "1001").over_tcp();
    stream.register(&mut world, ";transport=tcp");
    assert!(writes(&mut world, &mut from, TO, PLAIN, &large[..1_200]).is_none());
    assert_eq!((world.heard_line(ONE).as_str(), world.heard_line("10.0.0.9:40001").as_str()), ("", "MESSAGE"));
}

#[test]
fn nobody_else_writes() {
    let mut world = World::new(1);
    writer(&mut world, &[ONE]);
    for (at, user, password) in
        [("10.0.0.66:5060", "4711", "secret"), ("10.0.0.66:5061", "1002", "wrong"), ("10.0.0.2:5099", "13800138000", "secret")]
    {
        let mut stranger = Phone::new(at, user);
        stranger.body = "hello".into();
        let challenged = stranger.ask(&mut world, "MESSAGE", TO, "1001", PLAIN);
        assert_eq!(challenged.code, 401, "{user}");
        assert_eq!(stranger.prove(&mut world, &challenged, password).code, 401, "{user}");
    }
    // Who proves that he is one and says that he is another.
    let mut other = Phone::new(FROM, "1001");
    other.body = "hello".into();
    let challenged = other.ask(&mut world, "MESSAGE", TO, "1001", PLAIN);
    other.user = "1002".into();
    assert_eq!(other.prove(&mut world, &challenged, "secret").code, 403);
    assert!(world.heard(ONE).is_empty());
}

#[test]
fn an_agent_has_sixteen_under_way() {
    let mut world = World::new(1);
    let (mut from, mut phones) = writer(&mut world, &[ONE]);
    for _ in 0..16 {
        assert!(writes(&mut world, &mut from, TO, PLAIN, "hello").is_none());
    }
    let full = writes(&mut world, &mut from, TO, PLAIN, "hello").expect("an answer");
    assert_eq!((full.code, full.headers.get("Retry-After")), (503, Some("5")));
    for message in world.heard(ONE) {
        let Message::Request(request) = message else { panic!("{}", name(&message)) };
        phones[0].reply(&mut world, &request, 200, &[], "");
    }
    world.run(millis(50));
    assert!(writes(&mut world, &mut from, TO, PLAIN, "hello").is_none());
    world.run(secs(60));
    world.heard(ONE);
    world.expect_nothing_left();
}
