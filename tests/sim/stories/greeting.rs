//! The greeting: who speaks here, to both, and the caller's word already counts; then both hear each other, and the file hears them too.

use crate::sound::{GREETING_MS, Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{Duration, Instant};
use sanling::call::record::{Outcome, RecordingState, ReleasedBy};
use sanling::media::control::Channel;

#[test]
fn both_hear_the_agents_number_when_they_are_connected() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_answers("1001", secs(2)).habit("1001", |habit| habit.sound = Sound::Silence);
    world.caller_dials("95000").says(CALLER, Sound::Silence).after(secs(2));
    let connected = world.now;
    world.after(secs(4));
    for party in [CALLER, "1001"] {
        let heard = world.leg(party).stream.heard_between(connected, connected + secs(4));
        let clips: Vec<(&str, u64)> = heard
            .iter()
            .filter_map(|(heard, _, long)| match heard {
                Heard::Clip(name) => Some((*name, long.as_millis() as u64)),
                _ => None,
            })
            .collect();
        let expected = ["agent_greeting", "digits/1", "digits/0", "digits/1", "agent_greeting_suffix"];
        assert_eq!(clips.iter().map(|(name, _)| *name).collect::<Vec<_>>(), expected, "{party}");
        let whole: u64 = clips.iter().map(|(_, ms)| ms).sum();
        assert!(whole.abs_diff(GREETING_MS) <= 60, "{party}: {whole} ms");
        let first = heard.iter().find(|(heard, ..)| *heard == Heard::Clip("agent_greeting")).expect("a greeting").1;
        assert!(first - connected <= millis(60), "{party}: {:?}", first - connected);
    }
    world.ends_well();
}

#[test]
fn the_file_has_the_caller_left_and_the_agent_right_where_they_spoke() {
    let mut world = World::talking("1001", Sound::Silence, Sound::Silence);
    let answered: Instant = world.leg(CALLER).up_at.expect("up");
    world.says(CALLER, Sound::Speech).after(secs(2)).says(CALLER, Sound::Silence).says("1001", Sound::Speech).after(secs(2));
    world.says("1001", Sound::Silence).after(secs(1)).hangs_up(CALLER);
    let began = millis(GREETING_MS + 100);
    let long = world.leg(CALLER).ended_at.expect("ended") - answered;
    let record = world.ends_well();
    let take = &world.disk.takes[&record.id];
    for (from, left, right) in
        [(began + millis(200), true, false), (began + millis(2_200), false, true), (began + millis(4_200), false, false)]
    {
        for (channel, loud) in [(Channel::Left, left), (Channel::Right, right)] {
            let level = take.level(channel, from, millis(700));
            assert_eq!(level > -45.0, loud, "{channel:?} at {from:?}: {level} dBov");
        }
    }
    // The greeting stands on the right: it is the switch's own voice.
    assert!(take.level(Channel::Right, Duration::ZERO, secs(2)) > -30.0 && take.level(Channel::Left, Duration::ZERO, secs(2)) < -60.0);
    assert_eq!(take.late_chunks, 0);
    let recording = record.recording.expect("a recording");
    assert_eq!(recording.state, RecordingState::Complete);
    assert!(recording.sha256.is_some() && recording.duration.abs_diff(long) <= millis(20), "{:?} for {long:?}", recording.duration);
}

#[test]
fn the_record_says_who_released_the_call() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.hangs_up(CALLER).expect_ended(CALLER).expect_ended("1001").expect_agent("1001", "ready", None);
    let record = world.ends_well();
    assert_eq!((record.released_by, record.outcome), (Some(ReleasedBy::Caller), Some(Outcome::Answered)));
    assert_eq!(record.agent.as_ref().map(sanling::base::AgentId::as_str), Some("1001"));
}
