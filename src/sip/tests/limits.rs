//! At the limits: new calls are told when to try again, and the calls that are up go on.

use super::world::{FAR, SWITCH, World};
use crate::base::LegId;
use crate::base::time::{millis, secs};
use crate::sip::{Callee, Cause, Command, Event, Failure, Protocol};

fn busy(leg: u64) -> Event {
    Event::Failed { leg: LegId(leg), failure: Failure::Status { code: 503, reason: "Service Unavailable".into() } }
}

fn retry_after(world: &World) -> Option<String> {
    world.wire.iter().rev().find_map(|(.., message)| message.headers().get("Retry-After").map(str::to_owned))
}

/// A call from FAR that is up; gives the switch's leg.
fn up(world: &mut World, number: u64) -> LegId {
    world.dial(FAR, SWITCH, number, Protocol::Udp, "offer");
    world.run(millis(10));
    let leg = world.invited(SWITCH);
    world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
    world.run(millis(10));
    world.events(SWITCH);
    world.events(FAR);
    leg
}

#[test]
fn one_leg_too_many_gets_503_and_when_to_try_again() {
    let mut world = World::new(1);
    world.endpoint(SWITCH).limit(2, 100);
    let first = up(&mut world, 2);
    up(&mut world, 4);
    world.dial(FAR, SWITCH, 6, Protocol::Udp, "offer");
    world.run(millis(10));
    assert_eq!((world.event(FAR), world.events(SWITCH)), (busy(6), vec![]));
    assert_eq!(retry_after(&world).as_deref(), Some("10"));
    // Nor is there room for a call of ours.
    let callee = Callee::Account("1001".into());
    world.invite(SWITCH, 8, callee, "offer");
    assert_eq!(world.event(SWITCH), Event::Failed { leg: LegId(8), failure: Failure::Unreachable });
    // One goes, one comes.
    world.command(SWITCH, Command::Release { leg: first, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::Released { leg: first, cause: Cause::Ours });
    world.events(FAR);
    up(&mut world, 10);
    assert_eq!(world.endpoint(SWITCH).leg_count(), 2);
}

#[test]
fn at_the_limit_of_transactions_calls_that_are_up_are_still_served() {
    let mut world = World::new(1);
    // Each INVITE that was answered stays for 32 s (RFC 6026 §7.1).
    let leg = up(&mut world, 2);
    for number in [4, 6, 8] {
        up(&mut world, number);
    }
    world.endpoint(SWITCH).limit(100, 4);
    world.dial(FAR, SWITCH, 10, Protocol::Udp, "offer");
    world.run(millis(10));
    assert_eq!((world.event(FAR), world.events(SWITCH)), (busy(10), vec![]));
    assert_eq!(retry_after(&world).as_deref(), Some("10"));
    assert_eq!(world.endpoint(SWITCH).transaction_count(), 4, "a refusal costs no transaction");
    // A call that is up is put on hold.
    world.command(FAR, Command::Reoffer { leg: LegId(2), sdp: "hold".into() });
    world.run(millis(10));
    assert_eq!(world.event(SWITCH), Event::Reoffered { leg, sdp: Some("hold".into()) });
    world.command(SWITCH, Command::AnswerReoffer { leg, sdp: "held".into() });
    world.run(millis(10));
    assert_eq!(world.event(FAR), Event::ReofferAnswered { leg: LegId(2), sdp: "held".into() });
    // That room has an end, too; the repeated request finds the old transactions gone.
    world.command(FAR, Command::Release { leg: LegId(2), code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    assert_eq!(world.events(SWITCH), []);
    world.run(secs(40));
    up(&mut world, 12);
}
