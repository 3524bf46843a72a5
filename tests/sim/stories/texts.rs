//! What agents write to each other (MESSAGE).

use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::AgentId;
use sanling::base::time::{millis, secs};
use sanling::sip::msg::Method;
use sanling::switch::output::Detail;

fn writes(world: &mut World, to: &str, text: &str) -> Option<u16> {
    world.phone_mut("1002").answers.clear();
    let plain = "Content-Type: text/plain;charset=UTF-8\r\n";
    world.act("1002", |phone, now, out| phone.ask_aside(&Method::Message, to, plain, text, now, out));
    world.after(millis(100));
    world.phone("1002").answers.last().map(|(_, answer)| answer.code)
}

#[test]
fn a_word_reaches_a_colleague_and_is_nowhere_else() {
    let mut world = World::with_agents(&["1001", "1002"]);
    assert_eq!(writes(&mut world, "1001", "三号线的客户请你回电"), Some(200));
    let (_, message) = world.phone("1001").told.last().expect("a MESSAGE").clone();
    assert_eq!(String::from_utf8_lossy(&message.body), "三号线的客户请你回电");
    assert!(message.headers.get("From").is_some_and(|from| from.starts_with("<sip:1002@")));
    let events: Vec<_> = world.events.iter().filter(|(_, event)| event.name.starts_with("text.")).map(|(_, event)| event.clone()).collect();
    assert_eq!(events.iter().map(|event| event.name).collect::<Vec<_>>(), ["text.sent", "text.delivered"]);
    for event in &events {
        let texts: Vec<_> = event
            .detail
            .iter()
            .filter_map(|(_, detail)| if let Detail::Text(text) = detail { Some(text.as_str()) } else { None })
            .collect();
        assert_eq!((event.agent.as_ref().map(AgentId::as_str), texts), (Some("1002"), vec!["1001"]));
    }
    let kept = world.kept.values().any(|image| String::from_utf8_lossy(image).contains("三号线"));
    assert!(!kept, "nothing of it is stored");
    world.ends_quietly();
}

#[test]
fn who_is_not_there_or_nobody_gets_none() {
    let mut world = World::with_agents(&["1002"]);
    assert_eq!(writes(&mut world, "1001", "hello"), Some(480));
    assert_eq!(writes(&mut world, "1777", "hello"), Some(404));
    assert_eq!(writes(&mut world, "95000", "hello"), Some(404));
    assert_eq!(writes(&mut world, "1001", &"x".repeat(1_301)), Some(413));
    world.ends_quietly();
}

#[test]
fn it_reaches_a_colleague_whatever_he_is_at() {
    let mut world = World::story_with(&[("wrap_up = \"0s\"", "wrap_up = \"60s\"")], &[]);
    world.agents_come(&["1001", "1002"]).agent_ignores("1002").agent_answers("1001", secs(1));
    let mut reached = 0;
    let mut reaches = |world: &mut World, state: &str, reason| {
        world.expect_agent("1001", state, reason);
        assert_eq!(writes(world, "1001", state), Some(200));
        reached += 1;
        let told = &world.phone("1001").told;
        assert_eq!((told.len(), String::from_utf8_lossy(&told[told.len() - 1].1.body).into_owned()), (reached, state.to_owned()));
    };
    reaches(&mut world, "ready", None);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(millis(500));
    reaches(&mut world, "ringing", None);
    world.after(secs(6));
    reaches(&mut world, "talking", None);
    world.expect_recorded_conversation(CALLER, "1001").hangs_up(CALLER).after(secs(1));
    reaches(&mut world, "wrap-up", None);
    world.dials("1001", "*17").after(secs(8));
    reaches(&mut world, "not-ready", Some("meal"));
    world.ends_well();
}

#[test]
fn a_phone_that_takes_none_has_the_sender_told_so() {
    for (takes, told) in [(405, 405), (486, 486), (603, 603), (302, 480), (401, 480)] {
        let mut world = World::with_agents(&["1001", "1002"]);
        world.phone_mut("1001").takes_text = takes;
        assert_eq!(writes(&mut world, "1001", "hello"), Some(told));
        let refused = world.events_named("text.refused").next().expect("it is told").1.clone();
        assert!(refused.detail.contains(&("code", Detail::Number(i64::from(told)))), "{:?}", refused.detail);
        world.ends_quietly();
    }
}

#[test]
fn a_phone_that_says_nothing_has_the_sender_told_before_he_gives_up() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.phone_mut("1001").alive = false;
    assert_eq!(writes(&mut world, "1001", "hello"), None);
    world.after(secs(21));
    assert_eq!(world.phone("1002").answers.last().map(|(_, answer)| answer.code), Some(480));
    world.ends_quietly();
}

#[test]
fn a_callers_phone_writes_to_nobody() {
    let mut world = World::with_agents(&["1001"]);
    world.add_phone(CALLER, "127.0.2.1:5060", None);
    world.act(CALLER, |phone, now, out| {
        phone.ask_aside(&Method::Message, "1001", "Content-Type: text/plain\r\n", "click here", now, out);
    });
    world.after(secs(1));
    assert_eq!(world.phone(CALLER).answers.len() + world.phone("1001").told.len() + world.events_named("text.sent").count(), 0);
    world.ends_quietly();
}

#[test]
fn a_switch_that_dies_meanwhile_has_it_written_again() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.phone_mut("1001").alive = false;
    assert_eq!(writes(&mut world, "1001", "hello"), None);
    world.crash(secs(1)).after(secs(2));
    world.phone_mut("1001").alive = true;
    // The phone that wrote asks the same again; the switch has forgotten it and asks who it is. Nothing is left behind.
    world.after(secs(45));
    assert_eq!(writes(&mut world, "1001", "hello again"), Some(200));
    world.ends_quietly();
}
