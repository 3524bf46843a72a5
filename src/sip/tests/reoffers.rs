//! New offers inside a call: both ways, at once, refused, without an SDP, repeated as a refresh.

use super::world::{FAR, SWITCH, World, name};
use crate::base::LegId;
use crate::base::time::{millis, secs};
use crate::sip::{Command, Event, Protocol};

const THERE: LegId = LegId(2);

fn up(world: &mut World) -> LegId {
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(10));
    world.events(SWITCH);
    world.events(FAR);
    leg
}

#[test]
fn either_side_offers_anew() {
    let mut world = World::new(1);
    let here = up(&mut world);
    for (offers, leg, answers, other, text) in [(FAR, THERE, SWITCH, here, "hold"), (SWITCH, here, FAR, THERE, "other hold")] {
        world.command(offers, Command::Reoffer { leg, sdp: text.into() });
        world.run(millis(10));
        assert_eq!(world.event(answers), Event::Reoffered { leg: other, sdp: Some(text.into()) });
        world.command(answers, Command::AnswerReoffer { leg: other, sdp: "held".into() });
        world.run(millis(10));
        assert_eq!(world.event(offers), Event::ReofferAnswered { leg, sdp: "held".into() });
        assert_eq!(world.events(answers), []);
    }
    assert_eq!(world.sent_line(FAR), "INVITE ACK INVITE ACK 100 200");
}

#[test]
fn a_refused_offer_leaves_the_call_up() {
    let mut world = World::new(1);
    let here = up(&mut world);
    world.command(SWITCH, Command::Reoffer { leg: here, sdp: "video".into() });
    world.run(millis(10));
    world.events(FAR);
    world.command(FAR, Command::RejectReoffer { leg: THERE, code: 488 });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::ReofferFailed { leg: here, code: 488 });
    assert_eq!(world.endpoint(SWITCH).leg_count(), 1);
}

#[test]
fn an_offer_that_nobody_answers_is_refused_in_time() {
    let mut world = World::new(1);
    let here = up(&mut world);
    world.command(FAR, Command::Reoffer { leg: THERE, sdp: "hold".into() });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::Reoffered { leg: here, sdp: Some("hold".into()) });
    world.run(secs(200));
    assert!(world.sent_line(SWITCH).contains("500"));
    assert_eq!(world.endpoint(SWITCH).leg_count(), 1);
}

#[test]
fn two_offers_at_once_both_come_through_in_the_end() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        let here = up(&mut world);
        world.command(FAR, Command::Reoffer { leg: THERE, sdp: "from far".into() });
        world.command(SWITCH, Command::Reoffer { leg: here, sdp: "from here".into() });
        let mut answered = Vec::new();
        for _ in 0..200 {
            world.run(millis(50));
            for (at, leg) in [(FAR, THERE), (SWITCH, here)] {
                for event in world.events(at) {
                    match event {
                        Event::Reoffered { sdp, .. } => {
                            let sdp = sdp.expect("an offer");
                            world.command(at, Command::AnswerReoffer { leg, sdp: [b"yes to ", sdp.as_slice()].concat() });
                        }
                        Event::ReofferAnswered { sdp, .. } => answered.push(String::from_utf8(sdp).expect("text")),
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        answered.sort();
        assert_eq!(answered, ["yes to from far", "yes to from here"], "seed {seed}");
        assert!(world.sent_line(SWITCH).contains("491") && world.sent_line(FAR).contains("491"), "RFC 3261 §14.1");
    }
}

#[test]
fn a_newer_offer_replaces_one_that_waits() {
    let mut world = World::new(1);
    let here = up(&mut world);
    for sdp in ["first", "second", "third"] {
        world.command(SWITCH, Command::Reoffer { leg: here, sdp: sdp.into() });
    }
    for expected in ["first", "third"] {
        world.run(millis(10));
        assert_eq!(world.event(FAR), Event::Reoffered { leg: THERE, sdp: Some(expected.into()) });
        world.command(FAR, Command::AnswerReoffer { leg: THERE, sdp: "yes".into() });
    }
    world.run(secs(1));
    assert_eq!(world.events(FAR), []);
}

#[test]
fn the_same_sdp_again_is_a_refresh_and_answered_here() {
    let mut world = World::new(1);
    up(&mut world);
    world.command(FAR, Command::Reoffer { leg: THERE, sdp: "offer".into() });
    world.run(millis(10));
    assert_eq!(world.events(SWITCH), []);
    assert_eq!(world.event(FAR), Event::ReofferAnswered { leg: THERE, sdp: "answer".into() });
}

/// Who answered our offer refreshes with what he answered: our offer is no answer to that.
#[test]
fn a_callees_refresh_gets_an_answer_and_not_our_offer() {
    let mut world = World::new(1);
    let here = up(&mut world);
    world.command(SWITCH, Command::Reoffer { leg: here, sdp: "answer".into() });
    world.run(millis(10));
    // He who called first made the offer, he who was called refreshes.
    assert_eq!(world.event(FAR), Event::Reoffered { leg: THERE, sdp: Some("answer".into()) });
    world.command(FAR, Command::AnswerReoffer { leg: THERE, sdp: "chosen".into() });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::ReofferAnswered { leg: here, sdp: "chosen".into() });
    world.command(FAR, Command::Reoffer { leg: THERE, sdp: "chosen".into() });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::Reoffered { leg: here, sdp: Some("chosen".into()) });
    world.command(SWITCH, Command::AnswerReoffer { leg: here, sdp: "one of them".into() });
    world.run(millis(10));
    assert_eq!(world.event(FAR), Event::ReofferAnswered { leg: THERE, sdp: "one of them".into() });
    // The same once more is answered as it was.
    world.command(FAR, Command::Reoffer { leg: THERE, sdp: "chosen".into() });
    world.run(millis(10));
    assert_eq!((world.events(SWITCH), world.event(FAR)), (vec![], Event::ReofferAnswered { leg: THERE, sdp: "one of them".into() }));
}

#[test]
fn an_offer_to_a_peer_that_is_gone_ends_the_leg() {
    let mut world = World::new(1);
    let here = up(&mut world);
    world.lose = Box::new(|_| true);
    world.command(SWITCH, Command::Reoffer { leg: here, sdp: "hold".into() });
    world.run(secs(33));
    assert!(matches!(world.event(SWITCH), Event::Released { cause: crate::sip::Cause::PeerGone, .. }));
}

#[test]
fn a_leg_released_while_its_offer_is_out_leaves_nothing() {
    let mut world = World::new(1);
    let here = up(&mut world);
    world.command(SWITCH, Command::Reoffer { leg: here, sdp: "hold".into() });
    world.run(millis(10));
    world.command(SWITCH, Command::Release { leg: here, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    world.expect_nothing_left();
    world.expect_one_final_response_each();
    assert!(world.sent_line(FAR).contains("487"), "RFC 3261 §15.1.2");
}

/// RFC 3311 §5.2: glare is between offers.
#[test]
fn an_offer_that_meets_a_refresh_without_one_is_taken() {
    let mut world = World::new(1);
    let here = up(&mut world);
    world.lose = Box::new(|message| name(message) == "UPDATE");
    let half = world.endpoint(SWITCH).settings().session_expires / 2;
    world.run(half + secs(1));
    assert!(world.sent_line(SWITCH).contains("UPDATE"), "{}", world.sent_line(SWITCH));
    world.command(FAR, Command::Reoffer { leg: THERE, sdp: "hold".into() });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::Reoffered { leg: here, sdp: Some("hold".into()) });
    world.command(SWITCH, Command::AnswerReoffer { leg: here, sdp: "held".into() });
    world.run(millis(10));
    assert_eq!(world.event(FAR), Event::ReofferAnswered { leg: THERE, sdp: "held".into() });
    // The refresh that nobody answered ends nothing: the session was refreshed.
    world.run(secs(60));
    assert_eq!((world.events(SWITCH), world.endpoint(SWITCH).leg_count()), (vec![], 1));
}
