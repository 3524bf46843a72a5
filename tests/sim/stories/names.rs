//! A carrier behind a name: where DNS says that it is, what comes of a target that does not serve, and who calls from there.

use crate::people::OnRing;
use crate::phones::Saw;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;
use sanling::config::HostQuestion;
use sanling::sip::Protocol;
use sanling::switch::input::{Found, Input};
use sanling::switch::view::TrunkView;

const HOSTS: &str = r#"hosts = ["sip:127.0.0.1:5090"]"#;
const NAME: &str = "carrier.example";
const FIRST: (&str, u32) = ("127.0.0.1:5090", 10);
const SECOND: (&str, u32) = ("127.0.0.3:5091", 20);

/// A carrier that the configuration knows by its name alone, and two servers of it.
fn named(keys: &str) -> World {
    named_with(&[(HOSTS, &format!("hosts = [\"sip:{NAME}\"]\n{keys}"))])
}

fn named_with(replace: &[(&str, &str)]) -> World {
    let mut world = World::new(11, crate::world::configuration(replace, &[]));
    world.add_phone("first", FIRST.0, None);
    world.add_phone("second", SECOND.0, None);
    world.agents_come(&["1001", "1002"]).agent_answers("first", secs(1)).agent_answers("second", secs(1));
    world
}

/// DNS has said where the name leads, or why nowhere.
fn leads(world: &mut World, to: Result<&[(&str, u32)], &str>) {
    let question = HostQuestion { name: NAME.to_owned(), port: None, protocol: None, secure: false };
    let found = |(address, priority): &(&str, u32)| Found {
        protocol: Protocol::Udp,
        address: address.parse().expect("an address"),
        priority: *priority,
        weight: 1,
    };
    let answer = to.map(|targets| targets.iter().map(found).collect()).map_err(str::to_owned);
    world.input(Input::Hosts([(question, answer)].into()));
    world.after(millis(10));
}

fn trunk(world: &World) -> TrunkView {
    world.snapshot().trunks.into_iter().find(|trunk| trunk.id.as_str() == "carrier").expect("a trunk")
}

fn used(world: &World) -> Option<String> {
    trunk(world).used.map(|(_, address)| address.to_string())
}

fn told(world: &World, name: &str) -> usize {
    world.events_named(name).count()
}

#[test]
fn a_target_that_says_nothing_is_followed_by_the_next_and_the_view_says_by_which() {
    let mut world = named("try_for = \"3s\"");
    leads(&mut world, Ok(&[SECOND, FIRST]));
    world.dials("1002", "13900000001").after(secs(2)).expect_conversation("1002", "first").hangs_up("1002").after(secs(1));
    assert_eq!(used(&world).as_deref(), Some(FIRST.0), "the lowest priority comes first");
    world.dies("first").dials("1001", "13900000000").after(millis(2_900)).expect_not_ringing("second");
    world.after(millis(1_400)).expect_conversation("1001", "second");
    let trunk = trunk(&world);
    let targets: Vec<_> = trunk.hosts[0].targets.iter().map(|target| target.address.to_string()).collect();
    assert_eq!((trunk.hosts[0].host.as_str(), targets), ("sip:carrier.example", vec![FIRST.0.to_owned(), SECOND.0.to_owned()]));
    assert_eq!(used(&world).as_deref(), Some(SECOND.0));
    // What is asked for is the name, wherever it leads (RFC 3263 §4).
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn a_target_that_cannot_serve_is_followed_at_once_and_one_that_says_no_is_not() {
    let mut world = named("");
    leads(&mut world, Ok(&[FIRST, SECOND]));
    world.habit("first", |habit| habit.on_ring = OnRing::Refuse(503, millis(100)));
    world.dials("1001", "13900000000").after(millis(1_800)).expect_conversation("1001", "second");
    world.hangs_up("1001").after(secs(1));
    world.habit("first", |habit| habit.on_ring = OnRing::Refuse(486, millis(100)));
    world.dials("1001", "13900000001").after(secs(1)).expect_saw("1001", |saw| matches!(saw, Saw::Refused { code: 486, .. }));
    world.expect_not_ringing("second");
    world.ends_well();
}

#[test]
fn a_name_that_leads_nowhere_is_told_and_calls_over_it_are_refused_until_it_leads_somewhere() {
    let mut world = named("");
    world.dials("1001", "13900000000").after(millis(200)).expect_saw("1001", |saw| matches!(saw, Saw::Refused { code: 503, .. }));
    assert_eq!((trunk(&world).hosts[0].state, told(&world, "trunk.name_not_found")), ("unknown", 0), "nobody has said anything yet");
    leads(&mut world, Err("it has no address"));
    assert_eq!((trunk(&world).hosts[0].state, trunk(&world).hosts[0].lost.as_deref()), ("not-found", Some("it has no address")));
    world.dials("1002", "13900000001").after(millis(200)).expect_saw("1002", |saw| matches!(saw, Saw::Refused { code: 503, .. }));
    leads(&mut world, Err("it has no address"));
    assert_eq!((told(&world, "trunk.name_not_found"), told(&world, "trunk.name_found")), (1, 0), "told once");
    leads(&mut world, Ok(&[FIRST]));
    assert_eq!((told(&world, "trunk.name_not_found"), told(&world, "trunk.name_found")), (1, 1));
    world.after(secs(1)).dials("1001", "13900000000").after(secs(2)).expect_conversation("1001", "first");
    // It goes on while the name leads elsewhere; the next call goes there.
    leads(&mut world, Ok(&[SECOND]));
    world.expect_conversation("1001", "first").dials("1002", "13900000001").after(secs(2)).expect_conversation("1002", "second");
    world.ends_well();
}

#[test]
fn what_was_known_of_a_target_is_forgotten_when_the_name_leads_elsewhere() {
    let mut world = named("ping = \"5s\"\nping_failures = 1");
    leads(&mut world, Ok(&[FIRST, SECOND]));
    world.dies("first").after(secs(20));
    let states = |world: &World| trunk(world).hosts[0].targets.iter().map(|target| target.state).collect::<Vec<_>>();
    assert_eq!((states(&world), trunk(&world).hosts[0].state), (vec!["down", "up"], "up"));
    // A target that is down is not waited for.
    world.dials("1001", "13900000000").after(secs(2)).expect_conversation("1001", "second").hangs_up("1001").after(secs(1));
    leads(&mut world, Ok(&[SECOND]));
    assert_eq!(states(&world), ["up"]);
    leads(&mut world, Ok(&[FIRST, SECOND]));
    assert_eq!(states(&world), ["unknown", "up"], "it is asked anew");
    let now = world.now;
    world.phone_mut("first").revive(now);
    world.after(secs(6));
    assert_eq!(states(&world), ["up", "up"]);
    world.reload(&[], &[]);
    world.after(secs(40));
    world.ends_well();
}

#[test]
fn calls_come_in_on_a_trunk_from_where_its_name_leads_and_from_nowhere_else() {
    let accept = (r#"accept_from = ["127.0.0.0/8"]"#, r#"accept_from = ["sip:carrier.example"]"#);
    let mut world = named_with(&[accept]);
    world.add_phone(CALLER, "127.0.0.9:5060", None);
    world.caller_dials("95000").after(millis(500)).expect_not_ringing("1001").expect_not_ringing("1002");
    leads(&mut world, Ok(&[("127.0.0.9:5060", 1)]));
    world.after(secs(1)).agent_answers("1001", secs(1)).caller_dials("95000").after(secs(6)).expect_conversation(CALLER, "1001");
    world.hangs_up(CALLER).after(secs(1));
    leads(&mut world, Ok(&[("127.0.0.10:5060", 1)]));
    world.caller_dials("95000").after(millis(500)).expect_not_ringing("1001").expect_not_ringing("1002");
    world.ends_quietly();
}
