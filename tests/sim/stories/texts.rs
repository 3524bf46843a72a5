//! What agents write to each other (MESSAGE).

use crate::world::World;
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
        assert_eq!((event.agent.as_ref().map(|agent| agent.as_str()), texts), (Some("1002"), vec!["1001"]));
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
