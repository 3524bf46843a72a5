//! Nobody hangs up on a customer: what he hears when his agent is gone, who is asked how he was served, and who hung up first.

use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{Outcome, ReleasedBy};

#[test]
fn an_agent_who_hangs_up_is_free_and_the_caller_is_told_goodbye_and_hangs_up_himself() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    let from = world.now;
    world.hangs_up("1001").after(millis(500)).expect_ended("1001").expect_up(CALLER);
    world.expect_agent("1001", "ready", None).expect_hears(CALLER, Heard::Clip("goodbye"));
    world.after(secs(5)).expect_up(CALLER).hangs_up(CALLER).after(millis(200));
    assert_eq!(world.times_of(CALLER, "goodbye", from).len(), 1);
    let record = world.ends_well();
    assert_eq!(record.outcome, Some(Outcome::Answered));
    assert_eq!((record.hung_up_first, record.released_by), (Some(ReleasedBy::Agent), Some(ReleasedBy::Caller)));
    assert_eq!(record.survey, None, "he spoke for a moment only");
}

#[test]
fn a_caller_who_does_not_hang_up_is_released_by_the_switch() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    let from = world.now;
    world.hangs_up("1001").after(secs(30)).expect_ended(CALLER);
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Bye { reason: Some(_) }));
    // A second of good-bye, and ten.
    let ended = world.leg(CALLER).ended_at.expect("ended") - from;
    assert!(ended >= millis(10_950) && ended <= millis(11_200), "{ended:?}");
    let record = world.ends_well();
    assert_eq!((record.hung_up_first, record.released_by), (Some(ReleasedBy::Agent), Some(ReleasedBy::Switch)));
    assert_eq!(record.outcome, Some(Outcome::Answered));
}

#[test]
fn a_caller_who_hangs_up_first_is_recorded_as_first() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.hangs_up(CALLER).after(secs(1)).expect_ended("1001");
    let record = world.ends_well();
    assert_eq!((record.hung_up_first, record.released_by), (Some(ReleasedBy::Caller), Some(ReleasedBy::Caller)));
    assert_eq!(world.events_named("call.agent_left").count(), 0);
}

#[test]
fn both_at_once_is_one_end_whoever_is_heard_first() {
    for first in ["1001", CALLER] {
        let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
        let second = if first == CALLER { "1001" } else { CALLER };
        world.hangs_up(first).hangs_up(second).after(secs(1)).expect_ended("1001").expect_ended(CALLER);
        let record = world.ends_well();
        assert_eq!(record.outcome, Some(Outcome::Answered));
        assert_eq!(world.events_named("call.released").count(), 1);
        assert_eq!(record.hung_up_first, Some(if first == CALLER { ReleasedBy::Caller } else { ReleasedBy::Agent }));
    }
}

#[test]
fn who_spoke_long_enough_is_asked_and_his_answer_is_on_the_record() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.after(secs(25)).hangs_up("1001").after(millis(500)).expect_hears(CALLER, Heard::Clip("survey_ask"));
    let from = world.now;
    world.presses(CALLER, "93").after(millis(800)).expect_hears(CALLER, Heard::Clip("thanks"));
    world.after(secs(2)).hangs_up(CALLER).after(millis(200));
    assert!(world.times_of(CALLER, "goodbye", from).is_empty(), "thanks is the last word");
    let record = world.ends_well();
    assert_eq!(record.survey.and_then(|survey| survey.score), Some(3), "9 is no answer");
    assert_eq!(world.events_named("survey.answered").count(), 1);
}

#[test]
fn who_does_not_answer_the_question_is_told_goodbye_and_is_not_asked_again_that_day() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.after(secs(25));
    let from = world.now;
    world.hangs_up("1001").after(secs(30)).expect_ended(CALLER);
    // Two seconds of question, eight to answer; a clip has ended when its last frame is sent.
    world.expect_clip(CALLER, "survey_ask", from, &[secs(0)]).expect_clip(CALLER, "goodbye", from, &[millis(9_980)]);
    assert_eq!(world.record().survey.map(|survey| survey.score), Some(None));
    world.caller_dials("95000").after(secs(30)).expect_up("1001").hangs_up("1001").after(millis(500));
    world.expect_hears(CALLER, Heard::Clip("goodbye"));
    assert_eq!(world.ends_well().survey, None);
}

#[test]
fn who_was_asked_is_remembered_over_a_restart() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.after(secs(25)).hangs_up("1001").after(secs(30)).expect_ended(CALLER);
    assert!(world.record().survey.is_some());
    world.crash(secs(1)).after(secs(2));
    world.caller_dials("95000").after(secs(30)).expect_up("1001").hangs_up("1001").after(millis(500));
    world.expect_hears(CALLER, Heard::Clip("goodbye"));
    assert_eq!(world.ends_well().survey, None);
}

#[test]
fn a_caller_on_hold_hears_the_farewell_when_his_agent_hangs_up() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.holds("1001", crate::people::Way::SendOnly).after(secs(3)).expect_hears(CALLER, Heard::Clip("music/hold"));
    world.hangs_up("1001").after(millis(500)).expect_hears(CALLER, Heard::Clip("goodbye"));
    world.after(secs(9)).expect_up(CALLER);
    assert_eq!(world.events_named("hold.patience_exceeded").count(), 0, "the hold is over");
    let record = world.ends_well();
    assert_eq!(record.holds.len(), 1);
    assert!(record.holds[0].ended_at.is_some());
}

#[test]
fn a_farewell_goes_on_over_a_restart() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    let from = world.now;
    world.hangs_up("1001").after(secs(4));
    world.crash(secs(1)).after(secs(20)).expect_ended(CALLER);
    let ended = world.leg(CALLER).ended_at.expect("ended") - from;
    assert!(ended >= millis(10_900) && ended <= secs(13), "{ended:?}");
    let record = world.ends_well();
    assert_eq!((record.hung_up_first, record.released_by), (Some(ReleasedBy::Agent), Some(ReleasedBy::Switch)));
}

#[test]
fn without_a_farewell_the_agents_hanging_up_ends_the_call() {
    let mut world = World::story_with(&[("[rules.farewell]\nprompt", "[rules.farewell]\nenabled = false\nprompt")], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).expect_up("1001");
    world.hangs_up("1001").after(millis(300)).expect_ended(CALLER);
    let record = world.ends_well();
    assert_eq!((record.hung_up_first, record.released_by), (Some(ReleasedBy::Agent), Some(ReleasedBy::Agent)));
}
