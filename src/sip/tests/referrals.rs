//! REFER inside a call: who may refer to whom, and what he is told of it.

use super::phone::Phone;
use super::world::{SWITCH, World, name};
use crate::base::LegId;
use crate::base::time::{millis, secs};
use crate::sip::msg::{Message, Request};
use crate::sip::{Cause, Command, Event, ReferId, ReferTarget};

const AT: &str = "10.0.0.9:5060";
const TO_1002: &str = "Refer-To: <sip:1002@sanling.local>\r\n";

/// Refers with these lines; gives what the phone heard.
fn refers(world: &mut World, phone: &mut Phone, lines: &str) -> Vec<Message> {
    let lines = format!("Contact: <sip:1001@{AT}>\r\n{lines}");
    let text = phone.text("REFER", "sip:10.0.0.1", "", &lines);
    phone.send(world, text);
    world.heard(phone.at())
}

/// The code of the answer to such a REFER, when nothing else comes of it.
fn refused(world: &mut World, phone: &mut Phone, lines: &str) -> u16 {
    match &refers(world, phone, lines)[..] {
        [Message::Response(response)] => response.code,
        others => panic!("{:?}", others.iter().map(name).collect::<Vec<_>>()),
    }
}

fn text(notify: &Request) -> String {
    let header = |name| notify.headers.get(name).unwrap_or_default().to_owned();
    format!("{} | {} | {}", header("Event"), header("Subscription-State"), String::from_utf8_lossy(&notify.body).trim_end())
}

/// The one NOTIFY that the phone heard.
#[track_caller]
fn notify(world: &mut World) -> Request {
    let request = world.heard_request(AT);
    assert_eq!((request.method.as_str(), request.headers.get("Content-Type")), ("NOTIFY", Some("message/sipfrag;version=2.0")));
    request
}

fn tell(world: &mut World, refer: ReferId, status: u16) {
    world.command(SWITCH, Command::TellReferProgress { refer, status });
    world.run(millis(10));
}

/// Agent 1001 in a call, who refers; gives the referral and the first NOTIFY.
fn referring(world: &mut World) -> (Phone, LegId, ReferId, Request) {
    let mut phone = Phone::new(AT, "1001");
    let leg = phone.talks(world, "95000");
    let heard = refers(world, &mut phone, TO_1002);
    let [Message::Response(accepted), Message::Request(first)] = &heard[..] else {
        panic!("{:?}", heard.iter().map(name).collect::<Vec<_>>())
    };
    assert_eq!(
        (accepted.code, accepted.headers.get("Contact"), accepted.headers.get("Refer-Sub")),
        (202, Some("<sip:10.0.0.1:5060>"), None)
    );
    let Event::Referred { refer, .. } = world.event(SWITCH) else { panic!("no referral") };
    (phone, leg, refer, first.clone())
}

#[test]
fn a_referral_is_taken_and_told_to_its_end() {
    let mut world = World::new(1);
    let (mut phone, leg, refer, first) = referring(&mut world);
    assert_eq!(text(&first), format!("refer;id={} | active;expires=300 | SIP/2.0 100 Trying", refer.number));
    tell(&mut world, refer, 180);
    assert_eq!(world.heard_line(AT), "", "one at a time");
    phone.reply(&mut world, &first, 200, &[], "");
    let second = notify(&mut world);
    assert_eq!(text(&second), format!("refer;id={} | active;expires=300 | SIP/2.0 180 Ringing", refer.number));
    assert_eq!(second.cseq().0, first.cseq().0 + 1);
    phone.reply(&mut world, &second, 200, &[], "");
    tell(&mut world, refer, 180);
    assert_eq!(world.heard_line(AT), "", "nothing new");
    tell(&mut world, refer, 200);
    let last = notify(&mut world);
    assert_eq!(text(&last), format!("refer;id={} | terminated;reason=noresource | SIP/2.0 200 OK", refer.number));
    phone.reply(&mut world, &last, 200, &[], "");
    tell(&mut world, refer, 486);
    assert_eq!(world.heard_line(AT), "");
    assert_eq!(phone.ask(&mut world, "BYE", "sip:10.0.0.1", "", "").code, 200);
    assert_eq!(world.events(SWITCH), [Event::Released { leg, cause: Cause::Bye { reason: None } }]);
    tell(&mut world, refer, 200);
    world.expect_nothing_left();
}

#[test]
fn who_is_referred_to_and_by_whom_is_told() {
    let mut world = World::new(1);
    let mut phone = Phone::new(AT, "1001");
    let leg = phone.talks(&mut world, "95000");
    for (lines, number, by) in [
        ("Refer-To: <sip:1002@sanling.local>\r\n", "1002", None),
        ("r: sip:95000@10.0.0.1;user=phone\r\nb: <sip:1001@sanling.local>;x=y\r\n", "95000", Some("<sip:1001@sanling.local>;x=y")),
        ("Refer-To: \"Two, of us\" <sip:%2A11@SANLING.local:5060;method=INVITE?Subject=x&Route=%3Csip:evil%3E>\r\n", "*11", None),
        ("Refer-To: <tel:+86-10-95000;phone-context=cn>\r\nReferred-By: \"A\" <sip:a@b>\r\n", "+86-10-95000", Some("\"A\" <sip:a@b>")),
    ] {
        let heard = refers(&mut world, &mut phone, lines);
        assert_eq!(heard.iter().map(name).collect::<Vec<_>>(), ["202", "NOTIFY"], "{lines}");
        let event = world.event(SWITCH);
        let Event::Referred { leg: of, refer, target, referred_by } = event else { panic!("{event:?}") };
        assert_eq!((of, refer.leg, target, referred_by.as_deref()), (leg, leg, ReferTarget::Number(number.into()), by));
    }
    // The fifth is one too many, but for one that is not told of (RFC 4488).
    assert_eq!(refused(&mut world, &mut phone, TO_1002), 603);
    let heard = refers(&mut world, &mut phone, &format!("Refer-Sub: false\r\nRequire: norefersub\r\n{TO_1002}"));
    assert!(matches!(&heard[..], [Message::Response(ok)] if ok.code == 202 && ok.headers.get("Refer-Sub") == Some("false")));
    let Event::Referred { refer, .. } = world.event(SWITCH) else { panic!("no referral") };
    tell(&mut world, refer, 200);
    assert_eq!(world.heard_line(AT), "");
}

#[test]
fn what_cannot_be_referred_to_is_refused_and_the_call_goes_on() {
    let mut world = World::new(1);
    let mut phone = Phone::new(AT, "1001");
    let leg = phone.talks(&mut world, "95000");
    let replaces = |dialog: &str| format!("Refer-To: <sip:10.0.0.1?Replaces={dialog}>\r\n");
    for (lines, code) in [
        (String::new(), 400),
        (TO_1002.repeat(2), 400),
        ("Refer-To: <sip:1002@sanling.local>, <sip:1002@sanling.local>\r\n".into(), 400),
        ("Refer-To: \r\n".into(), 400),
        ("Refer-To: *\r\n".into(), 400),
        ("Refer-To: <sip:1002@sanling.local\r\n".into(), 400),
        ("Refer-To: sip:1002@sanling.local?Replaces=c\r\n".into(), 400),
        (format!("{TO_1002}Referred-By: <<\r\n"), 400),
        (format!("{TO_1002}Referred-By: <sip:a@b>, <sip:a@b>\r\n"), 400),
        (replaces("c"), 400),
        (replaces("c%3Bto-tag%3D1"), 400),
        (replaces("c%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2"), 400),
        (replaces("c%3Bto-tag%3D1%3Bfrom-tag%3D2&Join=c"), 400),
        (replaces("%0D%0AVia%3A%20x%3Bto-tag%3D1%3Bfrom-tag%3D2"), 400),
        (replaces("c%3Bto-tag%3D1%3Bfrom-tag%3D2"), 603),
        ("Refer-To: <sips:1002@sanling.local>\r\n".into(), 416),
        ("Refer-To: <http://sanling.local>\r\n".into(), 416),
        ("Refer-To: <sip:1002@sanling.local;method=BYE>\r\n".into(), 501),
        ("Refer-To: <sip:sanling.local>\r\n".into(), 603),
        ("Refer-To: <sip:0900123@expensive.example>\r\n".into(), 603),
        ("Require: multiple-refer\r\nRefer-To: <cid:x>\r\n".into(), 420),
        (format!("Replaces: c;to-tag=1;from-tag=2\r\n{TO_1002}"), 400),
    ] {
        assert_eq!(refused(&mut world, &mut phone, &lines), code, "{lines}");
    }
    assert_eq!((world.events(SWITCH), world.endpoint(SWITCH).leg_count()), (vec![], 1));
    // A stranger's tag, and out of its order.
    let text = phone.text("REFER", "sip:10.0.0.1", "", TO_1002).replace("tag=phone", "tag=stranger");
    phone.send(&mut world, text);
    assert_eq!(world.heard_line(AT), "481");
    let text = phone.text_numbered("REFER", "sip:10.0.0.1", "", TO_1002, 3);
    phone.send(&mut world, text);
    assert_eq!(world.heard_line(AT), "500");
    world.command(SWITCH, Command::Release { leg, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    assert_eq!(refused_while_leaving(&mut world, &mut phone), "BYE 481");
}

fn refused_while_leaving(world: &mut World, phone: &mut Phone) -> String {
    let mut heard = world.heard(AT);
    heard.extend(refers(world, phone, TO_1002));
    heard.iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn only_an_agent_in_an_answered_call_refers() {
    let mut world = World::new(1);
    // Outside of any call; as a stranger, and as an agent.
    let mut phone = Phone::new(AT, "1001");
    assert_eq!(phone.ask(&mut world, "REFER", "sip:sanling.local", "1001", TO_1002).code, 403);
    // Before the answer.
    let (leg, _) = phone.calls(&mut world, "95000", "");
    world.heard(AT);
    world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
    world.run(millis(10));
    let ringing = world.heard_response(AT);
    phone.dialog_to = Some(ringing.headers.get("To").expect("To").to_owned());
    assert_eq!(refused(&mut world, &mut phone, TO_1002), 603);
    // A carrier's.
    let mut trunk = Phone::new("10.0.0.2:5099", "x");
    trunk.body = "offer".into();
    let text = trunk.text("INVITE", "sip:95000@10.0.0.1", "95000", "Contact: <sip:x@10.0.0.2:5099>\r\n");
    trunk.body.clear();
    trunk.send(&mut world, text);
    let leg = world.invited(SWITCH);
    trunk.is_answered(&mut world, leg);
    let text = trunk.text("REFER", "sip:10.0.0.1", "", TO_1002);
    trunk.send(&mut world, text);
    assert_eq!((world.heard_line(trunk.at()).as_str(), world.events(SWITCH)), ("403", vec![]));
}

#[test]
fn an_agent_who_was_called_refers_as_well() {
    let mut world = World::new(1);
    let mut phone = Phone::new(AT, "1001");
    phone.register(&mut world, "");
    world.events(SWITCH);
    world.heard(AT);
    world.invite(SWITCH, 2, crate::sip::Callee::Account("1001".into()), "offer");
    world.run(millis(10));
    let invite = world.heard_request(AT);
    phone.reply(&mut world, &invite, 200, &[], "answer");
    assert!(matches!(world.event(SWITCH), Event::Answered { .. }));
    world.heard(AT);
    // From and To change their places.
    phone.call_id = Some(invite.call_id().to_owned());
    phone.dialog_to = Some(invite.headers.get("From").expect("From").to_owned());
    let text = phone.text("REFER", "sip:10.0.0.1", "", TO_1002).replace("tag=phone", "tag=at-5060");
    phone.send(&mut world, text);
    assert_eq!(world.heard_line(AT), "202 NOTIFY");
    assert!(matches!(world.event(SWITCH), Event::Referred { leg: LegId(2), .. }));
}

#[test]
fn a_repeated_refer_is_one_and_a_repeated_notify_too() {
    let mut world = World::new(1);
    let mut phone = Phone::new(AT, "1001");
    phone.talks(&mut world, "95000");
    let text = phone.text("REFER", "sip:10.0.0.1", "", TO_1002);
    phone.send(&mut world, text.clone());
    phone.send(&mut world, text);
    assert_eq!(world.heard_line(AT), "202 NOTIFY 202");
    assert_eq!(world.events(SWITCH).len(), 1);
    world.run(millis(1_500));
    assert_eq!(world.heard_line(AT), "NOTIFY NOTIFY", "Timer E");
}

#[test]
fn a_referrer_who_does_not_want_to_hear_keeps_his_call() {
    for (answer, last) in [(Some(481), ""), (Some(489), ""), (Some(500), ""), (None, "")] {
        let mut world = World::new(1);
        let (mut phone, leg, refer, first) = referring(&mut world);
        match answer {
            Some(code) => phone.reply(&mut world, &first, code, &[], ""),
            None => drop(world.run(secs(40))),
        }
        world.heard(AT);
        tell(&mut world, refer, 200);
        assert_eq!((world.heard_line(AT).as_str(), world.events(SWITCH)), (last, vec![]), "{answer:?}");
        assert_eq!(phone.ask(&mut world, "OPTIONS", "sip:10.0.0.1", "", "").code, 200, "{answer:?}");
        world.command(SWITCH, Command::Release { leg, code: 200, reason: None, retry_after: None });
        world.expect_nothing_left();
    }
}

#[test]
fn nobody_is_told_for_ever() {
    let mut world = World::new(1);
    let (mut phone, _, refer, first) = referring(&mut world);
    phone.reply(&mut world, &first, 200, &[], "");
    world.run(secs(299));
    assert_eq!(world.heard_line(AT), "");
    world.run(secs(1));
    let last = notify(&mut world);
    assert_eq!(text(&last), format!("refer;id={} | terminated;reason=timeout | SIP/2.0 100 Trying", refer.number));
    phone.reply(&mut world, &last, 200, &[], "");
    tell(&mut world, refer, 200);
    assert_eq!(world.heard_line(AT), "");
}

#[test]
fn a_referrer_renews_or_ends_what_he_is_told() {
    let mut world = World::new(1);
    let (mut phone, _, refer, first) = referring(&mut world);
    phone.reply(&mut world, &first, 200, &[], "");
    let mut subscribes = |world: &mut World, lines: &str| {
        let text = phone.text("SUBSCRIBE", "sip:10.0.0.1", "", lines);
        phone.send(world, text);
        let heard = world.heard(AT);
        let expires = heard[0].headers().get("Expires").unwrap_or_default().to_owned();
        if let [_, Message::Request(notify)] = &heard[..] {
            phone.reply(world, notify, 200, &[], "");
        }
        (heard.iter().map(name).collect::<Vec<_>>().join(" "), expires)
    };
    let of = |id: u32, expires: u32| format!("Event: refer;id={id}\r\nExpires: {expires}\r\n");
    assert_eq!(subscribes(&mut world, &of(refer.number + 1, 60)).0, "481");
    assert_eq!(subscribes(&mut world, "Event: dialog\r\n").0, "489");
    assert_eq!(subscribes(&mut world, "Event: refer;id=99999999999\r\nExpires: soon\r\n"), ("200 NOTIFY".into(), "300".into()));
    assert_eq!(subscribes(&mut world, &of(refer.number, 60)), ("200 NOTIFY".into(), "60".into()));
    assert_eq!(subscribes(&mut world, &of(refer.number, 0)), ("200 NOTIFY".into(), "0".into()));
    assert_eq!(subscribes(&mut world, &of(refer.number, 60)).0, "481");
    assert_eq!(world.endpoint(SWITCH).leg_count(), 1);
}

#[test]
fn the_last_word_goes_out_before_the_goodbye() {
    let mut world = World::new(1);
    let (_, leg, refer, _) = referring(&mut world);
    world.command(SWITCH, Command::TellReferProgress { refer, status: 200 });
    world.command(SWITCH, Command::Release { leg, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    let heard = world.heard(AT);
    assert_eq!(heard.iter().map(name).collect::<Vec<_>>(), ["NOTIFY", "BYE"]);
    assert!(matches!(&heard[0], Message::Request(last) if text(last).contains("terminated;reason=noresource | SIP/2.0 200 OK")));
    assert_eq!(world.events(SWITCH), []);
    world.run(secs(40));
    assert_eq!(world.events(SWITCH), [Event::Released { leg, cause: Cause::Ours }]);
    world.expect_nothing_left();
}

#[test]
fn a_referral_lives_through_a_restart() {
    let mut world = World::new(1);
    let (mut phone, _, refer, first) = referring(&mut world);
    phone.reply(&mut world, &first, 200, &[], "");
    world.restart(SWITCH, secs(2));
    tell(&mut world, refer, 200);
    let last = notify(&mut world);
    assert!(text(&last).contains("terminated;reason=noresource | SIP/2.0 200 OK") && last.cseq().0 > first.cseq().0);
    phone.reply(&mut world, &last, 200, &[], "");
    assert_eq!(phone.ask(&mut world, "BYE", "sip:10.0.0.1", "", "").code, 200);
    world.expect_nothing_left();
}
