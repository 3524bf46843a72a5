//! Calls that a phone sends on (302), by the configuration's leave; and phones that answer by themselves what their queue gives them.

use crate::people::OnRing;
use crate::phones::Saw;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{OfferOutcome, Outcome};
use sanling::switch::output::Detail;

fn world(forwarding: &str, agents: &[&str]) -> World {
    let from_trunk = [("from = \"internal\"\nto = \"agent\"", "from = \"any\"\nto = \"agent\"")];
    let mut world = World::story_with(&from_trunk, &[&format!("sip.forwarding=\"{forwarding}\"")]);
    world.agents_come(agents);
    for agent in agents {
        world.agent_answers(agent, secs(1));
    }
    world
}

/// Whom his carrier asserts, whatever his From says.
const CUSTOMER: &str = "02012340000";

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
    world.expect_recorded_conversation(CALLER, "1002");
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
    let declined = world.events_named("offer.ended").next().expect("it is told").1.clone();
    assert!(declined.detail.contains(&("code", Detail::Number(302))), "{:?}", declined.detail);
    assert_eq!(world.events_named("call.forwarded").count(), 0);
    world.expect_recorded_conversation(CALLER, "1002");
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
    world.expect_recorded_conversation(CALLER, "1002");
    assert_eq!(world.ends_well().diverted.len(), 1);
}

#[test]
fn where_routes_may_be_used_a_phone_sends_its_caller_to_a_number_outside() {
    let mut world = world("routes", &["1001"]);
    sends_on(&mut world, "1001", "013900000000");
    // By the phone's own word for it.
    world.phone_mut("1001").refusal_lines.push(("Diversion", "<sip:1001@sanling.local>;reason=user-busy".to_owned()));
    world.add_phone("carrier", "127.0.0.1:5090", None);
    world.agent_answers("carrier", secs(1)).dials(CALLER, "1001").says(CALLER, Sound::Speech).after(secs(4));
    world.expect_recorded_conversation(CALLER, "carrier");
    let invite = world.leg("carrier").invite.clone().expect("an INVITE");
    assert_eq!((invite.uri.user.as_deref(), invite.headers.list("Diversion").count()), (Some("013900000000"), 1));
    assert_eq!(invite.headers.get("Diversion"), Some("<sip:1001@sanling.local>;reason=user-busy;counter=1"));
    let record = world.ends_well();
    assert_eq!(record.diverted.iter().map(|one| one.reason.as_str()).collect::<Vec<_>>(), ["user-busy"]);
}

#[test]
fn a_carriers_word_by_whom_a_caller_was_sent_on_is_passed_on_and_on_record() {
    for (lines, reason) in [
        ("Diversion: <sip:02055550000@carrier.test>;reason=no-answer;counter=1\r\n", "no-answer"),
        (
            "History-Info: <sip:02055550000@carrier.test?Reason=SIP%3Bcause%3D486>;index=1, <sip:95000@carrier.test>;index=1.1\r\n",
            "user-busy",
        ),
    ] {
        let mut world = world("off", &["1001"]);
        world.add_phone(CUSTOMER, "127.0.2.1:5060", None);
        world.phone_mut(CUSTOMER).shown_as = Some("anonymous".to_owned());
        world.phone_mut(CUSTOMER).invite_lines = format!("P-Asserted-Identity: <sip:02012340000@carrier.test>\r\n{lines}");
        world.dials(CUSTOMER, "95000").says(CUSTOMER, Sound::Speech).after(secs(6));
        world.expect_recorded_conversation(CUSTOMER, "1001");
        let invite = world.leg("1001").invite.clone().expect("an INVITE");
        let diversion = format!("<sip:02055550000@sanling.local>;reason={reason};counter=1");
        assert_eq!(invite.headers.get("Diversion"), Some(diversion.as_str()));
        assert_eq!(invite.headers.list("History-Info").count(), 2);
        assert!(invite.headers.get("From").is_some_and(|from| from.contains(CUSTOMER)), "{:?}", invite.headers.get("From"));
        let record = world.ends_well();
        assert_eq!(record.caller, CUSTOMER);
        assert_eq!(
            record.diverted.iter().map(|one| (one.from.as_str(), one.reason.as_str())).collect::<Vec<_>>(),
            [("02055550000", reason)]
        );
    }
}

#[test]
fn what_a_phone_says_of_that_is_not_believed() {
    let mut world = world("off", &["1001", "1002"]);
    world.phone_mut("1002").invite_lines =
        "P-Asserted-Identity: <sip:1000@sanling.local>\r\nDiversion: <sip:1000@sanling.local>;reason=no-answer\r\n\
         History-Info: <sip:1000@sanling.local?Reason=SIP%3Bcause%3D486>;index=1, <sip:1001@sanling.local>;index=1.1\r\n"
            .to_owned();
    world.dials("1002", "1001").says("1002", Sound::Speech).after(secs(3));
    world.expect_recorded_conversation("1002", "1001");
    let invite = world.leg("1001").invite.clone().expect("an INVITE");
    let shown = ["Diversion", "History-Info", "P-Asserted-Identity"].map(|name| invite.headers.get(name).map(str::to_owned));
    assert_eq!(shown, [None, None, None]);
    let record = world.ends_well();
    assert_eq!((record.caller.as_str(), record.diverted.len()), ("1002", 0));
}

#[test]
fn why_a_caller_left_is_on_record() {
    for up in [true, false] {
        let mut world = world("off", &["1001"]);
        if !up {
            world.agent_ignores("1001");
        }
        world.add_phone(CALLER, "127.0.2.1:5060", None);
        world.phone_mut(CALLER).bye_lines = "Reason: Q.850;cause=16;text=\"Normal call clearing\"\r\n".to_owned();
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
        if up {
            world.expect_recorded_conversation(CALLER, "1001");
        }
        world.hangs_up(CALLER).after(secs(1));
        world.expect_saw("1001", |saw| matches!(saw, Saw::Bye { .. } | Saw::Cancelled { .. }));
        assert_eq!(world.ends_well().release_cause.as_deref(), Some("Normal call clearing"));
    }
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
