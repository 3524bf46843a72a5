//! A caller is transferred to an agent who is in a meeting: nobody disturbs him, the caller is asked for a word, and who transferred is free.

use crate::people::Way;
use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{Outcome, SegmentEnding};
use sanling::switch::input::{Command, PartyOrder};
use sanling::switch::output::Reply;

const BOX: &str = "[[message_box]]
id = \"1002\"
owner = \"agent:1002\"
greeting = \"silent_farewell\"
meeting = \"dialect_other_person\"
# Extensions call each other.";

/// 1001 speaks with a caller; 1002 is in a meeting.
fn talking(with_box: bool) -> World {
    let replace = [("# Extensions call each other.", BOX)];
    let mut world = World::story_with(if with_box { &replace } else { &[] }, &[]);
    world.agents_come(&["1001", "1002"]).agent_answers("1001", secs(1)).dials("1002", "*15").after(secs(3));
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(5)).expect_conversation(CALLER, "1001");
    world
}

/// The caller is asked, 1001 is free, and what is said is kept for 1002 until his meeting ends.
#[track_caller]
fn expect_asked_for_a_word(world: &mut World) {
    world.expect_ended("1001").expect_agent("1001", "ready", None).expect_not_ringing("1002");
    world.expect_up(CALLER).after(secs(4)).presses(CALLER, "#").after(millis(300)).expect_hears(CALLER, Heard::Clip("ask_what"));
    world.says(CALLER, Sound::Speech).after(secs(4)).hangs_up(CALLER).after(secs(1));
    let record = world.records.values().find(|record| record.caller == CALLER).expect("his record").clone();
    assert_eq!(record.outcome, Some(Outcome::Answered), "he was served, and left a word besides");
    let parts: Vec<_> = record.segments.iter().map(|part| (part.agent.as_str(), part.ending)).collect();
    assert_eq!(parts, [("1001", SegmentEnding::Transferred)]);
    let kept = world.events_named("message.left").count();
    assert_eq!((kept, world.events_named("message.delivered").count()), (1, 0));
    world.dials("1002", "*13").after(secs(3));
    assert_eq!((world.agent("1002").messages, world.events_named("message.delivered").count()), ((1, 0), 1));
    let message = world.events_named("message.left").next().and_then(|(_, event)| event.call);
    assert_eq!(message, Some(record.id), "it is in the recording of his call");
    let queue = &world.snapshot().queues[0].today;
    assert_eq!((queue.offered, queue.answered, queue.abandoned), (1, 1, 0));
    world.ends_well();
}

#[test]
fn blind_by_the_phone_by_key_and_by_order() {
    for by in ["refer", "keys", "order"] {
        let mut world = talking(true);
        match by {
            "refer" => drop(world.refers("1001", "1002").after(millis(600))),
            "keys" => drop(world.presses("1001", "*31002#").after(millis(2_200))),
            _ => {
                let call = world.records.values().find(|record| record.caller == CALLER).expect("his record").id;
                let order = PartyOrder::Transfer { to: "1002".to_owned() };
                assert_eq!(world.command(Command::Parties { call, order }), Reply::Done);
                world.after(millis(600));
            }
        }
        expect_asked_for_a_word(&mut world);
    }
}

#[test]
fn attended_by_two_calls_of_one_phone() {
    let mut world = talking(true);
    world.holds("1001", Way::SendOnly).after(millis(300)).dials("1001", "1002").after(secs(3)).expect_not_ringing("1002");
    world.refers_to_other_line("1001").after(millis(800));
    expect_asked_for_a_word(&mut world);
}

#[test]
fn whom_nobody_can_leave_a_word_for_stays_with_his_agent() {
    let mut world = talking(false);
    world.refers("1001", "1002").after(secs(1)).expect_saw("1001", |saw| *saw == Saw::Notified(480));
    world.expect_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn who_is_in_a_meeting_is_not_asked_while_the_caller_waits() {
    let mut world = talking(true);
    world.presses("1001", "*21002#").after(millis(2_200)).expect_not_ringing("1002").expect_conversation(CALLER, "1001");
    assert_eq!(world.events_named("code.refused").count(), 1);
    world.ends_well();
}
