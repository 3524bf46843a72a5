//! Recordings by phone: who may dials `*9` and a number, and hears what was recorded, to the sample; keys; refusals; the audit log.

use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{CallId, Duration, Instant, ReplayNumber};
use sanling::call::record::Outcome;
use sanling::media::control::Channel;

/// 1000 is the supervisor's phone, 1003 that of quality; 1001 an agent's, who hears his own calls alone; nobody is known to have 1002.
const PEOPLE: &str = "[[user]]
id = \"wang\"
role = \"supervisor\"
agent = \"1000\"
password = \"demo-wang\"

[[user]]
id = \"li\"
role = \"qa\"
agent = \"1003\"
password = \"demo-li\"

[[user]]
id = \"1001\"
role = \"agent\"
agent = \"1001\"
password = \"demo-1001\"

[[user]]
id = \"ops\"
role = \"operator\"
agent = \"1004\"
password = \"demo-ops\"

# Extensions call each other.";

fn world() -> World {
    World::story_with(&[("# Extensions call each other.", PEOPLE)], &[])
}

/// A call of so long between the caller and 1002, who says something that never repeats with what the caller says. All others are there
/// only once it is over. Returns the number of its recording.
fn recorded(world: &mut World, long: Duration) -> (CallId, String) {
    world.agents_come(&["1002"]);
    world.agent_answers("1002", secs(1)).habit("1002", |habit| habit.sound = Sound::Hiss);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(long);
    world.expect_up("1002").hangs_up(CALLER).after(secs(2));
    let call = world.record().id;
    let count = world.recorded.iter().position(|recorded| *recorded == call).expect("it was recorded");
    world.agents_come(&["1000", "1001", "1003", "1004"]);
    for agent in ["1001", "1003", "1004"] {
        world.agent_answers(agent, secs(1));
    }
    (call, ReplayNumber::of_count(count as u64).to_string())
}

/// How alike two sounds are: 1 the same, 0 nothing to do with each other.
fn likeness(a: &[i16], b: &[i16]) -> f64 {
    let product = |a: &[i16], b: &[i16]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let b = &b[..a.len().min(b.len())];
    product(a, b) / (product(a, a) * product(b, b)).sqrt().max(1.0)
}

/// What `who` has heard in the last half second is the recording's sound up to `place`, or up to 200 ms before: to be found and read takes
/// its time.
#[track_caller]
fn expect_hears_recording(world: &World, who: &str, call: CallId, side: Option<Channel>, place: Duration) {
    let from = world.now - Instant::after_start(millis(500));
    let heard = world.leg(who).stream.samples_between(Instant::after_start(from), world.now);
    assert!(heard.len() >= 3_500, "{who} hears {} samples in half a second", heard.len());
    let take = &world.disk.takes[&call];
    let of = |side: &[i16], at: usize| side.get(at).copied().unwrap_or(0);
    let both = |at: usize| match side {
        Some(Channel::Left) => of(&take.left, at),
        Some(Channel::Right) => of(&take.right, at),
        None => of(&take.left, at).saturating_add(of(&take.right, at)),
    };
    let first = (place.saturating_sub(millis(720)).as_millis() * 8) as usize;
    let sound: Vec<i16> = (first..first + 240 * 8 + heard.len()).map(both).collect();
    let best = (0..240 * 8).map(|lag| likeness(&heard, &sound[lag..])).fold(0.0, f64::max);
    assert!(best > 0.98, "{who} at {:?}: {best:.3} like the recording at {place:?}", world.now);
}

/// Of those that say so, why a number was refused.
fn refusals(world: &World) -> Vec<String> {
    world.events_named("replay.refused").map(|(_, event)| format!("{:?}", event.detail)).collect()
}

#[test]
fn a_supervisor_dials_the_number_and_hears_what_was_recorded() {
    let mut world = world();
    let (call, number) = recorded(&mut world, secs(20));
    assert_eq!(number, "1000");
    let began = world.now;
    world.dials("1000", &format!("*9{number}")).after(secs(6)).expect_up("1000").expect_agent("1000", "talking", None);
    expect_hears_recording(&world, "1000", call, None, secs(6));
    world.after(secs(5));
    expect_hears_recording(&world, "1000", call, None, secs(11));
    // To its end, and not beyond; then the keys are said.
    let long = world.records[&call].recording.as_ref().expect("a recording").duration;
    world.run_until(began + long + millis(400));
    world.expect_hears("1000", Heard::Clip("replay_end")).after(secs(12));
    world.expect_ended("1000").expect_agent("1000", "offline", None);
    // Once in the audit log, with who, what and whence.
    assert_eq!(world.audit.len(), 1, "{:?}", world.audit);
    let note = &world.audit[0];
    assert_eq!((note.who.as_str(), note.action, note.subject), ("wang", "recording.replayed", call));
    assert_eq!((note.remote.as_str(), note.detail.as_str()), ("phone 1000", "by phone, number 1000"));
    assert_eq!(world.events_named("recording.replayed").count(), 1);
    // What was heard is not recorded once more.
    let replay = world.record();
    assert_eq!((replay.called.as_str(), replay.outcome, &replay.recording), ("*91000", Some(Outcome::Played), &None));
    assert_eq!(world.disk.takes.len(), 1);
    world.ends_well();
}

#[test]
fn keys_pause_wind_and_choose_the_side() {
    let mut world = world();
    let (call, number) = recorded(&mut world, secs(40));
    world.dials("1003", &format!("*9{number}")).after(secs(5));
    // A key takes 100 ms to be pressed.
    let pressed = millis(100);
    world.presses("1003", "6").after(secs(2));
    expect_hears_recording(&world, "1003", call, None, secs(17));
    world.presses("1003", "4").after(secs(2));
    expect_hears_recording(&world, "1003", call, None, secs(9));
    world.presses("1003", "2").after(secs(7)).expect_hears("1003", Heard::Silence);
    world.presses("1003", "2").after(secs(2));
    expect_hears_recording(&world, "1003", call, None, secs(11));
    world.presses("1003", "5").after(secs(1));
    expect_hears_recording(&world, "1003", call, Some(Channel::Left), secs(12));
    world.presses("1003", "5").after(secs(1));
    expect_hears_recording(&world, "1003", call, Some(Channel::Right), secs(13));
    world.presses("1003", "5").after(secs(1));
    expect_hears_recording(&world, "1003", call, None, secs(14));
    world.presses("1003", "1").after(secs(2) + pressed);
    expect_hears_recording(&world, "1003", call, None, secs(2));
    assert_eq!(world.audit.len(), 1, "winding is no other hearing");
    // Another number, the same: heard again, noted again.
    world.presses("1003", "0").after(millis(500)).expect_hears("1003", Heard::Clip("replay_ask"));
    world.presses("1003", &format!("{number}#")).after(secs(4));
    assert_eq!(world.audit.len(), 2);
    world.presses("1003", "#").after(millis(500)).expect_hears("1003", Heard::Clip("replay_goodbye")).after(secs(1)).expect_ended("1003");
    world.ends_well();
}

#[test]
fn the_code_alone_asks_for_the_number() {
    let mut world = world();
    let (call, number) = recorded(&mut world, secs(12));
    world.dials("1000", "*9").after(millis(400)).expect_hears("1000", Heard::Clip("replay_ask")).after(secs(1));
    world.expect_hears("1000", Heard::Silence).presses("1000", "99").after(millis(500));
    world.presses("1000", "*").after(millis(500)).expect_hears("1000", Heard::Clip("replay_ask"));
    world.presses("1000", &number).after(secs(2)).expect_hears("1000", Heard::Silence);
    assert!(world.audit.is_empty());
    world.presses("1000", "#").after(secs(3) + millis(120));
    expect_hears_recording(&world, "1000", call, None, secs(3));
    // Nobody is kept who keys nothing.
    world.hangs_up("1000").after(secs(1));
    world.dials("1000", "*9").after(secs(45)).expect_ended("1000");
    world.ends_well();
}

#[test]
fn who_has_no_right_hears_a_refusal_and_it_is_counted() {
    let mut world = world();
    let (_, number) = recorded(&mut world, secs(12));
    // Nobody is known to have this phone; and who keeps the switch running hears nothing of its calls.
    for (phone, refused) in [("1002", 1), ("1004", 2)] {
        world.dials(phone, &format!("*9{number}")).after(millis(300)).expect_hears(phone, Heard::Clip("replay_refused"));
        world.after(secs(1)).expect_ended(phone);
        assert_eq!(refusals(&world).len(), refused);
        let record = world.record();
        assert_eq!(record.outcome, Some(Outcome::Refused));
        assert_eq!(record.release_cause.as_deref(), Some("no right to hear recordings"));
    }
    // Nor is he told whether there is such a number.
    world.dials("1002", "*99999").after(millis(300)).expect_hears("1002", Heard::Clip("replay_refused")).after(secs(1));
    // From outside the code is no number at all.
    world.caller_dials(&format!("*9{number}")).after(secs(1)).expect_ended(CALLER);
    assert_eq!(world.record().release_cause.as_deref(), Some("404 Not Found"));
    assert!(world.audit.is_empty(), "{:?}", world.audit);
    world.ends_well();
}

#[test]
fn an_agent_hears_his_own_calls_and_of_others_learns_nothing() {
    let mut world = world();
    let (_, others) = recorded(&mut world, secs(12));
    world.hangs_up("1002").dials("1002", "*14").after(secs(2));
    for agent in ["1000", "1003", "1004"] {
        world.dials(agent, "*14").after(secs(2));
    }
    world.agent_answers("1001", secs(1)).dials("13800000009", "95000").says("13800000009", Sound::Speech).after(secs(12));
    world.expect_up("1001").hangs_up("13800000009").after(secs(2));
    let own = world.record().id;
    let number = ReplayNumber::of_count(world.recorded.iter().position(|call| *call == own).expect("recorded") as u64);
    world.dials("1001", &format!("*9{number}")).after(secs(6));
    expect_hears_recording(&world, "1001", own, None, secs(6));
    world.hangs_up("1001").after(secs(1));
    assert_eq!((world.audit.len(), world.audit[0].who.as_str(), world.audit[0].subject), (1, "1001", own));
    world.dials("1001", &format!("*9{others}")).after(millis(300)).expect_hears("1001", Heard::Clip("replay_unknown"));
    assert_eq!(world.audit.len(), 1);
    world.ends_well();
}

#[test]
fn a_number_that_leads_to_nothing_has_its_own_answer() {
    let mut world = world();
    let (call, number) = recorded(&mut world, secs(12));
    let answer = |world: &mut World, number: &str, clip: &'static str| {
        world.dials("1000", &format!("*9{number}")).after(millis(300)).expect_hears("1000", Heard::Clip(clip));
        // And he may key another.
        world.after(millis(600)).expect_hears("1000", Heard::Clip("replay_ask")).hangs_up("1000").after(secs(1));
    };
    answer(&mut world, "7654", "replay_unknown");
    // One that is being made.
    world.dials("13800000007", "95000").after(secs(3));
    let open = ReplayNumber::of_count(world.recorded.len() as u64 - 1).to_string();
    answer(&mut world, &open, "replay_open");
    world.hangs_up("13800000007").after(secs(1));
    world.removed.insert(call);
    answer(&mut world, &number, "replay_removed");
    world.removed.clear();
    // The record says that it is there, and the folder has it not.
    let take = world.disk.takes.remove(&call).expect("a take");
    answer(&mut world, &number, "replay_missing");
    world.disk.takes.insert(call, take);
    let why = refusals(&world);
    for (told, expected) in why.iter().zip(["unknown", "open", "removed", "missing"]) {
        assert!(told.contains(expected), "{why:?}");
    }
    world.ends_well();
}

#[test]
fn a_store_that_does_not_answer_keeps_nobody_waiting() {
    let mut world = world();
    let (_, number) = recorded(&mut world, secs(12));
    world.finds_within = None;
    world.dials("1000", &format!("*9{number}")).after(secs(4)).expect_hears("1000", Heard::Silence).after(millis(1_400));
    world.expect_hears("1000", Heard::Clip("replay_unavailable")).hangs_up("1000").after(secs(1));
    // Its answer comes when he is gone, or seeks another.
    world.finds_within = Some(secs(3));
    world.dials("1000", &format!("*9{number}")).after(secs(1)).hangs_up("1000").after(secs(4));
    world.dials("1000", &format!("*9{number}")).after(secs(1)).presses("1000", "0").after(secs(4));
    world.expect_hears("1000", Heard::Silence).expect_up("1000");
    assert!(world.audit.is_empty(), "nothing was heard: {:?}", world.audit);
    world.ends_well();
}

#[test]
fn who_hangs_up_in_the_middle_leaves_nothing_behind() {
    let mut world = world();
    let (_, number) = recorded(&mut world, secs(12));
    for after in [0, 10, 100, 3_000] {
        world.dials("1000", &format!("*9{number}")).after(millis(after)).hangs_up("1000").after(secs(1));
    }
    world.expect_agent("1000", "offline", None);
    world.ends_well();
}

#[test]
fn a_recording_cannot_be_given_to_others() {
    let mut world = world();
    let (_, number) = recorded(&mut world, secs(12));
    world.dials("1000", &format!("*9{number}")).after(secs(2)).refers("1000", "95000").after(secs(1)).expect_up("1000");
    world.presses("1000", "*395000#").after(secs(2)).expect_not_ringing("1002");
    assert_eq!(world.events_named("call.transferred").count(), 0);
    world.ends_well();
}

#[test]
fn a_restart_lets_who_hears_a_recording_go() {
    for (at, number) in [(secs(3), Some(())), (millis(300), None)] {
        let mut world = world();
        let (_, made) = recorded(&mut world, secs(20));
        let code = if number.is_some() { format!("*9{made}") } else { "*9".to_owned() };
        world.dials("1000", &code).after(at).crash(secs(1)).after(secs(3));
        world.expect_ended("1000").expect_agent("1000", "offline", None);
        assert_eq!(world.record().release_cause.as_deref(), Some("the switch was started anew"));
        // And dials again.
        world.dials("1000", &format!("*9{made}")).after(secs(3)).expect_up("1000");
        world.ends_well();
    }
}
