//! Calls with scripted phones: forking, reliable ringing, routes, digits, and what a dialog refuses.

use super::phone::Phone;
use super::world::{SWITCH, World, name};
use crate::base::time::{millis, secs};
use crate::base::{AgentId, LegId};
use crate::sip::msg::{Message, Method, Request};
use crate::sip::{Callee, Cause, Command, Event, Failure};

const ONE: &str = "10.0.0.9:5061";
const TWO: &str = "10.0.0.9:5062";
const LEG: LegId = LegId(2);

/// Two phones of agent 1001, and a call out to him; gives both INVITEs.
fn ringing_at_both(world: &mut World, params: [&str; 2]) -> (Phone, Phone) {
    let mut phones = [Phone::new(ONE, "1001"), Phone::new(TWO, "1001")];
    for (phone, params) in phones.iter_mut().zip(params) {
        phone.register(world, params);
    }
    world.events(SWITCH);
    world.heard(ONE);
    world.heard(TWO);
    world.invite(SWITCH, LEG.0, Callee::Account(AgentId::new("1001")), "offer");
    world.run(millis(10));
    let [one, two] = phones;
    (one, two)
}

fn methods(messages: &[Message]) -> String {
    messages.iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn both_phones_ring_and_the_one_not_answered_stops() {
    let mut world = World::new(1);
    let (mut one, mut two) = ringing_at_both(&mut world, ["", ""]);
    let (first, second) = (world.heard_request(ONE), world.heard_request(TWO));
    assert_eq!(first.call_id(), second.call_id(), "merged by a phone that is reached by two ways");
    assert_eq!(first.uri.to_string(), format!("sip:1001@{ONE}"));
    one.reply(&mut world, &first, 180, &[], "");
    two.reply(&mut world, &second, 180, &[], "");
    assert_eq!(world.events(SWITCH).len(), 2, "two rang");
    two.reply(&mut world, &second, 200, &[], "answer");
    let Event::Answered { leg: LEG, sdp: Some(sdp), flow, by } = world.event(SWITCH) else { panic!("answered") };
    assert_eq!((sdp.as_slice(), flow.peer.to_string().as_str(), by), (&b"answer"[..], TWO, Some(format!("sip:phone@{TWO}"))));
    assert_eq!(world.heard_line(TWO), "ACK");
    let cancel = world.heard_request(ONE);
    assert_eq!(
        (cancel.method.clone(), cancel.headers.get("Reason")),
        (Method::Cancel, Some("SIP;cause=200;text=\"Call completed elsewhere\""))
    );
    one.reply(&mut world, &cancel, 200, &[], "");
    one.reply(&mut world, &first, 487, &[], "");
    assert_eq!(world.heard_line(ONE), "ACK");
    world.command(SWITCH, Command::Release { leg: LEG, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    let bye = world.heard_request(TWO);
    two.reply(&mut world, &bye, 200, &[], "");
    assert_eq!(world.event(SWITCH), Event::Released { leg: LEG, cause: Cause::Ours });
    world.expect_nothing_left();
}

#[test]
fn of_two_answers_one_is_the_call_and_the_other_is_released() {
    let mut world = World::new(1);
    let (mut one, mut two) = ringing_at_both(&mut world, ["", ""]);
    let (first, second) = (world.heard_request(ONE), world.heard_request(TWO));
    one.reply(&mut world, &first, 200, &[], "answer");
    two.reply(&mut world, &second, 200, &[], "answer");
    assert!(matches!(world.event(SWITCH), Event::Answered { flow, .. } if flow.peer.to_string() == ONE));
    let heard = world.heard(TWO);
    assert_eq!(methods(&heard), "ACK BYE");
    two.reply(&mut world, &second, 200, &[], "answer");
    assert_eq!(world.heard_line(TWO), "ACK", "its 200 again: the ACK again, no second BYE");
}

#[test]
fn a_second_phone_behind_the_same_branch_is_released() {
    let mut world = World::new(1);
    let (mut one, _) = ringing_at_both(&mut world, ["", ""]);
    let first = world.heard_request(ONE);
    one.reply(&mut world, &first, 200, &[], "answer");
    assert_eq!(world.heard_line(ONE), "ACK");
    let mut other = first.response(200, None, Some("another-phone"));
    other.headers.push("Contact", format!("<sip:other@{ONE}>"));
    world.post(crate::sip::Protocol::Udp, one.at, super::world::address(SWITCH), &Message::Response(other).to_bytes());
    world.run(millis(10));
    let heard = world.heard(ONE);
    assert_eq!(methods(&heard), "ACK BYE");
    assert!(heard.iter().all(|message| matches!(message, Message::Request(request) if request.to_tag() == Some("another-phone"))));
    assert_eq!(world.events(SWITCH).len(), 1);
}

#[test]
fn the_next_group_is_called_when_the_better_one_fails() {
    let mut world = World::new(1);
    let (mut one, mut two) = ringing_at_both(&mut world, [";q=0.3", ";q=0.9"]);
    assert!(world.heard(ONE).is_empty());
    let second = world.heard_request(TWO);
    two.reply(&mut world, &second, 486, &[], "");
    assert_eq!(world.events(SWITCH), []);
    let first = world.heard_request(ONE);
    // RFC 3261 §8.2.2.2: a device that both ways lead to takes it for a new request.
    assert_eq!(first.cseq().0, second.cseq().0 + 1);
    one.reply(&mut world, &first, 302, &[], "");
    assert_eq!(
        world.event(SWITCH),
        Event::Failed { leg: LEG, failure: Failure::Moved { code: 302, to: Vec::new(), rang: false, why: None } }
    );
    world.expect_nothing_left();
}

/// A gateway says by UPDATE who is rung now, before anybody answers.
#[test]
fn an_update_without_an_offer_is_taken_before_the_answer() {
    let mut world = World::new(1);
    let (mut one, _) = ringing_at_both(&mut world, [";q=0.9", ";q=0.3"]);
    let invite = world.heard_request(ONE);
    one.reply(&mut world, &invite, 183, &[], "");
    world.events(SWITCH);
    let mut says = one.clone().numbered_from(50);
    says.call_id = Some(invite.call_id().to_owned());
    says.dialog_to = invite.headers.get("From").map(str::to_owned);
    let lines = format!("Contact: <sip:1001@{ONE}>\r\n");
    let ok = says.ask(&mut world, "UPDATE", "sip:10.0.0.1", "", &lines);
    assert_eq!((ok.code, ok.headers.get("Contact").is_some()), (200, true));
    says.body = "offer".into();
    assert_eq!(says.ask(&mut world, "UPDATE", "sip:10.0.0.1", "", &lines).code, 491, "RFC 3311 §5.2: ours has no answer");
    one.reply(&mut world, &invite, 486, &[], "");
}

#[test]
fn a_decline_speaks_for_all_phones() {
    let mut world = World::new(1);
    let (mut one, mut two) = ringing_at_both(&mut world, ["", ""]);
    let (first, second) = (world.heard_request(ONE), world.heard_request(TWO));
    one.reply(&mut world, &first, 180, &[], "");
    world.events(SWITCH);
    two.reply(&mut world, &second, 603, &[], "");
    assert!(matches!(world.event(SWITCH), Event::Failed { failure: Failure::Status { code: 603, .. }, .. }));
    let cancel = world.heard_request(ONE);
    assert_eq!((cancel.method, cancel.headers.get("Reason")), (Method::Cancel, Some("SIP;cause=603;text=\"Decline\"")));
    one.reply(&mut world, &first, 487, &[], "");
    world.expect_nothing_left();
}

#[test]
fn a_cancelled_phone_that_never_answers_is_forgotten() {
    let mut world = World::new(1);
    let (mut one, mut two) = ringing_at_both(&mut world, ["", ""]);
    let (first, second) = (world.heard_request(ONE), world.heard_request(TWO));
    one.reply(&mut world, &first, 180, &[], "");
    two.reply(&mut world, &second, 480, &[], "");
    world.events(SWITCH);
    world.command(SWITCH, Command::Release { leg: LEG, code: 408, reason: None, retry_after: None });
    world.run(secs(31));
    assert_eq!(world.events(SWITCH), []);
    world.run(secs(2));
    assert_eq!(world.event(SWITCH), Event::Released { leg: LEG, cause: Cause::Ours });
    world.expect_nothing_left();
}

#[test]
fn reliable_ringing_of_a_phone_is_acknowledged_once_and_in_order() {
    let mut world = World::new(1);
    let (mut one, _) = ringing_at_both(&mut world, ["", ""]);
    let first = world.heard_request(ONE);
    assert!(first.headers.has_token("Supported", "100rel"));
    let reliably = |rseq| [("Require", "100rel"), ("RSeq", rseq)];
    one.reply(&mut world, &first, 183, &reliably("7"), "early answer");
    let prack = world.heard_request(ONE);
    assert_eq!((prack.method.clone(), prack.headers.get("RAck")), (Method::Prack, Some("7 1 INVITE")));
    one.reply(&mut world, &prack, 200, &[], "");
    one.reply(&mut world, &first, 183, &reliably("7"), "early answer");
    one.reply(&mut world, &first, 180, &reliably("9"), "");
    assert_eq!(world.heard_line(ONE), "", "a repeat and a gap");
    one.reply(&mut world, &first, 180, &reliably("8"), "");
    let prack = world.heard_request(ONE);
    assert_eq!((prack.cseq().0, prack.headers.get("RAck")), (3, Some("8 1 INVITE")));
    assert_eq!(world.events(SWITCH).len(), 2, "rang twice");
    one.reply(&mut world, &first, 200, &[], "");
    assert!(matches!(world.event(SWITCH), Event::Answered { sdp: Some(sdp), .. } if sdp == b"early answer"));
}

/// A call in from a scripted trunk phone with these lines; gives its leg.
fn calls(world: &mut World, phone: &mut Phone, lines: &str) -> LegId {
    phone.body = "offer".into();
    let lines = format!("Contact: <sip:x@{}>\r\n{lines}", phone.at());
    let text = phone.text("INVITE", "sip:95000@10.0.0.1", "95000", &lines);
    phone.send(world, text);
    phone.body.clear();
    world.invited(SWITCH)
}

/// The dialog is up: 200 and ACK.
fn up(world: &mut World, phone: &mut Phone, lines: &str) -> LegId {
    let leg = calls(world, phone, lines);
    world.heard(phone.at());
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(10));
    let ok = world.heard_response(phone.at());
    phone.dialog_to = Some(ok.headers.get("To").expect("To").to_owned());
    let ack = phone.text("ACK", "sip:10.0.0.1", "", "");
    phone.send(world, ack);
    assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: None });
    leg
}

fn trunk_phone() -> Phone {
    Phone::new("10.0.0.2:5099", "13800138000")
}

#[test]
fn ringing_goes_out_reliably_to_who_asks_for_it() {
    let mut world = World::new(1);
    let mut phone = trunk_phone();
    let leg = calls(&mut world, &mut phone, "Require: 100rel\r\n");
    world.heard(phone.at());
    world.command(SWITCH, Command::Ring { leg, code: 183, sdp: Some("answer".into()) });
    world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(1_600));
    let heard = world.heard(phone.at());
    assert_eq!(methods(&heard), "183 183 183", "repeated, and the rest waits (RFC 3262 §3)");
    let Message::Response(ringing) = &heard[0] else { panic!("a response") };
    assert_eq!((ringing.headers.get("Require"), ringing.body.as_slice()), (Some("100rel"), &b"answer"[..]));
    let rseq = ringing.headers.get("RSeq").expect("RSeq").to_owned();
    phone.dialog_to = Some(ringing.headers.get("To").expect("To").to_owned());
    assert_eq!(phone.ask(&mut world, "PRACK", "sip:10.0.0.1", "", "RAck: 1 1 INVITE\r\n").code, 481);
    let text = phone.text("PRACK", "sip:10.0.0.1", "", &format!("RAck: {rseq} 1 INVITE\r\n"));
    phone.send(&mut world, text);
    assert_eq!(world.heard_line(phone.at()), "200 180 200", "PRACK taken, next 18x, and the held answer");
    assert_eq!(world.events(SWITCH), []);
}

#[test]
fn the_prack_of_a_ringing_that_the_answer_overtook_is_taken_once() {
    let mut world = World::new(1);
    let mut phone = trunk_phone();
    let leg = calls(&mut world, &mut phone, "Require: 100rel\r\n");
    world.heard(phone.at());
    world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(10));
    let heard = world.heard(phone.at());
    assert_eq!(methods(&heard), "180 200", "without a description of ours in it the ringing holds nothing back (RFC 3262 §3)");
    let Message::Response(ringing) = &heard[0] else { panic!("a response") };
    let rseq: u32 = ringing.headers.get("RSeq").expect("RSeq").parse().expect("a number");
    phone.dialog_to = Some(ringing.headers.get("To").expect("To").to_owned());
    let mut prack = |world: &mut World, rack: String| phone.ask(world, "PRACK", "sip:10.0.0.1", "", &format!("RAck: {rack}\r\n")).code;
    for wrong in [format!("{} 1 INVITE", rseq + 1), format!("{rseq} 2 INVITE"), format!("{rseq} 1 UPDATE"), format!("{rseq} 1")] {
        assert_eq!(prack(&mut world, wrong.clone()), 481, "{wrong}");
    }
    assert_eq!([prack(&mut world, format!("{rseq} 1 INVITE")), prack(&mut world, format!("{rseq} 1 INVITE"))], [200, 481]);
}

#[test]
fn a_caller_who_never_acknowledges_his_ringing_is_refused() {
    let mut world = World::new(1);
    let mut phone = trunk_phone();
    let leg = calls(&mut world, &mut phone, "Require: 100rel\r\n");
    world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
    world.run(secs(33));
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::PeerGone });
    assert!(world.heard_line(phone.at()).contains("504"));
    world.expect_nothing_left();
}

#[test]
fn requests_in_the_dialog_take_its_route() {
    let mut world = World::new(1);
    let mut phone = trunk_phone();
    let leg = up(&mut world, &mut phone, "Record-Route: <sip:10.0.0.2:5077>, <sip:10.0.0.2:5078;lr>\r\n");
    world.command(SWITCH, Command::Release { leg, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    let bye: Request = world.heard_request("10.0.0.2:5077");
    let routes: Vec<_> = bye.headers.all("Route").collect();
    assert_eq!((bye.uri.to_string().as_str(), routes), ("sip:10.0.0.2:5077", vec!["<sip:10.0.0.2:5078;lr>", "<sip:x@10.0.0.2:5099>"]));
}

#[test]
fn a_dialog_serves_what_it_knows_and_refuses_the_rest() {
    let mut world = World::new(1);
    let mut phone = trunk_phone();
    let leg = up(&mut world, &mut phone, "");
    let mut ask = |world: &mut World, method: &str, lines: &str, body: &str| {
        phone.body = body.into();
        phone.ask(world, method, "sip:10.0.0.1", "", lines)
    };
    let relay = "Content-Type: application/dtmf-relay\r\n";
    assert_eq!(ask(&mut world, "INFO", relay, "Signal=5\r\nDuration=200\r\n").code, 200);
    assert_eq!(world.event(SWITCH), Event::Digit { leg, digit: '5', duration: millis(200) });
    let refused = ask(&mut world, "INFO", "Content-Type: text/plain\r\n", "5");
    assert_eq!((refused.code, refused.headers.get("Accept").is_some()), (415, true));
    assert_eq!(ask(&mut world, "OPTIONS", "", "").code, 200);
    assert_eq!(ask(&mut world, "PRACK", "RAck: 1 1 INVITE\r\n", "").code, 481);
    let small = ask(&mut world, "UPDATE", "Supported: timer\r\nSession-Expires: 30\r\n", "");
    assert_eq!((small.code, small.headers.get("Min-SE")), (422, Some("90")));
    let refreshed = ask(&mut world, "UPDATE", "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n", "");
    assert_eq!((refreshed.code, refreshed.headers.get("Session-Expires")), (200, Some("120;refresher=uac")));
    // Out of order (§12.2.2), and from a stranger.
    let text = phone.text_numbered("OPTIONS", "sip:10.0.0.1", "", "Subject: late\r\n", 2);
    phone.send(&mut world, text);
    assert_eq!(world.heard_line(phone.at()), "500");
    let text = phone.text("BYE", "sip:10.0.0.1", "", "").replace("tag=phone", "tag=stranger");
    phone.send(&mut world, text);
    assert_eq!(world.heard_line(phone.at()), "481");
    // He said he would refresh, and does not.
    world.run(secs(120));
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::SessionExpired });
    world.expect_nothing_left();
}

#[test]
fn a_bye_in_the_early_dialog_ends_the_call() {
    let mut world = World::new(1);
    let mut phone = trunk_phone();
    let leg = calls(&mut world, &mut phone, "");
    world.heard(phone.at());
    world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
    world.run(millis(10));
    phone.dialog_to = Some(world.heard_response(phone.at()).headers.get("To").expect("To").to_owned());
    let text = phone.text("BYE", "sip:10.0.0.1", "", "Reason: Q.850;cause=16\r\n");
    phone.send(&mut world, text);
    assert_eq!(world.heard_line(phone.at()), "200 487");
    assert!(matches!(world.event(SWITCH), Event::Released { cause: Cause::Cancelled { reason: Some(_), .. }, .. }));
}

#[test]
fn an_invite_that_cannot_be_taken_is_refused_before_it_is_a_call() {
    let mut world = World::new(1);
    for (lines, body, code) in [
        ("", "", 400),
        ("Contact: <sip:x@10.0.0.2:5099>\r\nContent-Type: text/plain\r\n", "hello", 415),
        ("Contact: <sip:x@10.0.0.2:5099>\r\nSupported: timer\r\nSession-Expires: 60\r\n", "", 422),
        ("Contact: <sip:x@10.0.0.2:5099>\r\nRequire: gruu\r\n", "", 420),
        ("Contact: <sip:x@10.0.0.2:5099>\r\nReplaces: c;to-tag=1\r\n", "", 400),
        ("Contact: <sip:x@10.0.0.2:5099>\r\nReplaces: c;to-tag=1;from-tag=2\r\n", "", 403),
        ("Contact: <sip:x@10.0.0.2:5099>\r\nAccept: text/plain, image/*\r\n", "", 406),
    ] {
        let mut phone = trunk_phone();
        phone.body = body.into();
        assert_eq!(phone.ask(&mut world, "INVITE", "sip:95000@10.0.0.1", "95000", lines).code, code, "{lines}");
        world.run(secs(40));
        world.heard(phone.at());
    }
    assert_eq!(world.events(SWITCH), []);
    world.expect_nothing_left();
}

#[test]
fn an_offer_may_wait_for_ours() {
    // RFC 3261 §14.2: a re-INVITE without SDP is answered with an offer, and the ACK brings the answer; so does the first INVITE (§13.2.1).
    let mut world = World::new(1);
    let mut phone = trunk_phone();
    let text = phone.text("INVITE", "sip:95000@10.0.0.1", "95000", "Contact: <sip:x@10.0.0.2:5099>\r\n");
    phone.send(&mut world, text);
    let Event::Invited { leg, sdp: None, .. } = world.event(SWITCH) else { panic!("a call without offer") };
    for turn in ["first", "second"] {
        world.heard(phone.at());
        match turn {
            "first" => world.command(SWITCH, Command::Answer { leg, sdp: "our offer".into() }),
            _ => {
                let text = phone.text("INVITE", "sip:10.0.0.1", "", "Contact: <sip:x@10.0.0.2:5099>\r\n");
                phone.send(&mut world, text);
                assert_eq!(world.event(SWITCH), Event::Reoffered { leg, sdp: None });
                assert_eq!(world.heard_line(phone.at()), "100");
                world.command(SWITCH, Command::AnswerReoffer { leg, sdp: "our offer".into() });
            }
        }
        world.run(millis(10));
        let ok = world.heard_response(phone.at());
        assert_eq!((ok.code, ok.body.as_slice()), (200, &b"our offer"[..]));
        phone.dialog_to = Some(ok.headers.get("To").expect("To").to_owned());
        phone.body = "answer".into();
        let ack = phone.text("ACK", "sip:10.0.0.1", "", "");
        phone.body.clear();
        phone.send(&mut world, ack);
        assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: Some("answer".into()) }, "{turn}");
    }
}

#[test]
fn a_cancelled_offer_leaves_the_call_up() {
    let mut world = World::new(1);
    let mut phone = trunk_phone();
    let leg = up(&mut world, &mut phone, "");
    phone.body = "hold".into();
    let invite = phone.text("INVITE", "sip:10.0.0.1", "", "Contact: <sip:x@10.0.0.2:5099>\r\n");
    phone.body.clear();
    phone.send(&mut world, invite.clone());
    assert!(matches!(world.event(SWITCH), Event::Reoffered { .. }));
    let head = invite.split("Contact:").next().expect("headers");
    let cancel = format!("{}Content-Length: 0\r\n\r\n", head.replacen("INVITE", "CANCEL", 1).replace(" INVITE\r\n", " CANCEL\r\n"));
    phone.send(&mut world, cancel);
    assert_eq!(world.heard_line(phone.at()), "100 200 487");
    world.command(SWITCH, Command::AnswerReoffer { leg, sdp: "too late".into() });
    world.run(millis(10));
    assert_eq!((world.heard_line(phone.at()).as_str(), world.events(SWITCH)), ("", vec![]));
    assert_eq!(world.endpoint(SWITCH).leg_count(), 1);
}
