//! Messages by phone: an agent dials the code, hears who left what and when, and says by key what becomes of it.

use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{CallId, Duration};
use sanling::switch::input::Command;
use sanling::switch::output::Reply;
use sanling::switch::view::MessageView;

const BOXES: &str = "[[message_box]]
id = \"desk\"
owner = \"team:service\"
greeting = \"silent_farewell\"
thanks = \"thanks\"
superior = \"1000\"

[[message_box]]
id = \"1001\"
owner = \"agent:1001\"
greeting = \"silent_farewell\"
questions = \"never\"
# Extensions call each other.";

fn world() -> World {
    let replace = [
        ("to = \"queue:service\"", "to = \"message:desk\""),
        // Their superior is none of the team himself.
        ("password = \"demo-1000\"\nteam = \"service\"", "password = \"demo-1000\""),
        ("# Extensions call each other.", BOXES),
        ("[rules.hold]", "[rules.messages]\nescalate_after = \"10m\"\n\n[rules.hold]"),
    ];
    World::story_with(&replace, &[])
}

fn messages(world: &mut World) -> Vec<MessageView> {
    match world.command(Command::Messages { in_box: None, new: false }) {
        Reply::Messages(messages) => messages,
        other => panic!("{other:?}"),
    }
}

/// A word of so long, in the team's box.
fn leaves_a_word(world: &mut World, caller: &str, long: Duration) -> CallId {
    world.dials(caller, "95000").says(caller, Sound::Silence).after(millis(2_600)).says(caller, Sound::Speech).after(long).hangs_up(caller);
    world.after(secs(1));
    messages(world)[0].message.call
}

/// What is said before a message: one clip after the other, digits by their name alone.
fn words(world: &World, who: &str, from: sanling::base::Instant) -> Vec<&'static str> {
    let pieces = world.leg(who).stream.heard_between(from, world.now);
    pieces.into_iter().filter_map(|(heard, ..)| if let Heard::Clip(name) = heard { Some(name) } else { None }).collect()
}

#[test]
fn an_agent_hears_how_many_there_are_and_of_each_who_when_and_what() {
    let mut world = world();
    world.agents_come(&["1001", "1002"]);
    leaves_a_word(&mut world, "13800000001", secs(5));
    let from = world.now;
    world.dials("1001", "*98").after(secs(2));
    world.expect_up("1001").expect_agent("1001", "talking", None);
    assert_eq!(words(&world, "1001", from)[..3], ["messages_new", "digits/1", "messages_new_suffix"]);
    // The introduction: eleven digits, and the time (the wall stands at 08:00 UTC on the 21st of November).
    world.after(secs(8));
    world.expect_hears("1001", Heard::Voice);
    let said = words(&world, "1001", from);
    assert_eq!(said[3..5], ["message_from", "digits/1"], "{said:?}");
    assert!(said.contains(&"message_at"), "{said:?}");
    assert_eq!(world.agent("1001").messages, (1, 0), "not heard to its end yet");
    world.after(millis(3_200)).expect_hears("1001", Heard::Clip("message_keys"));
    assert_eq!((world.agent("1001").messages, world.agent("1002").messages), ((0, 1), (0, 1)));
    assert_eq!(messages(&mut world)[0].message.heard_by.as_deref(), Some("1001"));
    // Nothing pressed: there is no more, and he is let go.
    world.after(millis(5_600)).expect_hears("1001", Heard::Clip("messages_end")).after(secs(1)).expect_ended("1001");
    world.expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn the_message_sounds_as_long_as_it_is() {
    let mut world = world();
    world.agents_come(&["1001"]);
    leaves_a_word(&mut world, CALLER, secs(25));
    let from = world.now;
    world.dials("1001", "*98").after(secs(45));
    let pieces = world.leg("1001").stream.heard_between(from, world.now);
    let heard: Duration = pieces.iter().filter(|(heard, ..)| *heard == Heard::Voice).map(|(_, _, long)| *long).sum();
    let left = messages(&mut world)[0].message.duration;
    assert!(left >= secs(24) && heard + millis(1_500) >= left && heard <= left, "{heard:?} of {left:?}");
    world.ends_well();
}

#[test]
fn keys_repeat_skip_and_delete() {
    let mut world = world();
    world.agents_come(&["1001"]);
    let first = leaves_a_word(&mut world, "13800000001", secs(20));
    let second = leaves_a_word(&mut world, "13800000002", secs(20));
    world.dials("1001", "*98").after(secs(12)).expect_hears("1001", Heard::Voice);
    world.presses("1001", "1").after(millis(700)).expect_hears("1001", Heard::Clip("message_from"));
    world.presses("1001", "2").after(secs(12)).expect_hears("1001", Heard::Voice).presses("1001", "3").after(millis(450));
    world.expect_hears("1001", Heard::Clip("messages_end")).after(secs(1)).expect_ended("1001");
    let left: Vec<CallId> = messages(&mut world).iter().map(|view| view.message.call).collect();
    assert_eq!((left, world.agent("1001").messages), (vec![first], (1, 0)), "who goes on has not listened to it");
    assert_eq!(world.events_named("message.deleted").count(), 1);
    assert!(world.disk.takes.contains_key(&second), "the call's recording stays");
    world.ends_well();
}

#[test]
fn the_hash_ends_and_who_has_none_is_told_so() {
    let mut world = world();
    world.agents_come(&["1001", "1002"]);
    world.dials("1002", "*98").after(millis(400)).expect_hears("1002", Heard::Clip("messages_none"));
    world.after(millis(500)).expect_hears("1002", Heard::Clip("messages_end")).after(secs(1)).expect_ended("1002");
    leaves_a_word(&mut world, CALLER, secs(10));
    world.dials("1001", "*98").after(secs(1)).presses("1001", "#").after(millis(700)).expect_hears("1001", Heard::Clip("messages_end"));
    world.after(secs(1)).expect_ended("1001");
    assert_eq!(world.agent("1001").messages, (1, 0));
    world.ends_well();
}

#[test]
fn the_first_of_a_team_has_the_message_until_he_gives_it_back_unheard() {
    let mut world = world();
    world.agents_come(&["1001", "1002"]);
    leaves_a_word(&mut world, CALLER, secs(20));
    world.dials("1001", "*98").after(secs(4));
    assert_eq!((world.agent("1001").messages, world.agent("1002").messages), ((1, 0), (0, 0)), "his lamp is out: a colleague is at it");
    assert_eq!(world.events_named("message.taken").count(), 1);
    world.dials("1002", "*98").after(millis(400)).expect_hears("1002", Heard::Clip("messages_none"));
    // He hangs up in the middle of it.
    world.hangs_up("1001").after(secs(3));
    assert_eq!((world.agent("1001").messages, world.agent("1002").messages), ((1, 0), (1, 0)));
    world.dials("1002", "*98").after(secs(40));
    assert_eq!(messages(&mut world)[0].message.heard_by.as_deref(), Some("1002"));
    assert_eq!(world.agent("1001").messages, (0, 1));
    world.ends_well();
}

#[test]
fn a_colleagues_box_is_heard_by_who_may() {
    let mut world = world();
    world.agents_come(&["1000", "1001", "1002"]);
    world.dials("1001", "*15").after(secs(3)).dials("1002", "1001").after(secs(8)).hangs_up("1002").after(secs(1));
    world.dials("1002", "*981001").after(secs(1)).expect_ended("1002");
    assert_eq!(world.record().release_cause.as_deref(), Some("404 Not Found"));
    // A supervisor may; and the owner, in his meeting.
    world.dials("1000", "*981001").after(millis(300)).expect_hears("1000", Heard::Clip("messages_new")).hangs_up("1000").after(secs(1));
    world.dials("1000", "*98").after(millis(400)).expect_hears("1000", Heard::Clip("messages_none")).hangs_up("1000").after(secs(1));
    world.dials("1001", "*98").after(millis(300)).expect_hears("1001", Heard::Clip("messages_new"));
    world.ends_well();
}

#[test]
fn a_box_of_a_team_that_nobody_listens_to_lights_its_superiors_lamp() {
    let mut world = world();
    world.agents_come(&["1000", "1001", "1002"]);
    let call = leaves_a_word(&mut world, CALLER, secs(20));
    world.after(secs(597));
    assert_eq!(world.events_named("message.escalated").count(), 0);
    assert_eq!((world.agent("1000").messages, world.agent("1001").messages), ((0, 0), (1, 0)));
    world.after(secs(5));
    assert_eq!(world.events_named("message.escalated").count(), 1);
    assert_eq!(messages(&mut world)[0].message.call, call);
    assert_eq!((world.agent("1000").messages, world.agent("1001").messages), ((1, 0), (1, 0)));
    // Another word, which has not gone on to him: whoever listens to that takes nothing from him.
    leaves_a_word(&mut world, "13800000002", secs(20));
    world.dials("1001", "*98").after(millis(500)).presses("1001", "2").after(secs(4));
    assert_eq!((world.agent("1000").messages, world.agent("1002").messages), ((0, 0), (1, 0)), "a colleague is at the first");
    world.presses("1001", "2").after(secs(4));
    assert_eq!((world.agent("1000").messages, world.agent("1002").messages), ((1, 0), (1, 0)), "and now at the second");
    world.ends_well();
}

#[test]
fn a_listener_goes_on_over_a_restart_and_hears_again_what_was_cut() {
    let mut world = world();
    world.agents_come(&["1001"]);
    leaves_a_word(&mut world, CALLER, secs(20));
    world.dials("1001", "*98").after(secs(12)).expect_hears("1001", Heard::Voice).crash(secs(1)).after(secs(2));
    assert_eq!(world.agent("1001").messages, (1, 0), "what was cut short was not listened to");
    world.after(secs(10)).expect_hears("1001", Heard::Voice).after(secs(20));
    assert_eq!(world.agent("1001").messages, (0, 1));
    world.ends_well();
}

#[test]
fn whatever_was_said_to_a_listener_when_the_switch_died_is_said_again() {
    let mut world = world();
    world.agents_come(&["1001", "1002"]);
    leaves_a_word(&mut world, CALLER, secs(5));
    let said = |world: &World, clip| world.times_of("1001", clip, sanling::base::Instant::START).len();
    world.dials("1001", "*98").after(millis(300)).crash(secs(1)).after(secs(3));
    assert_eq!((said(&world, "messages_new"), said(&world, "message_from")), (2, 1), "how many there are");
    // The message: it is his again, and nobody else need.
    world.crash(millis(300)).after(secs(2));
    assert_eq!((said(&world, "message_from"), world.events_named("message.taken").count()), (2, 2));
    assert_eq!((world.agent("1001").messages, world.agent("1002").messages), ((1, 0), (0, 0)));
    world.after(millis(10_200)).expect_hears("1001", Heard::Clip("message_keys")).crash(millis(300)).after(millis(600));
    world.expect_hears("1001", Heard::Clip("message_keys"));
    assert_eq!((said(&world, "message_from"), world.agent("1001").messages), (2, (0, 1)), "what he has heard is not played again");
    // He has time to choose, and takes it.
    world.after(secs(1)).crash(millis(300)).after(secs(1));
    assert_eq!((said(&world, "message_from"), said(&world, "message_keys")), (2, 2));
    world.after(millis(3_500)).expect_hears("1001", Heard::Clip("messages_end")).crash(millis(300)).after(secs(2)).expect_ended("1001");
    assert_eq!(said(&world, "messages_end"), 2);
    world.ends_well();
}

#[test]
fn a_message_whose_sound_is_not_there_was_not_listened_to() {
    let mut world = world();
    world.agents_come(&["1001", "1002"]);
    let call = leaves_a_word(&mut world, CALLER, secs(20));
    world.disk.takes.get_mut(&call).expect("recorded").failed = true;
    world.dials("1001", "*98").after(secs(10));
    assert_eq!(words(&world, "1001", sanling::base::Instant::START).last(), Some(&"message_keys"));
    assert_eq!(world.events_named("message.heard").count(), 0);
    world.after(secs(10)).expect_ended("1001");
    assert_eq!((world.agent("1001").messages, world.agent("1002").messages), ((1, 0), (1, 0)));
    world.ends_well();
}

#[test]
fn a_stranger_does_not_listen_to_anything() {
    let mut world = world();
    world.dials(CALLER, "*98").after(secs(1)).expect_ended(CALLER);
    world.ends_quietly();
}
