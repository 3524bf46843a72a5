//! Calls out to carriers that want proof of whose they are, and want their callers shown in a way of their own.

use super::carriers::{HOST, MD5, SHA256, STALE, configure, credentials, flow, id, proves, trunk};
use super::phone::Phone;
use super::world::{SWITCH, World};
use crate::base::time::millis;
use crate::base::{LegId, TrunkId};
use crate::sip::msg::Message;
use crate::sip::{Callee, CallerShown, Cause, Command, Event, Failure, InviteMarks, Party, Trunk};

fn calls(world: &mut World, trunk: Option<TrunkId>) {
    world.invite(SWITCH, 2, Callee::Trunk { trunk, number: "95000".into(), host: HOST.into(), flow: flow(HOST) }, "offer");
    world.run(millis(10));
}

#[test]
fn a_call_out_is_proven_once() {
    for (code, challenge) in [(401, MD5), (407, ("Proxy-Authenticate", SHA256.1))] {
        let mut world = World::new(1);
        let mut carrier = Phone::new(HOST, "carrier");
        configure(&mut world, vec![trunk(&[HOST])]);
        calls(&mut world, Some(id()));
        let first = world.heard_request(HOST);
        assert!(credentials(&first).is_none());
        carrier.reply(&mut world, &first, code, &[challenge], "");
        let [Message::Request(ack), Message::Request(second)] = &world.heard(HOST)[..] else { panic!("ACK and INVITE") };
        assert_eq!((ack.method.as_str(), second.method.as_str(), proves(second, challenge)), ("ACK", "INVITE", Some(1)));
        assert_eq!((second.call_id(), second.cseq().0, second.from_tag()), (first.call_id(), first.cseq().0 + 1, first.from_tag()));
        assert_eq!((second.to_tag(), second.body.as_slice()), (None, &b"offer"[..]));
        assert_eq!(world.events(SWITCH), []);
        let second = second.clone();
        carrier.reply(&mut world, &second, 200, &[], "answer");
        assert!(matches!(world.event(SWITCH), Event::Answered { leg: LegId(2), .. }));
        // RFC 3261 §22.1: the ACK proves it as well.
        let ack = world.heard_request(HOST);
        let name = if code == 401 { "Authorization" } else { "Proxy-Authorization" };
        assert_eq!((ack.method.as_str(), ack.headers.get(name)), ("ACK", second.headers.get(name)));
        world.command(SWITCH, Command::Release { leg: LegId(2), code: 200, reason: None, retry_after: None });
        world.run(millis(10));
        let bye = world.heard_request(HOST);
        carrier.reply(&mut world, &bye, 200, &[], "");
        assert_eq!(world.event(SWITCH), Event::Released { leg: LegId(2), cause: Cause::Ours });
        world.expect_nothing_left();
    }
}

#[test]
fn a_call_out_that_cannot_be_proven_fails() {
    let failed = |code: u16, reason: &str| Event::Failed { leg: LegId(2), failure: Failure::Status { code, reason: reason.into() } };
    let basic = ("WWW-Authenticate", "Basic realm=\"x\"");
    for (trunk_of, account, answers, code) in [
        (Some(id()), true, vec![(401, MD5), (401, STALE)], 401),
        (Some(id()), false, vec![(401, MD5)], 401),
        (None, true, vec![(401, MD5)], 401),
        (Some(TrunkId::new("another")), true, vec![(401, MD5)], 401),
        (Some(id()), true, vec![(401, basic)], 401),
        (Some(id()), true, vec![(403, MD5)], 403),
    ] {
        let mut world = World::new(1);
        let mut carrier = Phone::new(HOST, "carrier");
        let mut trunk = trunk(&[HOST]);
        trunk.account = trunk.account.filter(|_| account);
        configure(&mut world, vec![trunk]);
        calls(&mut world, trunk_of);
        for (code, challenge) in answers {
            let invite = world.heard(HOST).into_iter().rev().find_map(|message| match message {
                Message::Request(request) if request.method.as_str() == "INVITE" => Some(request),
                _ => None,
            });
            carrier.reply(&mut world, &invite.expect("an INVITE"), code, &[challenge], "");
        }
        let reason = if code == 401 { "Unauthorized" } else { "Forbidden" };
        assert_eq!(world.event(SWITCH), failed(code, reason));
        world.expect_nothing_left();
    }
}

#[test]
fn a_caller_who_gave_up_is_not_proven() {
    let mut world = World::new(1);
    let mut carrier = Phone::new(HOST, "carrier");
    configure(&mut world, vec![trunk(&[HOST])]);
    calls(&mut world, Some(id()));
    let first = world.heard_request(HOST);
    world.command(SWITCH, Command::Release { leg: LegId(2), code: 487, reason: None, retry_after: None });
    carrier.reply(&mut world, &first, 401, &[MD5], "");
    assert_eq!((world.heard_line(HOST).as_str(), world.event(SWITCH)), ("ACK", Event::Released { leg: LegId(2), cause: Cause::Ours }));
    world.expect_nothing_left();
}

#[test]
fn a_caller_is_shown_as_the_carrier_wants() {
    for (who, from, asserted) in [
        (CallerShown::From, "13800138000", None),
        (CallerShown::Asserted, "13800138000", Some("\"Caller \\\"A\\\"\" <sip:13800138000@carrier.example>")),
        (CallerShown::BehindAccount, "us", Some("\"Caller \\\"A\\\"\" <sip:13800138000@carrier.example>")),
    ] {
        let mut world = World::new(1);
        let from_domain = Some("carrier.example".to_owned());
        configure(&mut world, vec![Trunk { caller_shown: who, from_domain, ..trunk(&[HOST]) }]);
        calls(&mut world, Some(id()));
        let invite = world.heard_request(HOST);
        assert_eq!(invite.from().uri.to_string(), format!("sip:{from}@carrier.example"), "{who:?}");
        assert_eq!((invite.headers.get("P-Asserted-Identity"), invite.headers.get("Privacy")), (asserted, None), "{who:?}");
    }
}

/// RFC 7332: a loop over other switches ends when its hops are used up.
#[test]
fn a_call_goes_no_further_than_the_one_that_it_is_for() {
    for (lines, left) in [("Max-Forwards: 12\r\n", "11"), ("Max-Forwards: 1\r\n", "0"), ("Max-Forwards: 255\r\n", "69"), ("", "69")] {
        let mut world = World::new(1);
        let (caller, _) = Phone::new("10.0.0.9:5060", "1001").calls(&mut world, "10086", lines);
        let callee = Callee::Trunk { trunk: None, number: "10086".into(), host: HOST.into(), flow: flow(HOST) };
        let from = Party { display: None, user: "1001".into() };
        let marks = InviteMarks { caller: Some(caller), ..InviteMarks::default() };
        world.command(SWITCH, Command::Invite { leg: LegId(2), callee, from, sdp: "offer".into(), otherwise: None, marks });
        world.run(millis(10));
        assert_eq!(world.heard_request(HOST).headers.get("Max-Forwards"), Some(left), "{lines}");
    }
}
