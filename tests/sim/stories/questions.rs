//! The four questions of a message for an agent in a meeting, asked one by one; and boxes that are full.

use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;
use sanling::rules::answers::Question;
use sanling::switch::input::Command;
use sanling::switch::output::Reply;
use sanling::switch::view::Message;

const BOXES: &str = "[[message_box]]
id = \"1001\"
owner = \"agent:1001\"
greeting = \"silent_farewell\"
meeting = \"dialect_other_person\"

[[message_box]]
id = \"desk\"
owner = \"team:service\"
greeting = \"silent_farewell\"
# Extensions call each other.";

fn world() -> World {
    let replace = [
        ("to = \"queue:service\"", "to = \"message:desk\""),
        ("# Extensions call each other.", BOXES),
        ("from = \"internal\"\nto = \"agent\"", "from = \"any\"\nto = \"agent\""),
    ];
    let mut world = World::story_with(&replace, &[]);
    world.agents_come(&["1001", "1002"]).dials("1001", "*15").after(secs(3));
    world
}

fn messages(world: &mut World) -> Vec<Message> {
    match world.command(Command::Messages { in_box: None, new: false }) {
        Reply::Messages(messages) => messages.into_iter().map(|view| view.message).collect(),
        other => panic!("{other:?}"),
    }
}

/// Asked who he is, and the beep is over.
fn asked(world: &mut World) {
    world.dials(CALLER, "1001").says(CALLER, Sound::Silence).after(millis(600)).expect_hears(CALLER, Heard::Clip("dialect_other_person"));
    world
        .after(millis(1_300))
        .expect_hears(CALLER, Heard::Clip("ask_who"))
        .after(millis(450))
        .expect_hears(CALLER, Heard::Clip("tone/beep"));
    world.after(millis(250));
}

fn parts(message: &Message) -> Vec<(Question, Option<&str>, bool)> {
    message.parts.iter().map(|part| (part.question, part.number.as_deref(), part.spoken)).collect()
}

#[test]
fn who_what_when_and_the_number_are_asked_one_by_one() {
    let mut world = world();
    asked(&mut world);
    // Who: with the hash.
    world.says(CALLER, Sound::Speech).after(secs(3)).presses(CALLER, "#").says(CALLER, Sound::Silence).after(millis(500));
    world.expect_hears(CALLER, Heard::Clip("ask_what")).after(millis(600));
    // What: two seconds of silence end it.
    world.says(CALLER, Sound::Speech).after(secs(4)).says(CALLER, Sound::Silence).after(millis(1_700)).expect_hears(CALLER, Heard::Nothing);
    world.after(millis(1_100)).expect_hears(CALLER, Heard::Clip("ask_when")).after(millis(700));
    world.says(CALLER, Sound::Speech).after(secs(2)).presses(CALLER, "#").says(CALLER, Sound::Silence).after(millis(1_300));
    // The number: in keys.
    world
        .presses(CALLER, "02155512#")
        .after(millis(1_700))
        .expect_hears(CALLER, Heard::Clip("goodbye"))
        .after(secs(2))
        .expect_ended(CALLER);
    let message = messages(&mut world).remove(0);
    use Question::{Number, What, When, Who};
    assert_eq!(parts(&message), [(Who, None, true), (What, None, true), (When, None, true), (Number, Some("02155512"), false)]);
    let long = |n: usize| message.parts[n].duration;
    assert!(long(0) >= millis(2_800) && long(0) <= millis(3_400), "{:?}", long(0));
    assert!(long(1) >= millis(3_800) && long(1) <= millis(4_800), "the silence at its end is none of it: {:?}", long(1));
    let record = world.record().clone();
    assert_eq!((record.outcome, record.id), (Some(Outcome::Message), message.call));
    // Each part is where it says on the recording: somebody speaks there.
    let take = &world.disk.takes[&message.call];
    for part in message.parts.iter().filter(|part| part.spoken) {
        let middle = take.level(sanling::media::control::Channel::Left, part.offset + part.duration / 4, part.duration / 2);
        assert!(middle > -40.0, "{part:?}: {middle}");
    }
    // It is delivered with the meeting's end, and heard part after part with the number behind it.
    world.dials("1001", "*13").after(secs(3));
    assert_eq!(world.agent("1001").messages, (1, 0));
    let from = world.now;
    world.dials("1001", "*98").after(secs(30));
    let said = world.times_of("1001", "message_number", from);
    assert_eq!(said.len(), 1);
    assert_eq!(world.agent("1001").messages, (0, 1));
    world.ends_well();
}

#[test]
fn the_hash_alone_is_the_callers_own_number() {
    let mut world = world();
    asked(&mut world);
    for _ in 0..3 {
        world.presses(CALLER, "#").after(millis(1_300));
    }
    world.presses(CALLER, "#").after(secs(3)).expect_ended(CALLER);
    let message = messages(&mut world).remove(0);
    assert_eq!(parts(&message), [(Question::Number, Some(CALLER), false)]);
    world.ends_well();
}

#[test]
fn who_is_silent_is_asked_once_more_and_then_the_next_thing() {
    let mut world = world();
    asked(&mut world);
    world.after(secs(5)).expect_hears(CALLER, Heard::Clip("ask_who")).after(millis(5_900)).expect_hears(CALLER, Heard::Clip("ask_what"));
    assert_eq!(world.events_named("message.asked").count(), 3);
    world.after(secs(60)).expect_ended(CALLER);
    assert_eq!(world.events_named("message.asked").count(), 8, "each of the four twice");
    assert!(messages(&mut world).is_empty());
    assert_eq!(world.ends_well().outcome, Some(Outcome::Played));
}

#[test]
fn who_hangs_up_in_the_middle_has_said_what_he_has_said() {
    let mut world = world();
    asked(&mut world);
    world.says(CALLER, Sound::Speech).after(secs(3)).hangs_up(CALLER).after(secs(1));
    let message = messages(&mut world).remove(0);
    assert_eq!(parts(&message), [(Question::Who, None, true)]);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Message));
}

#[test]
fn the_questions_go_on_over_a_restart() {
    let mut world = world();
    asked(&mut world);
    world.says(CALLER, Sound::Speech).after(secs(3)).crash(secs(1)).after(secs(2)).presses(CALLER, "#").after(millis(500));
    world.expect_hears(CALLER, Heard::Clip("ask_what")).hangs_up(CALLER).after(secs(1));
    assert_eq!(parts(&messages(&mut world)[0]), [(Question::Who, None, true)]);
    world.ends_well();
}

/// The box of the desk holds so many words that nobody has listened to, left by callers who hang up soon.
fn fill(world: &mut World, count: usize) {
    for n in 0..count {
        let name = format!("1390000{n:04}");
        world.dials(&name, "95000").after(millis(3_200)).hangs_up(&name).after(millis(200));
        // A story needs no crowd of phones.
        if n % 20 == 19 {
            world.after(secs(1));
        }
    }
}

#[test]
fn a_full_box_takes_no_more_and_forgets_nothing() {
    let mut world = world();
    let most = sanling::base::limits::MESSAGES_PER_BOX_MAX;
    fill(&mut world, most);
    assert_eq!(messages(&mut world).len(), most);
    world.caller_dials("95000").after(millis(400)).expect_hears(CALLER, Heard::Clip("box_full")).after(secs(1)).expect_ended(CALLER);
    assert_eq!(world.record().outcome, Some(Outcome::Refused));
    assert_eq!((world.events_named("message.refused").count(), messages(&mut world).len()), (1, most));
    // One that was heard makes room, and it is told that it went.
    let call = messages(&mut world)[7].call;
    world.command(Command::MessageHeard { call, by: "1002".to_owned() });
    fill(&mut world, 1);
    assert_eq!((world.events_named("message.removed").count(), messages(&mut world).len()), (1, most));
    assert!(messages(&mut world).iter().all(|message| message.call != call));
    world.ends_well();
}
