//! Message boxes: what a caller leaves, who is told of it, and what becomes of it while its owner is in a meeting.

use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::BoxId;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;
use sanling::switch::input::Command;
use sanling::switch::output::Reply;
use sanling::switch::view::{Lamp, MessageView};

const BOXES: &str = "[[message_box]]
id = \"desk\"
owner = \"team:service\"
greeting = \"silent_farewell\"
thanks = \"thanks\"
max = \"30s\"

[[message_box]]
id = \"1001\"
owner = \"agent:1001\"
greeting = \"silent_farewell\"
meeting = \"dialect_other_person\"
# Extensions call each other.";

const ESCALATION: &str = "[rules.messages]\nescalate_after = \"10m\"\n\n[rules.hold]";

fn world() -> World {
    let replace = [
        ("to = \"queue:service\"", "to = \"message:desk\""),
        ("# Extensions call each other.", BOXES),
        ("[rules.hold]", ESCALATION),
        ("name = \"1001 号坐席\"", "name = \"1001 号坐席\"\nsuperior = \"1000\""),
        ("from = \"internal\"\nto = \"agent\"", "from = \"any\"\nto = \"agent\""),
    ];
    World::story_with(&replace, &[])
}

fn messages(world: &mut World, new: bool) -> Vec<MessageView> {
    match world.command(Command::Messages { in_box: None, new }) {
        Reply::Messages(messages) => messages,
        other => panic!("{other:?}"),
    }
}

fn lamp(world: &mut World, agent: &str) -> Lamp {
    world.agent(agent).messages
}

#[test]
fn a_word_after_the_beep_is_kept_where_it_is_in_the_recording() {
    let mut world = world();
    world.agents_come(&["1001", "1002"]).caller_dials("95000").says(CALLER, Sound::Silence).after(millis(500));
    world
        .expect_up(CALLER)
        .expect_hears(CALLER, Heard::Clip("silent_farewell"))
        .after(millis(1_700))
        .expect_hears(CALLER, Heard::Clip("tone/beep"));
    world.says(CALLER, Sound::Speech).after(secs(8)).presses(CALLER, "#").after(millis(600));
    world.expect_hears(CALLER, Heard::Clip("thanks")).after(secs(2)).expect_ended(CALLER);
    let [message] = &messages(&mut world, true)[..] else { panic!("one message") };
    assert_eq!(message.in_box, BoxId::new("desk"));
    let (offset, long) = (message.message.offset, message.message.duration);
    assert!(offset >= millis(2_380) && offset <= millis(2_480), "{offset:?}");
    assert!(long >= millis(7_600) && long <= millis(8_100), "{long:?}");
    assert_eq!([lamp(&mut world, "1001"), lamp(&mut world, "1002"), lamp(&mut world, "1000")], [(1, 0), (1, 0), (1, 0)]);
    let record = world.ends_well();
    assert_eq!((record.outcome, record.id), (Some(Outcome::Message), message.message.call));
    assert!(record.recording.is_some_and(|recording| recording.duration >= offset + long));
}

#[test]
fn a_message_that_was_listened_to_is_new_to_nobody() {
    let mut world = world();
    world.agents_come(&["1001"]).caller_dials("95000").after(secs(8)).hangs_up(CALLER).after(secs(1));
    let call = messages(&mut world, true)[0].message.call;
    assert_eq!(world.ends_well().outcome, Some(Outcome::Message), "he hung up, and was not let down");
    let heard = |by: &str| Command::MessageHeard { call, by: by.to_owned() };
    assert_eq!(world.command(heard("1001")), Reply::Done);
    assert_eq!(world.command(heard("1002")), Reply::Done);
    assert_eq!(world.events_named("message.heard").count(), 1, "the first counts");
    assert!(messages(&mut world, true).is_empty());
    assert_eq!(messages(&mut world, false)[0].message.heard_by.as_deref(), Some("1001"));
    assert_eq!(lamp(&mut world, "1001"), (0, 1));
    let other = sanling::base::CallId::new(sanling::base::Timestamp(1), &mut sanling::base::Rng::new(1));
    assert_eq!(world.command(Command::MessageHeard { call: other, by: String::new() }), Reply::UnknownCall);
}

#[test]
fn who_says_nothing_leaves_nothing_and_who_says_much_is_stopped() {
    let mut world = world();
    world.caller_dials("95000").says(CALLER, Sound::Comfort).after(millis(2_450 + 5_000)).expect_up(CALLER);
    world.after(millis(600)).expect_hears(CALLER, Heard::Clip("goodbye")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Played));
    world.dials("13800000002", "95000").after(secs(1)).hangs_up("13800000002").after(secs(1));
    assert_eq!(world.ends_well().outcome, Some(Outcome::Abandoned), "before the beep");
    assert!(messages(&mut world, false).is_empty());
    assert_eq!(world.events_named("message.empty").count(), 2);
    world.caller_dials("95000").after(secs(33)).expect_hears(CALLER, Heard::Clip("thanks")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(messages(&mut world, true)[0].message.duration, secs(30));
    world.ends_well();
}

#[test]
fn a_caller_who_has_said_all_is_let_go_after_a_silence_that_is_none_of_his_message() {
    let mut world = world();
    world.caller_dials("95000").after(secs(6)).says(CALLER, Sound::Silence).after(secs(7)).expect_ended(CALLER);
    let long = messages(&mut world, true)[0].message.duration;
    assert!(long >= secs(3) && long <= millis(4_600), "{long:?}");
    world.ends_well();
}

#[test]
fn an_agent_in_a_meeting_is_not_disturbed_and_told_of_it_afterwards() {
    let mut world = world();
    world.agents_come(&["1001", "1002"]).agent_ignores("1001");
    world.dials("1001", "*15").after(secs(3)).expect_agent("1001", "not-ready", Some("meeting"));
    world.dials("1002", "1001").after(millis(600)).expect_not_ringing("1001").expect_hears("1002", Heard::Clip("dialect_other_person"));
    world.after(secs(8)).hangs_up("1002").after(millis(500));
    assert_eq!((lamp(&mut world, "1001"), messages(&mut world, true).len()), ((0, 0), 1));
    assert_eq!(world.events_named("message.delivered").count(), 0);
    // It stands over a restart that he is in a meeting, and what waits for him.
    world.crash(secs(1)).after(secs(20));
    assert_eq!((lamp(&mut world, "1001"), messages(&mut world, true).len()), ((0, 0), 1));
    world.dials("1001", "*13").after(secs(3)).expect_agent("1001", "ready", None);
    assert_eq!(world.events_named("message.delivered").count(), 1);
    assert_eq!(lamp(&mut world, "1001"), (1, 0));
    // And now he is disturbed again.
    world.dials("1002", "1001").after(millis(500)).expect_ringing("1001");
    world.ends_well();
}

#[test]
fn a_meeting_without_a_box_refuses_and_a_pause_is_no_meeting() {
    let mut world = world();
    world.agents_come(&["1001", "1002", "1003"]).agent_ignores("1001");
    world.dials("1002", "*15").after(secs(3)).dials("1003", "1002").after(secs(1)).expect_ended("1003").expect_not_ringing("1002");
    world.dials("1001", "*14").after(secs(3)).dials("1003", "1001").after(secs(1)).expect_ringing("1001");
    world.ends_well();
}

#[test]
fn a_message_that_nobody_listens_to_goes_on_to_the_superior() {
    let mut world = world();
    world.agents_come(&["1000", "1001", "1002"]).dials("1001", "*15").after(secs(3)).dials("1002", "1001").after(secs(8));
    world.hangs_up("1002").after(secs(900));
    assert_eq!(world.events_named("message.escalated").count(), 0, "nobody has told him yet");
    world.dials("1001", "*13").after(secs(3));
    let delivered = world.events_named("message.delivered").next().expect("delivered").0;
    world.after(secs(590));
    assert_eq!((lamp(&mut world, "1000"), world.events_named("message.escalated").count()), ((0, 0), 0));
    world.crash(secs(1)).after(secs(15));
    let escalated = world.events_named("message.escalated").next().expect("escalated").0;
    assert!(escalated - delivered >= secs(600) && escalated - delivered <= millis(600_100), "{:?}", escalated - delivered);
    assert_eq!((lamp(&mut world, "1000"), lamp(&mut world, "1001")), ((1, 0), (1, 0)));
    let call = messages(&mut world, true)[0].message.call;
    world.command(Command::MessageHeard { call, by: "1000".to_owned() });
    assert_eq!((lamp(&mut world, "1000"), lamp(&mut world, "1001")), ((0, 0), (0, 1)));
    world.ends_well();
}

#[test]
fn a_message_that_is_listened_to_in_time_bothers_no_superior() {
    let mut world = world();
    world.agents_come(&["1000", "1001", "1002"]).dials("1001", "*15").after(secs(3)).dials("1002", "1001").after(secs(8));
    world.hangs_up("1002").after(secs(1)).dials("1001", "*13").after(secs(300));
    let call = messages(&mut world, true)[0].message.call;
    world.command(Command::MessageHeard { call, by: "1001".to_owned() });
    world.after(secs(900));
    assert_eq!(world.events_named("message.escalated").count(), 0);
    world.ends_well();
}

#[test]
fn a_message_goes_on_over_a_restart() {
    let mut world = world();
    world.caller_dials("95000").after(secs(6)).crash(secs(1)).after(secs(3)).hangs_up(CALLER).after(secs(1));
    let long = messages(&mut world, true)[0].message.duration;
    assert!(long >= millis(6_400) && long <= millis(6_800), "{long:?}");
    assert_eq!(world.ends_well().outcome, Some(Outcome::Message));
}
