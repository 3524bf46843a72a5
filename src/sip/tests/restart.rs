//! An endpoint that dies at any moment of a call and comes back with what was kept of it: the call goes on to its end.

use super::phone::Phone;
use super::world::{FAR, SWITCH, World, address, name};
use crate::base::time::{millis, secs};
use crate::base::{AgentId, LegId};
use crate::sip::msg::Message;
use crate::sip::{BindingsImage, Callee, Cause, Command, Event, Flow, LegImage, Protocol, Received};

const THERE: LegId = LegId(2);

fn release(leg: LegId) -> Command {
    Command::Release { leg, code: 480, reason: None, retry_after: None }
}

/// A call from FAR that waits for its answer; gives the switch's leg.
fn invited(world: &mut World) -> LegId {
    world.dial(FAR, SWITCH, THERE.0, Protocol::Udp, "offer");
    world.run(millis(10));
    world.invited(SWITCH)
}

fn up(world: &mut World) -> LegId {
    let leg = invited(world);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(10));
    world.events(SWITCH);
    world.events(FAR);
    leg
}

/// What is up is taken down by the switch, and nothing is left.
#[track_caller]
fn ends_well(world: &mut World, leg: LegId) {
    world.command(SWITCH, release(leg));
    world.run(secs(1));
    assert_eq!(world.events(SWITCH), [Event::Released { leg, cause: Cause::Ours }]);
    assert!(matches!(world.events(FAR)[..], [Event::Released { leg: THERE, cause: Cause::Bye { .. } }]));
    world.expect_nothing_left();
}

fn lose(world: &mut World, lost: &'static str) {
    world.lose = Box::new(move |message| lost.split(' ').any(|one| one == name(message)));
}

fn lose_nothing(world: &mut World) {
    world.lose = Box::new(|_| false);
}

#[test]
fn a_call_in_that_waits_is_answered_afterwards() {
    let mut world = World::new(1);
    lose(&mut world, "100 180");
    let leg = invited(&mut world);
    world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
    world.restart(SWITCH, secs(2));
    lose_nothing(&mut world);
    world.run(secs(8));
    assert_eq!(world.event(FAR), Event::Ringing { leg: THERE, code: 180, sdp: None }, "the repeated INVITE gets the 180 again");
    assert_eq!(world.events(SWITCH), [], "and is no new call");
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(10));
    assert!(matches!(world.event(FAR), Event::Answered { sdp: Some(sdp), .. } if sdp == b"answer"));
    assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: None });
    ends_well(&mut world, leg);
}

#[test]
fn a_caller_may_give_up_afterwards() {
    let mut world = World::new(1);
    let leg = invited(&mut world);
    world.restart(SWITCH, secs(2));
    world.command(FAR, release(THERE));
    world.run(millis(10));
    assert_eq!(
        world.event(SWITCH),
        Event::Released { leg, cause: Cause::Cancelled { reason: Some("the caller left".into()), elsewhere: false } }
    );
    assert_eq!(world.event(FAR), Event::Released { leg: THERE, cause: Cause::Ours });
    world.expect_nothing_left();
}

#[test]
fn reliable_ringing_is_repeated_until_its_prack_and_the_answer_waits_for_it() {
    let mut world = World::new(1);
    lose(&mut world, "PRACK");
    let leg = invited(&mut world);
    world.command(SWITCH, Command::Ring { leg, code: 183, sdp: Some("answer".into()) });
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(100));
    assert!(!world.sent_line(SWITCH).contains("200"));
    world.restart(SWITCH, secs(2));
    lose_nothing(&mut world);
    world.run(secs(5));
    assert!(matches!(world.events(FAR)[..], [Event::Ringing { code: 183, .. }, Event::Answered { .. }]));
    assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: None });
    ends_well(&mut world, leg);
}

#[test]
fn an_answer_is_repeated_until_its_ack() {
    for (released, events) in [(false, "acked"), (true, "released")] {
        let mut world = World::new(1);
        lose(&mut world, "ACK");
        let leg = invited(&mut world);
        world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
        if released {
            world.command(SWITCH, release(leg));
        }
        world.restart(SWITCH, secs(2));
        world.run(secs(2));
        assert_eq!(world.events(SWITCH), [], "{events}");
        lose_nothing(&mut world);
        world.run(secs(5));
        if released {
            assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::Ours });
            world.expect_nothing_left();
        } else {
            assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: None });
            world.events(FAR);
            ends_well(&mut world, leg);
        }
    }
}

#[test]
fn an_answer_whose_time_ran_out_meanwhile_is_taken_back() {
    let mut world = World::new(1);
    lose(&mut world, "ACK");
    let leg = invited(&mut world);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.restart(SWITCH, secs(40));
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::NoAck });
    world.expect_nothing_left();
}

#[test]
fn a_call_out_goes_on_calling_ringing_and_is_answered() {
    for before in ["INVITE", "100 180", "180", "nothing"] {
        let mut world = World::new(1);
        lose(&mut world, before);
        world.dial(SWITCH, FAR, 2, Protocol::Udp, "offer");
        world.run(millis(600));
        let theirs = world.events(FAR).first().map(|event| match event {
            Event::Invited { leg, .. } => *leg,
            other => panic!("{other:?}"),
        });
        if let Some(leg) = theirs {
            world.command(FAR, Command::Ring { leg, code: 180, sdp: None });
            world.run(millis(10));
        }
        world.restart(SWITCH, secs(2));
        lose_nothing(&mut world);
        world.run(secs(5));
        let leg = theirs.unwrap_or_else(|| world.invited(FAR));
        world.events(SWITCH);
        world.command(FAR, Command::Answer { leg, sdp: "answer".into() });
        world.run(secs(1));
        assert!(matches!(world.events(SWITCH)[..], [Event::Answered { leg: LegId(2), .. }]), "{before}");
        assert_eq!(world.event(FAR), Event::Acked { leg, sdp: None });
        world.command(SWITCH, release(LegId(2)));
        world.run(secs(1));
        assert_eq!(world.event(SWITCH), Event::Released { leg: LegId(2), cause: Cause::Ours });
        world.events(FAR);
        world.expect_nothing_left();
    }
}

#[test]
fn an_answer_that_came_while_we_were_away_is_taken_when_it_is_repeated() {
    let mut world = World::new(1);
    world.dial(SWITCH, FAR, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(FAR);
    lose(&mut world, "200");
    world.command(FAR, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(10));
    world.restart(SWITCH, secs(3));
    lose_nothing(&mut world);
    world.run(secs(5));
    assert!(matches!(world.events(SWITCH)[..], [Event::Answered { leg: LegId(2), .. }]));
    assert_eq!(world.event(FAR), Event::Acked { leg, sdp: None });
}

#[test]
fn a_cancel_and_a_bye_that_are_under_way_arrive() {
    let mut world = World::new(1);
    world.dial(SWITCH, FAR, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(FAR);
    lose(&mut world, "CANCEL BYE");
    world.command(SWITCH, release(LegId(2)));
    world.restart(SWITCH, secs(2));
    lose_nothing(&mut world);
    world.run(secs(5));
    assert_eq!(world.event(SWITCH), Event::Released { leg: LegId(2), cause: Cause::Ours });
    let reason = Some("the caller left".to_owned());
    assert_eq!(world.event(FAR), Event::Released { leg, cause: Cause::Cancelled { reason, elsewhere: false } });
    world.expect_nothing_left();

    let mut world = World::new(2);
    let leg = up(&mut world);
    lose(&mut world, "BYE");
    world.command(SWITCH, release(leg));
    world.restart(SWITCH, secs(2));
    lose_nothing(&mut world);
    world.run(secs(5));
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::Ours });
    assert_eq!(world.event(FAR), Event::Released { leg: THERE, cause: Cause::Bye { reason: None } });
    world.expect_nothing_left();
}

#[test]
fn of_two_phones_that_ring_one_answers_and_the_other_stops() {
    let mut world = World::new(1);
    let mut phones = ["10.0.0.9:5060", "10.0.0.8:5060"].map(|at| Phone::new(at, "1001"));
    for phone in &mut phones {
        phone.register(&mut world, "");
    }
    world.events(SWITCH);
    world.invite(SWITCH, 2, Callee::Account(AgentId::new("1001")), "offer");
    world.run(millis(10));
    let [answers, stops] = &mut phones;
    let (first, second) = (world.heard_request(answers.at()), world.heard_request(stops.at()));
    answers.reply(&mut world, &first, 180, &[], "");
    stops.reply(&mut world, &second, 180, &[], "");
    world.events(SWITCH);
    world.restart(SWITCH, secs(2));
    answers.reply(&mut world, &first, 200, &[], "answer");
    assert!(matches!(world.event(SWITCH), Event::Answered { leg: LegId(2), .. }));
    assert_eq!(world.heard_line(answers.at()), "ACK");
    assert_eq!(world.heard_line(stops.at()), "CANCEL");
    // A second time, while the 487 of the other is waited for: the ACK to it, and the ACK to a 200 that comes again, are known.
    world.restart(SWITCH, millis(500));
    stops.reply(&mut world, &second, 487, &[], "");
    answers.reply(&mut world, &first, 200, &[], "answer");
    assert!(world.heard_line(stops.at()).contains("ACK"));
    assert_eq!(world.heard_line(answers.at()), "ACK");
    assert_eq!(world.events(SWITCH), []);
}

#[test]
fn offers_both_ways_go_on() {
    // Ours is out.
    let mut world = World::new(1);
    let leg = up(&mut world);
    lose(&mut world, "INVITE");
    world.command(SWITCH, Command::Reoffer { leg, sdp: "hold".into() });
    world.restart(SWITCH, secs(1));
    lose_nothing(&mut world);
    world.run(secs(3));
    assert_eq!(world.event(FAR), Event::Reoffered { leg: THERE, sdp: Some("hold".into()) });
    world.command(FAR, Command::AnswerReoffer { leg: THERE, sdp: "held".into() });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::ReofferAnswered { leg, sdp: "held".into() });
    // Theirs waits for our answer, then for its ACK.
    world.command(FAR, Command::Reoffer { leg: THERE, sdp: "other hold".into() });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::Reoffered { leg, sdp: Some("other hold".into()) });
    world.restart(SWITCH, secs(1));
    lose(&mut world, "ACK");
    world.command(SWITCH, Command::AnswerReoffer { leg, sdp: "held too".into() });
    world.run(millis(10));
    assert_eq!(world.event(FAR), Event::ReofferAnswered { leg: THERE, sdp: "held too".into() });
    world.restart(SWITCH, secs(1));
    lose_nothing(&mut world);
    world.run(secs(40));
    assert_eq!((world.events(SWITCH), world.events(FAR)), (vec![], vec![]));
    ends_well(&mut world, leg);
}

#[test]
fn two_offers_that_met_come_through() {
    let mut world = World::new(1);
    let leg = up(&mut world);
    world.command(SWITCH, Command::Reoffer { leg, sdp: "ours".into() });
    world.command(FAR, Command::Reoffer { leg: THERE, sdp: "theirs".into() });
    world.run(millis(10));
    world.restart(SWITCH, millis(100));
    for _ in 0..100 {
        world.run(millis(100));
        for event in world.events(SWITCH) {
            if let Event::Reoffered { leg, .. } = event {
                world.command(SWITCH, Command::AnswerReoffer { leg, sdp: "taken".into() });
            }
        }
        for event in world.events(FAR) {
            if let Event::Reoffered { leg, .. } = event {
                world.command(FAR, Command::AnswerReoffer { leg, sdp: "taken".into() });
            }
        }
    }
    let offers = |text: &str| world.wire.iter().filter(|(.., message)| body(message) == text.as_bytes()).count();
    assert!(offers("ours") >= 2 && offers("theirs") >= 1 && offers("taken") >= 2);
    ends_well(&mut world, leg);
}

fn body(message: &Message) -> &[u8] {
    match message {
        Message::Request(request) => &request.body,
        Message::Response(response) => &response.body,
    }
}

#[test]
fn a_peer_that_is_there_is_asked_once_and_nothing_is_told() {
    let mut world = World::new(1);
    let leg = up(&mut world);
    world.restart(SWITCH, secs(2));
    let before = world.wire.len();
    world.recheck(SWITCH, leg);
    world.recheck(SWITCH, leg);
    world.run(secs(40));
    let line: Vec<String> = world.wire[before..].iter().map(|(.., message)| name(message)).collect();
    assert_eq!(line, ["UPDATE", "200"]);
    assert_eq!((world.events(SWITCH), world.events(FAR)), (vec![], vec![]));
    ends_well(&mut world, leg);
}

/// A phone over UDP that called, and is up; it allows what `lines` say.
fn phone_up(world: &mut World, lines: &str) -> (Phone, LegId) {
    let mut phone = Phone::new("10.0.0.2:5070", "13800138000");
    phone.body = "offer".into();
    let text = phone.text("INVITE", "sip:95000@sanling.local", "95000", &format!("Contact: <sip:phone@10.0.0.2:5070>\r\n{lines}"));
    phone.send(world, text);
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(10));
    let answer = world.heard_response_last(phone.at());
    phone.dialog_to = Some(answer.headers.get("To").expect("To").to_owned());
    phone.body = String::new();
    let ack = phone.text("ACK", "sip:10.0.0.1:5060", "95000", "");
    phone.send(world, ack);
    assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: None });
    (phone, leg)
}

#[test]
fn who_knows_no_update_is_asked_by_the_last_sdp() {
    let mut world = World::new(1);
    let (mut phone, leg) = phone_up(&mut world, "");
    world.restart(SWITCH, secs(2));
    world.heard(phone.at());
    world.recheck(SWITCH, leg);
    world.run(millis(10));
    let request = world.heard_request(phone.at());
    assert_eq!((request.method.as_str(), &request.body[..]), ("INVITE", &b"answer"[..]));
    assert!(request.cseq().0 > 1);
    phone.reply(&mut world, &request, 200, &[], "offer");
    assert_eq!((world.heard_line(phone.at()).as_str(), world.events(SWITCH)), ("ACK", vec![]));
    world.run(secs(60));
    assert_eq!(world.endpoint(SWITCH).leg_count(), 1);
}

#[test]
fn a_peer_that_is_gone_ends_the_leg() {
    for (code, within) in [(Some(481), millis(50)), (Some(408), millis(50)), (None, millis(32_100))] {
        let mut world = World::new(1);
        let (mut phone, leg) = phone_up(&mut world, "Allow: INVITE, UPDATE\r\n");
        world.restart(SWITCH, secs(2));
        world.heard(phone.at());
        world.recheck(SWITCH, leg);
        world.run(millis(10));
        let request = world.heard_request(phone.at());
        assert_eq!((request.method.as_str(), request.body.is_empty()), ("UPDATE", true));
        if let Some(code) = code {
            phone.reply(&mut world, &request, code, &[], "");
        }
        world.run(within);
        assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::PeerGone }, "{code:?}");
        world.expect_nothing_left();
    }
}

/// An agent's phone over TCP that was called and answered, on a connection from `port`; gives the phone.
fn agent_up(world: &mut World, port: u16) -> Phone {
    let mut phone = Phone::new(&format!("10.0.0.9:{port}"), "1001").over_tcp();
    phone.register(world, "");
    world.events(SWITCH);
    world.invite(SWITCH, 2, Callee::Account(AgentId::new("1001")), "offer");
    world.run(millis(10));
    let request = world.heard_request(phone.at());
    let contact = format!("<sip:1001@10.0.0.9:{port};transport=tcp>");
    let mut answer = request.response(200, None, Some("phones"));
    answer.headers.push("Contact", contact);
    answer.headers.push("Content-Type", "application/sdp");
    answer.headers.push("Allow", "INVITE, UPDATE");
    answer.body = b"answer".to_vec();
    world.post(Protocol::Tcp, phone.at, address(SWITCH), &Message::Response(answer).to_bytes());
    world.run(millis(10));
    assert!(matches!(world.event(SWITCH), Event::Answered { .. }));
    world.heard(phone.at());
    phone
}

fn tcp(peer: &str) -> Flow {
    Flow { protocol: Protocol::Tcp, local: address(SWITCH), peer: address(peer) }
}

#[test]
fn a_phone_over_tcp_comes_back_on_another_connection() {
    for registers_first in [true, false] {
        let mut world = World::new(1);
        let phone = agent_up(&mut world, 41_000);
        world.restart(SWITCH, secs(1));
        let mut back = Phone::new("10.0.0.9:41001", "1001").over_tcp();
        if registers_first {
            back.register(&mut world, "");
        }
        world.recheck(SWITCH, LegId(2));
        world.run(millis(10));
        if !registers_first {
            assert_eq!(world.heard_line(phone.at()), "UPDATE");
            world.receive(SWITCH, Received::SendFailed { flow: tcp("10.0.0.9:41000") });
            world.run(secs(10));
            // The neighbour behind the same NAT is another phone.
            let mut neighbour = Phone::new("10.0.0.9:42000", "1002").over_tcp();
            neighbour.register(&mut world, "");
            assert_eq!(world.heard_line(neighbour.at()), "", "nothing of another's call");
            back.register(&mut world, "");
        }
        let asked = world.wire.iter().rfind(|(_, to, message)| *to == back.at && name(message) == "UPDATE");
        let Some((.., Message::Request(update))) = asked.cloned() else { panic!("asked on the new connection") };
        world.heard(back.at());
        back.reply(&mut world, &update, 200, &[], "");
        world.run(secs(60));
        assert!(world.events(SWITCH).iter().all(|event| matches!(event, Event::Registered { .. } | Event::Unregistered { .. })));
        assert_eq!(world.endpoint(SWITCH).leg_count(), 1, "registers first: {registers_first}");
        world.command(SWITCH, release(LegId(2)));
        world.run(millis(10));
        assert_eq!(world.heard_line(back.at()), "BYE");
    }
}

#[test]
fn a_phone_over_tcp_that_stays_away_is_given_up_in_32_s() {
    let mut world = World::new(1);
    let phone = agent_up(&mut world, 41_000);
    world.restart(SWITCH, secs(1));
    world.recheck(SWITCH, LegId(2));
    world.run(millis(10));
    assert_eq!(world.heard_line(phone.at()), "UPDATE");
    world.receive(SWITCH, Received::SendFailed { flow: tcp("10.0.0.9:41000") });
    world.run(millis(31_900));
    assert_eq!(world.events(SWITCH), []);
    world.run(secs(1));
    assert_eq!(world.events(SWITCH), [Event::Released { leg: LegId(2), cause: Cause::PeerGone }]);
    world.receive(SWITCH, Received::SendFailed { flow: tcp("10.0.0.9:41000") });
    world.expect_nothing_left();
}

#[test]
fn bindings_come_back_and_end_in_time() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    phone.register(&mut world, ";expires=120");
    Phone::new("10.0.0.9:5061", "1002").register(&mut world, ";expires=60");
    world.events(SWITCH);
    let before = world.endpoint(SWITCH).bindings(&AgentId::new("1001")).to_vec();
    world.restart(SWITCH, secs(90));
    assert_eq!(world.event(SWITCH), Event::Unregistered { agent: AgentId::new("1002"), contacts: 0 });
    assert_eq!(world.endpoint(SWITCH).bindings(&AgentId::new("1001")), before);
    world.run(secs(31));
    assert_eq!(world.event(SWITCH), Event::Unregistered { agent: AgentId::new("1001"), contacts: 0 });
    // An agent who is no more.
    let image: BindingsImage = BindingsImage(before);
    let (now, mut out) = (world.now, Vec::new());
    world.endpoint(SWITCH).restore_bindings(&AgentId::new("1003"), image, now);
    world.endpoint(SWITCH).handle_timeout(now, &mut out);
    assert!(world.endpoint(SWITCH).bindings(&AgentId::new("1003")).is_empty() && out.len() == 1);
}

#[test]
fn numbers_of_legs_go_on() {
    let mut world = World::new(1);
    let first = invited(&mut world);
    world.command(SWITCH, release(first));
    world.run(secs(1));
    world.events(SWITCH);
    world.restart(SWITCH, secs(1));
    world.dial(FAR, SWITCH, 4, Protocol::Udp, "offer");
    world.run(millis(10));
    assert_eq!(world.invited(SWITCH), LegId(first.0 + 2));
    world.endpoint(SWITCH).set_next_leg(100);
    assert_eq!(world.endpoint(SWITCH).next_leg(), 101, "odd");
    world.endpoint(SWITCH).set_next_leg(7);
    assert_eq!(world.endpoint(SWITCH).next_leg(), 101, "never back");
}

#[test]
fn an_image_that_cannot_be_used_is_told() {
    let mut world = World::new(1);
    let leg = up(&mut world);
    let image = world.endpoint(SWITCH).leg_image(leg).expect("a leg");
    assert_eq!(world.endpoint(SWITCH).leg_image(LegId(99)), None);
    let now = world.now;
    let far = world.endpoint(FAR);
    assert!(!far.restore_leg(LegId(7), LegImage(b"rubbish".to_vec()), now));
    assert!(!far.restore_leg(LegId(7), image.clone(), now), "of another leg");
    for length in 0..image.0.len() {
        assert!(!far.restore_leg(leg, LegImage(image.0[..length].to_vec()), now), "cut off at {length}");
    }
    assert_eq!((far.leg_count(), far.transaction_count() > 3), (1, false));
}

#[test]
fn an_image_is_small() {
    let mut world = World::new(1);
    let leg = up(&mut world);
    world.run(secs(60));
    let here = world.endpoint(SWITCH).leg_image(leg).expect("a leg").0.len();
    let there = world.endpoint(FAR).leg_image(THERE).expect("a leg").0.len();
    assert!(here < 1024 && there < 1024, "{here} {there}");
}
