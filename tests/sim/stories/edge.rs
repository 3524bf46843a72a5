//! A phone behind an edge proxy: called through it, over a restart too, and heard both ways.

use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::secs;

/// 1001's phone, whose REGISTERs came through a proxy.
fn world() -> World {
    let mut world = World::story();
    world.agents_come(&["1001"]);
    let at = world.phone("1001").sip;
    world.phone_mut("1001").register_lines = format!("Supported: path\r\nPath: <sip:{at};lr>, <sip:inner.example;lr>\r\n");
    world.agents_come(&["1001"]).agent_answers("1001", secs(1));
    world
}

fn routes(world: &World) -> Vec<String> {
    let invite = world.leg("1001").invite.as_ref().expect("an INVITE");
    invite.headers.all("Route").map(|hop| hop.split('@').next_back().unwrap_or(hop).to_owned()).collect()
}

#[test]
fn he_is_called_by_his_path_and_both_hear_each_other() {
    let mut world = world();
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(9));
    assert_eq!(routes(&world), ["<sip:127.0.1.2:5060;lr>", "<sip:inner.example;lr>"]);
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn his_path_lives_through_a_crash() {
    let mut world = world();
    world.after(secs(1)).crash(secs(2)).after(secs(5));
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(9));
    assert_eq!(routes(&world).len(), 2);
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn one_who_comes_home_is_called_without() {
    let mut world = world();
    world.phone_mut("1001").register_lines.clear();
    world.agents_come(&["1001"]).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(9));
    assert!(routes(&world).is_empty());
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}
