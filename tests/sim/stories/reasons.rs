//! Why a phone stops ringing, and why its call ends: it is told each time (RFC 3326). That no BYE and no CANCEL goes without is held by the
//! checkers, in every story and swarm.

use crate::people::OnRing;
use crate::phones::Saw;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;

/// What the last CANCEL or BYE said to a phone.
fn told(world: &World, name: &str) -> String {
    let said = world.phone(name).log.iter().rev().find_map(|(_, saw)| match saw {
        Saw::Cancelled { reason } | Saw::Bye { reason } => Some(reason.clone().unwrap_or_default()),
        _ => None,
    });
    said.unwrap_or_else(|| panic!("{name} was told nothing: {:?}", world.phone(name).log))
}

#[test]
fn a_phone_that_rings_is_told_whether_its_caller_left_or_was_answered_elsewhere() {
    for (says, expected) in [
        ("", r#"SIP;cause=487;text="the caller left""#),
        ("Reason: Q.850;cause=16;text=\"Normal call clearing\"\r\n", r#"SIP;cause=487;text="the caller left""#),
        // What called him and others has an answer: no missed call.
        ("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", r#"SIP;cause=200;text="Call completed elsewhere""#),
    ] {
        let mut world = World::with_agents(&["1001"]);
        world.add_phone(CALLER, "127.0.2.1:5060", None);
        world.phone_mut(CALLER).bye_lines = says.to_owned();
        world.agent_ignores("1001").caller_dials("95000").after(secs(4)).expect_ringing("1001").hangs_up(CALLER).after(millis(100));
        assert_eq!(told(&world, "1001"), expected);
        world.expect_agent("1001", "ready", None);
        assert_eq!(world.ends_well().outcome, Some(Outcome::Abandoned));
    }
}

#[test]
fn whoever_is_left_in_a_call_is_told_who_left() {
    for (leaves, stays, by) in [("1002", "1003", "agent"), ("1003", "1002", "caller")] {
        let mut world = World::with_agents(&["1002", "1003"]);
        world.agent_answers("1002", secs(1)).dials("1003", "1002").says("1003", Sound::Speech).after(secs(3));
        world.expect_recorded_conversation("1003", "1002").hangs_up(leaves).after(millis(100));
        assert_eq!(told(&world, stays), format!("SIP;cause=200;text=\"the {by} left\""));
        world.ends_well();
    }
}

#[test]
fn who_declines_for_all_his_phones_has_the_others_told_so() {
    let mut world = World::with_agents(&["1001", "1002"]);
    // A second phone of the same agent.
    let other = world.add_phone("1001", "127.0.1.77:5060", Some("demo-1001"));
    world.phones[other].habit.on_ring = OnRing::Refuse(603, secs(1));
    world.act_at(other, |phone, now, out| phone.register(3_600, now, out));
    world.after(millis(10));
    world.agent_ignores("1001").agent_answers("1002", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(millis(1_100));
    assert_eq!(told(&world, "1001"), r#"SIP;cause=603;text="Decline""#);
    world.after(secs(6)).expect_recorded_conversation(CALLER, "1002");
    world.ends_well();
}
