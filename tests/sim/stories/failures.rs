//! What breaks: media that stop, phones that die, ports and disks that run out.

use crate::disk::Fault;
use crate::people::Way;
use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{Outcome, RecordingState, ReleasedBy};

#[test]
fn thirty_seconds_without_a_packet_release_the_call() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.after(secs(2)).says(CALLER, Sound::Nothing);
    let last = world.now;
    world.after(millis(29_900)).expect_up(CALLER).expect_up("1001").after(millis(400)).expect_ended(CALLER).expect_ended("1001");
    let after = world.leg("1001").ended_at.expect("ended") - last;
    assert!(after >= millis(29_900) && after <= millis(30_100), "{after:?}");
    world.expect_saw("1001", |saw| matches!(saw, Saw::Bye { reason: Some(reason) } if reason.contains("RTP")));
    world.expect_agent("1001", "ready", None);
    let record = world.ends_well();
    assert_eq!(record.released_by, Some(ReleasedBy::Switch));
    assert_eq!(record.release_cause.as_deref(), Some("RTP timeout"));
}

#[test]
fn a_leg_that_holds_is_not_waited_for() {
    for way in [Way::SendOnly, Way::Inactive, Way::Old, Way::Off] {
        let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
        world.holds("1001", way).after(secs(40)).expect_up(CALLER).expect_up("1001");
        world.retrieves("1001").after(secs(1)).expect_conversation(CALLER, "1001");
        world.ends_well();
    }
}

#[test]
fn an_agent_whose_phone_dies_is_freed_and_so_is_the_caller() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.dies("1001").after(secs(31)).expect_ended(CALLER);
    assert_ne!(world.agent("1001").state, "talking");
    let record = world.ends_well();
    assert_eq!(record.released_by, Some(ReleasedBy::Switch));
}

#[test]
fn a_lost_bye_is_found_by_the_session_timer() {
    let mut world = World::story_with(&[], &["sip.session_expires=\"90s\""]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95000").after(secs(4));
    world.expect_conversation(CALLER, "1001");
    // Its sound goes on, its SIP is cut off: no RTP time-out will tell.
    world.phone_mut("1001").hears_no_sip = true;
    world.after(secs(95)).expect_ended(CALLER).dies("1001");
    assert_ne!(world.agent("1001").state, "talking");
    let record = world.ends_well();
    assert_eq!(record.released_by, Some(ReleasedBy::Switch));
}

#[test]
fn with_no_port_left_a_caller_is_told_to_come_back() {
    let mut world = World::story_with(&[], &["media.ports=\"20000-20003\""]);
    world.agents_come(&["1001", "1002"]).agent_answers("1001", secs(1)).caller_dials("95000").after(secs(4));
    world.expect_conversation(CALLER, "1001").dials("second", "95000");
    world.expect_saw("second", |saw| matches!(saw, Saw::Refused { code: 503, retry_after: Some(_) }));
    world.expect_up(CALLER).expect_not_ringing("1002").hangs_up(CALLER).after(secs(1));
    // The ports are back.
    world.agent_answers("1002", secs(1)).dials("second", "95000").after(secs(4)).expect_conversation("second", "1002");
    world.ends_well();
}

#[test]
fn a_port_missing_for_the_agent_keeps_the_caller_waiting() {
    let mut world = World::story_with(&[], &["media.ports=\"20000-20005\""]);
    world.agents_come(&["1001", "1002"]).agent_answers("1001", secs(1)).caller_dials("95000").after(secs(4));
    world.expect_conversation(CALLER, "1001").dials("second", "95000").after(secs(3)).expect_not_ringing("1002");
    world.expect_up("second");
    world.ends_well();
}

#[test]
fn a_full_disk_costs_the_recording_and_not_the_call() {
    let mut world = World::with_agents(&["1001"]);
    world.disk.fault = Fault::Full;
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(4)).expect_conversation(CALLER, "1001");
    assert_eq!(world.events_named("recording.missing").count(), 1, "the alarm");
    assert!(world.snapshot().recording_alarm.is_some());
    let record = world.ends_well();
    assert_eq!(record.outcome, Some(Outcome::Answered));
    let recording = record.recording.expect("said to be missing");
    assert_eq!(recording.state, RecordingState::Missing);
    assert_eq!(recording.reason.as_deref(), Some("no space left on device"));
    // Room is made: the next call is recorded and the alarm is over.
    world.disk.fault = Fault::None;
    world.caller_dials("95000").after(secs(4)).expect_conversation(CALLER, "1001");
    assert!(world.snapshot().recording_alarm.is_none());
    assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete));
}

#[test]
fn a_disk_that_fills_in_the_middle_is_told_once() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.disk.fault = Fault::Full;
    world.after(secs(5)).expect_conversation(CALLER, "1001");
    assert_eq!(world.events_named("recording.missing").count(), 1);
    assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Missing));
}

#[test]
fn a_slow_disk_delays_the_record_and_nothing_else() {
    let mut world = World::with_agents(&["1001"]);
    world.disk.fault = Fault::Slow(secs(5));
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(4)).expect_conversation(CALLER, "1001");
    assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete));
}

#[test]
fn a_network_that_loses_one_in_ten_still_carries_the_call() {
    let mut world = World::with_agents(&["1001"]);
    world.net.sip.lost = 100;
    world.net.sip.doubled = 100;
    world.net.sip.delay_ms = 30;
    world.net.rtp.lost = 20;
    world.net.rtp.delay_ms = 15;
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(12)).expect_up(CALLER).expect_up("1001");
    world.expect_hears(CALLER, Heard::Voice).expect_hears("1001", Heard::Voice).holds("1001", Way::SendOnly).after(secs(12));
    world.retrieves("1001").after(secs(5)).hangs_up(CALLER).after(secs(40)).expect_ended("1001");
    world.net.sip = crate::net::Weather::default();
    world.ends_well();
}
