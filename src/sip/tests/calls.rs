//! Calls between two endpoints: made, refused, cancelled, lost.

use super::world::{FAR, SWITCH, World, name};
use crate::base::LegId;
use crate::base::time::{millis, secs};
use crate::sip::admission::{Strain, Turn};
use crate::sip::msg::{Message, Method};
use crate::sip::{Cause, Command, Event, Failure, Origin, Protocol, Reason};

fn release(leg: LegId, code: u16) -> Command {
    Command::Release { leg, code, reason: Some(Reason { cause: code, text: "because".into() }), retry_after: None }
}

/// A call from FAR, leg 2, that is up; gives the switch's leg.
fn up(world: &mut World, protocol: Protocol) -> LegId {
    world.dial(FAR, SWITCH, 2, protocol, "offer");
    world.run(millis(100));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(100));
    assert!(matches!(&world.events(FAR)[..], [Event::Answered { leg: LegId(2), sdp: Some(sdp), .. }] if sdp == b"answer"));
    assert_eq!(world.events(SWITCH), [Event::Acked { leg, sdp: None }]);
    leg
}

#[test]
fn a_call_rings_is_answered_and_ended_by_either_side() {
    for (protocol, far_hangs_up) in [(Protocol::Udp, true), (Protocol::Udp, false), (Protocol::Tcp, true), (Protocol::Tcp, false)] {
        let mut world = World::new(1);
        world.dial(FAR, SWITCH, 2, protocol, "offer");
        world.run(millis(10));
        let Event::Invited { leg, origin, from, called, sdp, .. } = world.event(SWITCH) else { panic!("a call") };
        assert_eq!((origin, called.as_str(), sdp), (Origin::Trunk("carrier".into()), "95000", Some(b"offer".to_vec())));
        assert_eq!((from.user.as_str(), from.display.as_deref()), ("13800138000", Some("Caller \"A\"")));
        assert_eq!(leg.0 % 2, 1);
        world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
        world.run(millis(10));
        assert_eq!(world.event(FAR), Event::Ringing { leg: LegId(2), code: 180, sdp: None });
        world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
        world.run(millis(10));
        assert!(matches!(world.event(FAR), Event::Answered { .. }));
        assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: None });
        let (hangs_up, leg_there, hears, leg_here) = if far_hangs_up { (FAR, LegId(2), SWITCH, leg) } else { (SWITCH, leg, FAR, LegId(2)) };
        world.command(hangs_up, release(leg_there, 200));
        world.run(millis(10));
        assert_eq!(world.event(hangs_up), Event::Released { leg: leg_there, cause: Cause::Ours });
        assert_eq!(world.event(hears), Event::Released { leg: leg_here, cause: Cause::Bye { reason: Some("because".into()) } });
        world.expect_nothing_left();
        assert_eq!(world.sent_line(FAR), if far_hangs_up { "INVITE ACK BYE" } else { "INVITE ACK 200" });
    }
}

#[test]
fn nothing_of_one_leg_shows_on_another() {
    let mut world = World::new(1);
    up(&mut world, Protocol::Udp);
    world.dial(SWITCH, FAR, 4, Protocol::Udp, "offer");
    let invites: Vec<_> = world
        .wire
        .iter()
        .filter_map(|(.., message)| match message {
            Message::Request(request) if request.method == Method::Invite => Some(request.clone()),
            _ => None,
        })
        .collect();
    let [first, second] = &invites[..] else { panic!("two INVITEs") };
    assert_ne!(first.call_id(), second.call_id());
    assert_ne!(first.from_tag(), second.from_tag());
    assert_eq!(second.from().uri.host, "sanling.local");
    assert_eq!(second.headers.get("Contact"), Some("<sip:10.0.0.1:5060>"));
}

#[test]
fn a_refusal_tells_its_code_and_when_to_try_again() {
    let mut world = World::new(1);
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Release { leg, code: 503, reason: None, retry_after: Some(7) });
    world.run(millis(10));
    assert_eq!(
        world.event(FAR),
        Event::Failed { leg: LegId(2), failure: Failure::Status { code: 503, reason: "Service Unavailable".into() } }
    );
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::Ours });
    let retry = world.wire.iter().find_map(|(.., message)| message.headers().get("Retry-After").map(str::to_owned));
    assert_eq!(retry.as_deref(), Some("7"));
    world.expect_nothing_left();
}

#[test]
fn under_overload_new_calls_are_turned_away_and_running_ones_are_served() {
    let mut world = World::new(1);
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let running = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg: running, sdp: b"answer".to_vec() });
    world.run(millis(10));
    world.events(FAR);
    world.events(SWITCH);

    let very_late = Strain { signalling: secs(1), ..Strain::default() };
    let now = world.now;
    assert_eq!(world.endpoint(SWITCH).strained(very_late, now), Some(Turn::Overloaded));
    let (legs, transactions) = (world.endpoint(SWITCH).leg_count(), world.endpoint(SWITCH).transaction_count());
    world.dial(FAR, SWITCH, 4, Protocol::Udp, "offer");
    world.run(millis(10));
    assert_eq!(
        world.event(FAR),
        Event::Failed { leg: LegId(4), failure: Failure::Status { code: 503, reason: "Service Unavailable".into() } }
    );
    let retry = world.wire.iter().find_map(|(.., message)| message.headers().get("Retry-After").map(str::to_owned));
    let retry: u32 = retry.expect("says when to come again").parse().expect("seconds");
    assert!((5..15).contains(&retry), "{retry}");
    assert_eq!(world.events(SWITCH), [], "the switch hears nothing of it");
    let endpoint = world.endpoint(SWITCH);
    assert_eq!((endpoint.leg_count(), endpoint.transaction_count()), (legs, transactions), "and keeps nothing of it");
    assert_eq!(endpoint.counters().calls_shed, 1);

    world.command(FAR, release(LegId(2), 200));
    world.run(secs(40));
    assert!(matches!(world.event(SWITCH), Event::Released { leg, cause: Cause::Bye { .. } } if leg == running));
    let now = world.now;
    assert_eq!(world.endpoint(SWITCH).strained(Strain::default(), now), None, "one call a second is tried even now");
    world.dial(FAR, SWITCH, 6, Protocol::Udp, "offer");
    world.run(millis(10));
    world.invited(SWITCH);
}

#[test]
fn a_caller_who_gives_up_is_told_487_and_his_reason_is_heard() {
    let mut world = World::new(1);
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
    world.run(millis(10));
    world.events(FAR);
    world.command(FAR, release(LegId(2), 487));
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::Cancelled { reason: Some("because".into()), elsewhere: false } });
    assert_eq!(world.event(FAR), Event::Released { leg: LegId(2), cause: Cause::Ours });
    world.expect_nothing_left();
    assert_eq!(world.sent_line(FAR), "INVITE CANCEL ACK");
    assert_eq!(world.sent_line(SWITCH), "100 180 200 487");
}

#[test]
fn no_cancel_before_a_provisional_response() {
    let mut world = World::new(1);
    world.lose = Box::new(|message| name(message) == "100");
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.command(FAR, release(LegId(2), 487));
    world.run(millis(400));
    assert_eq!(world.sent_line(FAR), "INVITE");
    world.lose = Box::new(|_| false);
    let leg = world.invited(SWITCH);
    world.run(millis(200));
    assert_eq!(world.sent_line(FAR), "INVITE INVITE CANCEL ACK", "the repeated INVITE got its 100");
    assert!(matches!(world.event(SWITCH), Event::Released { leg: gone, cause: Cause::Cancelled { .. } } if gone == leg));
    assert_eq!(world.event(FAR), Event::Released { leg: LegId(2), cause: Cause::Ours });
    world.expect_nothing_left();
}

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_released() {
    let mut world = World::new(1);
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.command(FAR, release(LegId(2), 487));
    world.run(millis(10));
    assert_eq!(world.event(FAR), Event::Released { leg: LegId(2), cause: Cause::Ours });
    let [Event::Acked { .. }, Event::Released { cause: Cause::Bye { .. }, .. }] = &world.events(SWITCH)[..] else {
        panic!("acked, then released")
    };
    world.expect_nothing_left();
    assert_eq!(world.sent_line(FAR), "INVITE CANCEL ACK BYE");
}

#[test]
fn an_answer_that_is_never_acknowledged_is_taken_back() {
    let mut world = World::new(1);
    world.lose = Box::new(|message| name(message) == "ACK");
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(31_900));
    assert_eq!(world.events(SWITCH), []);
    world.run(secs(1));
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::NoAck });
    let far = world.events(FAR);
    assert!(matches!(&far[..], [Event::Answered { .. }, Event::Released { cause: Cause::Bye { .. }, .. }]), "{far:?}");
    world.expect_nothing_left();
}

#[test]
fn a_lost_ack_is_sent_again_when_the_200_comes_again() {
    let mut world = World::new(1);
    let mut lost = 0;
    world.lose = Box::new(move |message| {
        lost += u8::from(name(message) == "ACK");
        name(message) == "ACK" && lost <= 2
    });
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(secs(2));
    assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: None });
    assert_eq!(world.events(FAR).len(), 1, "answered once");
}

#[test]
fn a_leg_released_before_the_ack_waits_for_it() {
    let mut world = World::new(1);
    let mut lost = 0;
    world.lose = Box::new(move |message| {
        lost += u8::from(name(message) == "ACK");
        name(message) == "ACK" && lost <= 1
    });
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.command(SWITCH, release(leg, 200));
    world.run(millis(400));
    assert!(!world.sent_line(SWITCH).contains("BYE"), "RFC 3261 §15");
    world.run(secs(1));
    assert_eq!(world.event(SWITCH), Event::Released { leg, cause: Cause::Ours });
    world.expect_nothing_left();
}

#[test]
fn a_lost_bye_frees_the_leg_by_the_session_timer() {
    let mut world = World::new(1);
    let leg = up(&mut world, Protocol::Udp);
    world.lose = Box::new(|message| name(message) == "BYE");
    world.command(FAR, release(LegId(2), 200));
    world.run(secs(60));
    assert_eq!(world.events(FAR), [Event::Released { leg: LegId(2), cause: Cause::Ours }]);
    assert_eq!(world.events(SWITCH), [], "the switch cannot know");
    // FAR's endpoint has no such dialog any more: the refresh at half of 1800 s gets 481.
    world.lose = Box::new(|_| false);
    world.run(secs(1000));
    assert_eq!(world.events(SWITCH), [Event::Released { leg, cause: Cause::PeerGone }]);
    world.expect_nothing_left();
}

#[test]
fn a_silent_network_ends_the_session() {
    let mut world = World::new(1);
    let leg = up(&mut world, Protocol::Udp);
    world.lose = Box::new(|_| true);
    world.run(secs(1800));
    let released = |events: &[Event]| matches!(events, [Event::Released { cause: Cause::PeerGone | Cause::SessionExpired, .. }]);
    let (here, there) = (world.events(SWITCH), world.events(FAR));
    assert!(released(&here) && released(&there), "{leg} {here:?} {there:?}");
    world.expect_nothing_left();
}

#[test]
fn refreshes_keep_a_long_call_up() {
    let mut world = World::new(1);
    let leg = up(&mut world, Protocol::Udp);
    world.run(secs(6 * 3600));
    assert_eq!((world.events(SWITCH), world.events(FAR)), (vec![], vec![]));
    assert!(world.sent_line(SWITCH).contains("UPDATE") || world.sent_line(FAR).contains("UPDATE"));
    world.command(SWITCH, release(leg, 200));
    world.run(secs(1));
    world.expect_nothing_left();
}

#[test]
fn a_call_to_nowhere_times_out_and_one_that_only_rings_is_given_up() {
    let mut world = World::new(1);
    world.lose = Box::new(|_| true);
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(secs(33));
    assert_eq!(world.event(FAR), Event::Failed { leg: LegId(2), failure: Failure::Timeout });
    world.lose = Box::new(|_| false);
    world.dial(FAR, SWITCH, 4, Protocol::Udp, "offer");
    world.run(secs(1));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Ring { leg, code: 180, sdp: None });
    world.run(secs(178));
    assert!(world.events(FAR).iter().all(|event| matches!(event, Event::Ringing { .. })));
    world.run(secs(2));
    assert!(matches!(world.event(FAR), Event::Failed { failure: Failure::Status { code: 408, .. }, .. }));
    assert!(matches!(world.event(SWITCH), Event::Released { cause: Cause::Cancelled { .. }, .. }));
    world.expect_nothing_left();
}
