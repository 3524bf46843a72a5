//! Calls that outlive the connection that they came by: it is idle for minutes, is closed, and the call goes on.

use super::phone::Phone;
use super::world::{SWITCH, World, address, name};
use crate::base::LegId;
use crate::base::time::{millis, secs};
use crate::sip::msg::Message;
use crate::sip::{Cause, Command, Event, Flow, Protocol, Received};

/// A connection to the switch from there.
fn tcp(peer: &str) -> Flow {
    Flow { protocol: Protocol::Tcp, local: address(SWITCH), peer: address(peer) }
}

fn release(leg: LegId) -> Command {
    Command::Release { leg, code: 200, reason: None, retry_after: None }
}

/// A call of a carrier's, over a connection that it opened; `lines` are of its INVITE.
#[track_caller]
fn carrier_up(world: &mut World, lines: &str) -> (Phone, LegId) {
    let mut carrier = Phone::new("10.0.0.2:40000", "4711").over_tcp();
    carrier.body = "offer".into();
    let lines =
        format!("Contact: <sip:gw@10.0.0.2:5070;transport=tcp>\r\nSession-Expires: 600;refresher=uas\r\nSupported: timer\r\n{lines}");
    assert_eq!(carrier.ask(world, "INVITE", "sip:95000@sanling.local", "95000", &lines).code, 100);
    carrier.body.clear();
    let leg = world.invited(SWITCH);
    carrier.is_answered(world, leg);
    (carrier, leg)
}

#[test]
fn a_carrier_that_closed_its_connection_is_called_back_where_it_listens() {
    for (lines, listens) in [("", "10.0.0.2:5070"), ("Record-Route: <sip:10.0.0.2:5080;transport=tcp;lr>\r\n", "10.0.0.2:5080")] {
        let mut world = World::new(1);
        let (_, leg) = carrier_up(&mut world, lines);
        world.run(secs(120));
        world.receive(SWITCH, Received::Closed { flow: tcp("10.0.0.2:40000") });
        // Half of the session's interval: it is refreshed, and that is answered.
        world.run(secs(190));
        let refresh = world.heard_request(listens);
        assert_eq!(refresh.method.as_str(), "INVITE");
        let mut there = Phone::new(listens, "4711").over_tcp();
        there.reply(&mut world, &refresh, 200, &[("Session-Expires", "600;refresher=uac")], "offer");
        assert_eq!((world.events(SWITCH), world.heard_line(listens).as_str()), (vec![], "ACK"));
        world.receive(SWITCH, Received::Closed { flow: tcp(listens) });
        world.command(SWITCH, release(leg));
        world.run(millis(10));
        let bye = world.heard_request(listens);
        there.reply(&mut world, &bye, 200, &[], "");
        assert_eq!(world.heard_line("10.0.0.2:40000"), "", "nothing to where nobody listens");
        world.expect_nothing_left();
    }
}

/// The end of a connection is noticed when something is sent over it.
#[test]
fn a_bye_that_could_not_be_sent_goes_by_another_way() {
    let mut world = World::new(1);
    let (_, leg) = carrier_up(&mut world, "");
    world.command(SWITCH, release(leg));
    world.receive(SWITCH, Received::Closed { flow: tcp("10.0.0.2:40000") });
    world.run(millis(10));
    let bye = world.heard_request("10.0.0.2:5070");
    assert_eq!(bye.method.as_str(), "BYE");
    Phone::new("10.0.0.2:5070", "4711").over_tcp().reply(&mut world, &bye, 200, &[], "");
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::Ours });
    world.expect_nothing_left();
    // Nor there: that is the end of it.
    let (_, leg) = carrier_up(&mut world, "Call-Info: <x:1>\r\n");
    world.command(SWITCH, release(leg));
    world.receive(SWITCH, Received::Closed { flow: tcp("10.0.0.2:40000") });
    world.receive(SWITCH, Received::SendFailed { flow: tcp("10.0.0.2:5070") });
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::Ours });
    world.expect_nothing_left();
}

/// An agent's phone in a call, over its first connection.
#[track_caller]
fn phone_up(world: &mut World) -> (Phone, LegId) {
    let mut phone = Phone::new("10.0.0.9:40001", "1001").over_tcp();
    phone.register(world, "");
    world.events(SWITCH);
    let (leg, _) = phone.calls(world, "95000", "Session-Expires: 600;refresher=uas\r\nSupported: timer\r\n");
    phone.is_answered(world, leg);
    (phone, leg)
}

/// The same phone over another connection: it writes the same Contact.
fn comes_back(world: &mut World, at: &str) -> Phone {
    let mut back = Phone::new(at, "1001").over_tcp();
    assert_eq!(back.registers(world, "Contact: <sip:1001@10.0.0.9:40001>\r\n").code, 200);
    back
}

#[test]
fn a_phone_that_lost_its_connection_in_mid_call_is_refreshed_by_its_new_one() {
    let mut world = World::new(1);
    let (_, leg) = phone_up(&mut world);
    world.run(secs(30));
    world.receive(SWITCH, Received::Closed { flow: tcp("10.0.0.9:40001") });
    let mut back = comes_back(&mut world, "10.0.0.9:40002");
    world.heard("10.0.0.9:40001");
    world.events(SWITCH);
    world.run(secs(280));
    let refresh = world.heard_request(back.at());
    back.reply(&mut world, &refresh, 200, &[], "offer");
    assert!(world.events(SWITCH).iter().all(|event| matches!(event, Event::Registered { .. } | Event::Unregistered { .. })));
    world.heard(back.at());
    world.command(SWITCH, release(leg));
    world.run(millis(10));
    assert_eq!((world.heard_line(back.at()).as_str(), world.heard_line("10.0.0.9:40001").as_str()), ("BYE", ""));
}

#[test]
fn a_phone_that_is_on_its_way_back_is_waited_for() {
    let mut world = World::new(1);
    let (_, leg) = phone_up(&mut world);
    world.command(SWITCH, Command::Reoffer { leg, sdp: "hold".into() });
    world.run(millis(10));
    world.receive(SWITCH, Received::Closed { flow: tcp("10.0.0.9:40001") });
    world.run(secs(20));
    let released = |world: &mut World| world.events(SWITCH).iter().any(|event| matches!(event, Event::Released { .. }));
    assert!(!released(&mut world), "there is good sound");
    let mut back = comes_back(&mut world, "10.0.0.9:40002");
    let asked = world.wire.iter().rfind(|(_, to, message)| *to == back.at && name(message) == "INVITE");
    let Some((.., Message::Request(offer))) = asked.cloned() else { panic!("the offer goes by the new one") };
    world.events(SWITCH);
    back.reply(&mut world, &offer, 200, &[], "held");
    assert_eq!(world.event(SWITCH), Event::ReofferAnswered { leg, sdp: "held".into() });
    // One that does not come back is given up.
    world.receive(SWITCH, Received::Closed { flow: tcp("10.0.0.9:40002") });
    world.command(SWITCH, Command::Reoffer { leg, sdp: "retrieve".into() });
    world.receive(SWITCH, Received::SendFailed { flow: tcp("10.0.0.9:40002") });
    world.receive(SWITCH, Received::SendFailed { flow: tcp("10.0.0.9:40001") });
    world.events(SWITCH);
    world.run(secs(33));
    assert!(released(&mut world));
    world.expect_nothing_left();
}

/// One of many that wait for answers from the same edge proxy found no room.
#[test]
fn a_message_that_could_not_be_sent_fails_alone() {
    let mut world = World::new(1);
    let (_, leg) = phone_up(&mut world);
    world.command(SWITCH, Command::Reoffer { leg, sdp: "hold".into() });
    world.invite(SWITCH, 100, crate::sip::Callee::Account(crate::base::AgentId::new("1001")), "offer");
    let invites = world.wire.iter().filter(|(from, _, message)| *from == address(SWITCH) && name(message) == "INVITE");
    let [.., (.., hold), (.., invite)] = &invites.collect::<Vec<_>>()[..] else { panic!("two") };
    let (hold, invite) = (hold.to_bytes(), invite.to_bytes());
    assert!(String::from_utf8_lossy(&hold).ends_with("hold"));
    world.receive(SWITCH, Received::Unsent { flow: tcp("10.0.0.9:40001"), bytes: invite });
    let events = world.events(SWITCH);
    assert!(matches!(events[..], [Event::Failed { leg: LegId(100), .. }]), "{events:?}");
    // What was in the air goes on; a response that was not sent is asked for again.
    world.receive(SWITCH, Received::Unsent { flow: tcp("10.0.0.9:40001"), bytes: b"SIP/2.0 200 OK\r\n\r\n".to_vec() });
    let mut phone = Phone::new("10.0.0.9:40001", "1001").over_tcp();
    world.run(millis(10));
    let asked = world.heard("10.0.0.9:40001").into_iter().find_map(|message| match message {
        Message::Request(request) if request.body == b"hold" => Some(request),
        _ => None,
    });
    phone.reply(&mut world, &asked.expect("our offer"), 200, &[], "held");
    assert_eq!(world.event(SWITCH), Event::ReofferAnswered { leg, sdp: "held".into() });
}
