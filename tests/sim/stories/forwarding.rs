//! Calls that a phone sends on (302), by the configuration's leave; and phones that answer by themselves what their queue gives them.

use crate::people::OnRing;
use crate::phones::Saw;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{OfferOutcome, Outcome};

fn world(forwarding: &str, agents: &[&str]) -> World {
    let from_trunk = [("from = \"internal\"\nto = \"agent\"", "from = \"any\"\nto = \"agent\"")];
    let mut world = World::story_with(&from_trunk, &[&format!("sip.forwarding=\"{forwarding}\"")]);
    world.agents_come(agents);
    for agent in agents {
        world.agent_answers(agent, secs(1));
    }
    world
}

/// The agent's phone sends its calls there.
fn sends_on(world: &mut World, agent: &str, to: &str) {
    let to = format!("<sip:{to}@{}>", world.config.switch.domain);
    let phone = world.phone_mut(agent);
    phone.habit.on_ring = OnRing::Refuse(302, millis(200));
    phone.refusal_lines = vec![("Contact", to)];
}

#[test]
fn a_caller_is_sent_on_to_a_colleague_who_sees_by_whom() {
    let mut world = world("house", &["1001", "1002"]);
    sends_on(&mut world, "1001", "1002");
    world.dials(CALLER, "1001").says(CALLER, Sound::Speech).after(secs(6));
    world.expect_conversation(CALLER, "1002");
    let invite = world.leg("1002").invite.clone().expect("an INVITE");
    let history: Vec<_> = invite.headers.all("History-Info").map(str::to_owned).collect();
    assert_eq!(history, ["<sip:1001@sanling.local?Reason=SIP%3Bcause%3D480>;index=1", "<sip:1002@sanling.local>;index=1.1;mp=1"]);
    assert_eq!(invite.headers.get("Diversion"), Some("<sip:1001@sanling.local>;reason=deflection;counter=1"));
    world.expect_agent("1001", "ready", None);
    let record = world.ends_well();
    assert_eq!(record.diverted.iter().map(|one| one.from.as_str()).collect::<Vec<_>>(), ["1001"]);
    assert_eq!((record.agent.map(|agent| agent.to_string()), record.outcome), (Some("1002".into()), Some(Outcome::Answered)));
    assert_eq!(world.events_named("call.forwarded").count(), 1);
}

#[test]
fn where_it_is_not_wanted_he_is_refused() {
    for (forwarding, to) in [("off", "1002"), ("house", "013900000000"), ("house", "1777"), ("house", "95000"), ("routes", "1777")] {
        let mut world = world(forwarding, &["1001", "1002"]);
        sends_on(&mut world, "1001", to);
        world.dials(CALLER, "1001").after(secs(4));
        world.expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 480, .. }));
        world.expect_agent("1001", "ready", None).expect_not_ringing("1002");
        assert_eq!(world.ends_well().outcome, Some(Outcome::Refused), "{forwarding} {to}");
    }
}

#[test]
fn nobody_is_sent_round_in_circles() {
    let mut world = world("house", &["1001", "1002", "1003"]);
    sends_on(&mut world, "1001", "1002");
    sends_on(&mut world, "1002", "1003");
    sends_on(&mut world, "1003", "1001");
    world.dials(CALLER, "1001").after(secs(5));
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 480, .. }));
    assert_eq!(world.events_named("call.forwarded").count(), 2);
    let record = world.ends_well();
    assert_eq!(record.diverted.iter().map(|one| one.from.as_str()).collect::<Vec<_>>(), ["1001", "1002"]);
}

#[test]
fn a_colleague_is_not_sent_back_to_himself() {
    let mut world = world("house", &["1001", "1002"]);
    sends_on(&mut world, "1001", "1002");
    world.dials("1002", "1001").after(secs(4));
    world.expect_saw("1002", |saw| matches!(saw, Saw::Refused { code: 480, .. }));
    world.ends_well();
}

#[test]
fn a_queues_caller_is_not_sent_on_and_goes_to_the_next_agent() {
    let mut world = world("routes", &["1001", "1002"]);
    sends_on(&mut world, "1001", "1000");
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(12));
    world.expect_offers(&[("1001", OfferOutcome::Rejected, 1), ("1002", OfferOutcome::Answered, 1)]);
    world.expect_conversation(CALLER, "1002");
    world.ends_well();
}

#[test]
fn who_hangs_up_while_he_is_sent_on_leaves_nothing() {
    let mut world = world("house", &["1001", "1002"]);
    sends_on(&mut world, "1001", "1002");
    world.agent_ignores("1002").dials(CALLER, "1001").after(millis(900));
    world.expect_ringing("1002").hangs_up(CALLER).after(secs(1));
    world.expect_agent("1002", "ready", None).expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn a_switch_that_dies_while_a_caller_is_sent_on_goes_on() {
    let mut world = world("house", &["1001", "1002"]);
    sends_on(&mut world, "1001", "1002");
    world.agent_answers("1002", secs(6)).dials(CALLER, "1001").says(CALLER, Sound::Speech).after(secs(2)).crash(secs(1)).after(secs(8));
    world.expect_conversation(CALLER, "1002");
    assert_eq!(world.ends_well().diverted.len(), 1);
}

#[test]
fn a_phone_is_asked_to_answer_what_its_queue_gives_it_and_nothing_else() {
    let replace = [("login = \"on-register\"", "login = \"on-register\"\nauto_answer = \"all\"")];
    let mut world = World::story_with(&replace, &[]);
    world.agents_come(&["1001", "1002"]).agent_ignores("1001").agent_ignores("1002");
    let asked = |world: &World, agent: &str| {
        let invite = world.leg(agent).invite.clone().expect("an INVITE");
        ["Answer-Mode", "Call-Info", "Alert-Info"].map(|name| invite.headers.get(name).unwrap_or("-").to_owned())
    };
    world.caller_dials("95000").after(secs(2));
    let all = ["Auto", "<sip:sanling.local>;answer-after=0", "<http://sanling.local>;info=alert-autoanswer;delay=0"];
    assert_eq!(asked(&world, "1001"), all);
    // Whose phone does not, misses it after three rings like any other.
    world.after(secs(14));
    world.expect_gave_up_ringing("1001", secs(15)).expect_agent("1001", "not-ready", Some("missed")).expect_ringing("1002");
    world.hangs_up(CALLER).after(secs(1));
    world.dials("1001", "1002").after(secs(1));
    assert_eq!(asked(&world, "1002"), ["-", "-", "-"], "no colleague listens in by calling");
    world.ends_well();
}
