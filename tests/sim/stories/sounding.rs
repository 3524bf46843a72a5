//! What the switch hears by itself: callers who are hard to understand, agents who are, a microphone left open, and how soon a greeting began.

use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{Duration, Instant};
use sanling::call::record::{BegunBy, CallRecord, GreetedBy, Outcome, ReleasedBy, ScriptEnding, SoundRecord};
use sanling::switch::input::{Command, PartyOrder};
use sanling::switch::output::{Detail, Reply};

/// A script that begins by itself, and one that may release.
const ASKS: &str = "\n[[rules.script]]\nid = \"faint-heard\"\nmeasured = \"faint\"\nsteps = [\"say:low_volume_ask\", \"wait:10s\", \"say:low_volume_ask\"]\n";
const RELEASES: &str = "\n[[rules.script]]\nid = \"noisy-heard\"\nmeasured = \"noisy\"\nmay_release = true\nsteps = [\"say:noise_farewell\", \"wait:2s\", \"release\"]\n";

fn talking_by(rules: &str, caller: Sound, agent: Sound) -> World {
    let last = "steps = [\"say:dialect_ask\", \"wait:5s\", \"say:dialect_other_person\", \"wait:5s\"]";
    let mut world = World::story_with(&[(last, &format!("{last}{rules}"))], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = agent);
    world.caller_dials("95000").says(CALLER, caller).after(millis(1_000 + crate::sound::GREETING_MS + 100));
    world.expect_up(CALLER).expect_up("1001");
    world
}

fn kinds(world: &World) -> Vec<String> {
    let kind = |detail: &[(&str, Detail)]| {
        detail.iter().find(|(name, _)| *name == "kind").map(|(_, kind)| match kind {
            Detail::Text(kind) => kind.clone(),
            other => panic!("{other:?}"),
        })
    };
    world.events_named("agent.sound").filter_map(|(_, event)| kind(&event.detail)).collect()
}

fn of_agent(record: &CallRecord) -> &SoundRecord {
    record.sounds.iter().find(|sound| sound.agent.is_some()).expect("the agent was measured")
}

fn of_caller(record: &CallRecord) -> &SoundRecord {
    record.sounds.iter().find(|sound| sound.agent.is_none()).expect("the caller was measured")
}

fn times(world: &World, name: &str) -> usize {
    world.events_named(name).count()
}

#[test]
fn whoever_speaks_as_usual_is_measured_and_nothing_is_said_of_it() {
    let mut world = talking_by(ASKS, Sound::Speech, Sound::Speech);
    world.after(secs(40)).expect_up(CALLER).expect_up("1001");
    let live = world.agent("1001").sound.expect("live");
    assert!((-30..=-15).contains(&live.level_dbov) && !live.faint, "{live:?}");
    let record = world.ends_well();
    for sound in [of_caller(&record), of_agent(&record)] {
        assert!((-30..=-15).contains(&sound.level_dbov) && sound.noise_dbov < sound.level_dbov - 15, "{sound:?}");
        assert!(sound.speech >= secs(20) && !(sound.faint || sound.loud || sound.noisy || sound.clipped || sound.open_microphone));
    }
    assert_eq!((times(&world, "sound.faint"), times(&world, "sound.noisy"), times(&world, "agent.sound")), (0, 0, 0));
    assert!(record.scripts.is_empty());
}

#[test]
fn what_is_no_voice_is_not_called_faint_or_noisy() {
    for sound in [Sound::Silence, Sound::Comfort, Sound::Hum, Sound::Hiss, Sound::Nothing] {
        let mut world = talking_by(ASKS, Sound::Speech, sound);
        world.says(CALLER, sound).after(secs(15));
        assert_eq!((times(&world, "sound.faint"), times(&world, "sound.noisy"), times(&world, "agent.sound")), (0, 0, 0), "{sound:?}");
        let record = world.ends_well();
        assert!(record.sounds.iter().all(|line| line.agent.is_none() || line.speech < secs(3)), "{sound:?}: {:?}", record.sounds);
    }
}

#[test]
fn a_faint_caller_is_told_to_his_agent_alone_and_no_script_begins_unasked() {
    let mut world = World::talking("1001", Sound::Faint, Sound::Silence);
    let from = world.now;
    world.after(secs(40)).expect_up(CALLER).expect_up("1001");
    assert_eq!(times(&world, "sound.faint"), 1, "once a call");
    let told = world.times_of("1001", "caller_faint", from);
    assert!(told.len() == 1 && told[0].0 < secs(6), "{told:?}");
    assert!(world.times_of(CALLER, "caller_faint", from).is_empty() && world.times_of(CALLER, "low_volume_ask", from).is_empty());
    let record = world.ends_well();
    let sound = of_caller(&record);
    assert!(sound.faint && (-49..=-43).contains(&sound.level_dbov), "{sound:?}");
    assert!(record.scripts.is_empty());
}

#[test]
fn a_script_that_a_measurement_begins_asks_and_ends_when_he_speaks_up() {
    let mut world = talking_by(ASKS, Sound::Faint, Sound::Silence);
    let from = world.now;
    world.after(secs(8));
    assert_eq!(world.times_of(CALLER, "low_volume_ask", from).len(), 1);
    world.says(CALLER, Sound::Speech).after(secs(20));
    assert_eq!(world.times_of(CALLER, "low_volume_ask", from).len(), 1, "he has spoken up");
    let record = world.ends_well();
    let [script] = &record.scripts[..] else { panic!("{:?}", record.scripts) };
    assert_eq!((script.script.as_str(), script.begun_by, script.ending), ("faint-heard", BegunBy::Measurement, ScriptEnding::Helped));
    assert_eq!(record.outcome, Some(Outcome::Answered));
}

#[test]
fn a_measurement_releases_nobody_unless_the_house_says_so() {
    let mut world = talking_by(ASKS, Sound::Faint, Sound::Silence);
    world.after(secs(60)).expect_up(CALLER).expect_up("1001");
    let record = world.ends_well();
    assert_eq!((record.scripts.len(), record.scripts[0].ending, record.scripts[0].said), (1, ScriptEnding::Done, 2));
    let mut world = talking_by(RELEASES, Sound::Drowned, Sound::Silence);
    world.after(secs(20)).expect_ended(CALLER).expect_ended("1001");
    assert_eq!(times(&world, "sound.noisy"), 1);
    let record = world.ends_well();
    assert!(of_caller(&record).noisy);
    assert_eq!((record.scripts[0].begun_by, record.outcome), (BegunBy::Measurement, Some(Outcome::Scripted)));
}

#[test]
fn who_is_measured_in_a_script_or_on_hold_is_left_alone_until_it_is_over() {
    // The agent has begun the script by hand a moment before.
    let mut world = talking_by(ASKS, Sound::Faint, Sound::Silence);
    world.presses("1001", "**3").after(secs(14));
    assert_eq!((times(&world, "sound.faint"), times(&world, "script.began")), (0, 1));
    world.presses("1001", "**#").after(secs(3));
    assert_eq!((times(&world, "sound.faint"), times(&world, "script.began")), (1, 2), "when it is over it is seen that he is faint still");
    let begun: Vec<_> = world.ends_well().scripts.iter().map(|script| (script.script.clone(), script.begun_by)).collect();
    assert_eq!(begun, [("noisy".to_owned(), BegunBy::Agent), ("faint-heard".to_owned(), BegunBy::Measurement)]);
    // On hold nobody hears him.
    let mut world = talking_by(ASKS, Sound::Faint, Sound::Silence);
    world.holds("1001", crate::people::Way::SendOnly).after(secs(15));
    assert_eq!(times(&world, "sound.faint"), 0);
    world.retrieves("1001").after(secs(5));
    assert_eq!(times(&world, "sound.faint"), 1);
    world.ends_well();
}

#[test]
fn a_caller_who_hangs_up_while_he_is_measured_leaves_nothing_behind() {
    for long in [4_000, 4_400, 4_800, 5_200, 5_600, 6_000] {
        let mut world = talking_by(ASKS, Sound::Faint, Sound::Faint);
        world.after(millis(long - 2_500)).hangs_up(CALLER).after(secs(1)).expect_ended("1001");
        assert!(world.ends_well().scripts.iter().all(|script| script.ending == ScriptEnding::CutShort));
    }
}

#[test]
fn an_agent_is_told_how_he_sounds_at_most_once_a_minute() {
    for (sound, kind, clip) in
        [(Sound::Faint, "faint", "agent_faint"), (Sound::Shouted, "loud", "agent_loud"), (Sound::Drowned, "noisy", "agent_noisy")]
    {
        let mut world = World::talking("1001", Sound::Speech, sound);
        let from = world.now;
        world.after(secs(20));
        assert_eq!(kinds(&world), [kind]);
        // It is heard over the caller's voice, in pieces.
        assert!(!world.times_of("1001", clip, from).is_empty(), "{kind}");
        assert!(world.times_of(CALLER, clip, from).is_empty(), "to his ear alone");
        world.after(secs(300));
        let told: Vec<Instant> = world.events_named("agent.sound").map(|(at, _)| *at).collect();
        assert!((2..=3).contains(&told.len()), "{told:?}");
        assert!(told.windows(2).all(|two| two[1] - two[0] >= secs(60)), "{told:?}");
        let record = world.ends_well();
        let line = of_agent(&record);
        assert_eq!((line.faint, line.loud, line.noisy), (kind == "faint", kind == "loud", kind == "noisy"), "{line:?}");
        assert_eq!(line.clipped, kind == "loud", "{line:?}");
    }
}

#[test]
fn a_private_talk_with_the_caller_on_hold_is_told_and_a_word_is_not() {
    let hold = |world: &mut World| {
        let call = world.record().id;
        let order = PartyOrder::Hold { reason: None, promise: None };
        assert_eq!(world.command(Command::Parties { call, order }), Reply::Done);
    };
    // (how long he talks, whether he is told)
    for (long, told) in [(3, false), (12, true)] {
        let mut world = World::talking("1001", Sound::Silence, Sound::Silence);
        world.says(CALLER, Sound::Speech).after(secs(2)).says(CALLER, Sound::Silence);
        hold(&mut world);
        let from = world.now;
        world.after(secs(2)).says("1001", Sound::Speech).after(secs(long)).says("1001", Sound::Silence).after(secs(5));
        let heard = world.times_of("1001", "agent_open_microphone", from);
        assert_eq!(heard.len(), usize::from(told), "{long} s: {heard:?}");
        assert!(heard.iter().all(|(at, _)| *at >= secs(7) && *at < millis(7_600)), "{heard:?}");
        assert!(world.times_of(CALLER, "agent_open_microphone", from).is_empty());
        assert_eq!(kinds(&world), vec!["open-microphone"; usize::from(told)]);
        let record = world.ends_well();
        let open = record.sounds.iter().any(|sound| sound.agent.is_some() && sound.open_microphone);
        assert_eq!(open, told);
    }
    // What he says to the caller, or to whom he asks, is no private talk.
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.after(secs(20));
    world.agents_come(&["1002"]).agent_answers("1002", secs(1)).presses("1001", "*21002#").after(secs(15));
    assert_eq!(times(&world, "agent.sound"), 0);
    world.ends_well();
}

#[test]
fn an_agent_who_called_out_and_talks_to_nobody_is_told_too() {
    let mut world = World::with_agents(&["1001"]);
    world.add_phone("carrier", "127.0.0.1:5090", None);
    world.habit("1001", |habit| habit.sound = Sound::Silence).habit("carrier", |habit| habit.sound = Sound::Silence);
    world.agent_answers("carrier", secs(1)).dials("1001", "13900000009").after(secs(5)).expect_up("1001").expect_up("carrier");
    let from = world.now;
    // The customer is told how long it takes, and waits.
    world.presses("1001", "*760#").after(secs(5)).says("1001", Sound::Speech).after(secs(12)).says("1001", Sound::Silence).after(secs(2));
    assert_eq!(world.times_of("1001", "agent_open_microphone", from).len(), 1);
    assert!(world.times_of("carrier", "agent_open_microphone", from).is_empty());
    assert_eq!(kinds(&world), ["open-microphone"]);
    // The customer hears him again.
    world.presses("1001", "*6#").after(secs(1)).says("1001", Sound::Speech).after(secs(15));
    assert_eq!(kinds(&world), ["open-microphone"]);
    let record = world.ends_well();
    assert!(record.sounds.iter().all(|sound| sound.open_microphone == sound.agent.is_some()), "{:?}", record.sounds);
}

#[test]
fn who_is_listened_to_while_the_caller_leaves_a_conference_is_listened_to_still() {
    // He is measured, then a voice is waited for, and heard 3.7 s after his first word.
    for left in (3_000..3_700).step_by(50) {
        let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
        world.agents_come(&["1002"]).agent_answers("1002", secs(1)).habit("1002", |habit| habit.sound = Sound::Silence);
        world.presses("1001", "*21002#").after(secs(4)).presses("1001", "*5#").after(secs(2)).says("1001", Sound::Faint);
        let from = world.now;
        world.after(millis(left)).hangs_up(CALLER).after(secs(4)).expect_up("1001").expect_up("1002");
        let told: Vec<_> = world.events_named("agent.sound").map(|(at, _)| *at - from).collect();
        assert!(told.len() == 1 && told[0] < secs(4), "the caller left after {left} ms: {told:?}");
        world.ends_well();
    }
}

#[test]
fn a_greeting_that_is_played_begins_at_once_and_its_delay_is_on_the_record() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    let greeting = world.ends_well().greeting.expect("a greeting");
    assert_eq!(greeting.by, GreetedBy::Switch);
    assert!(greeting.delay.is_some_and(|delay| delay <= millis(20)), "{greeting:?}");
}

#[test]
fn a_greeting_has_the_time_of_day_and_the_company_where_it_is_told_to() {
    let overrides = [
        "rules.greeting.zone = \"Asia/Shanghai\"",
        "rules.greeting.company = \"company\"",
        "rules.greeting.by_time = { early = \"greeting_early\", morning = \"greeting_morning\", noon = \"greeting_noon\", afternoon = \"greeting_afternoon\", evening = \"greeting_evening\" }",
    ];
    let mut world = World::story_with(&[], &overrides);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = Sound::Silence);
    world.caller_dials("95000").says(CALLER, Sound::Silence).after(secs(1));
    let connected = world.now;
    world.after(secs(6));
    for party in [CALLER, "1001"] {
        let heard = world.leg(party).stream.heard_between(connected, world.now);
        let clips: Vec<&str> =
            heard.iter().filter_map(|(heard, ..)| if let Heard::Clip(name) = heard { Some(*name) } else { None }).collect();
        let part = clips.first().copied().unwrap_or_default();
        assert!(part.starts_with("greeting_"), "{clips:?}");
        let expected = [part, "company", "agent_number", "digits/1", "digits/0", "digits/1", "agent_greeting_suffix"];
        assert_eq!(clips, expected, "{party}");
    }
    world.ends_well();
}

#[test]
fn where_nothing_is_played_the_agents_first_words_are_his_greeting() {
    for (after, in_time) in [(1_500, Some(true)), (5_000, Some(false)), (11_000, None)] {
        let mut world = World::story_with(&[], &["rules.greeting.agent = \"not-named\""]);
        world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = Sound::Silence);
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(1)).expect_up("1001");
        world.after(millis(after)).says("1001", Sound::Speech).after(secs(3));
        let greeting = world.ends_well().greeting.expect("one was due");
        assert_eq!((greeting.by, greeting.delay.map(|delay| delay <= secs(3))), (GreetedBy::Agent, in_time), "{after}: {greeting:?}");
        let near = |delay: Duration| delay >= millis(after) && delay <= millis(after + 600);
        assert!(greeting.delay.is_none_or(near), "{after}: {greeting:?}");
    }
}

#[test]
fn a_silent_caller_whom_no_prompt_greets_is_asked_all_the_same() {
    let mut world = World::story_with(&[], &["rules.greeting.agent = \"not-named\""]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = Sound::Silence);
    world.caller_dials("95000").says(CALLER, Sound::Silence).after(secs(1)).expect_up("1001");
    let from = world.now;
    world.after(secs(30)).expect_ended(CALLER).expect_ended("1001");
    let asked = world.times_of(CALLER, "silent_ask", from);
    assert!(asked.len() == 1 && asked[0].0 >= millis(4_900) && asked[0].0 < millis(5_200), "{asked:?}");
    let record = world.ends_well();
    assert_eq!((record.outcome, record.greeting.expect("one was due").delay), (Some(Outcome::Silent), None));
}

#[test]
fn a_queue_has_a_company_of_its_own_and_an_agent_his_name() {
    let (agent, queue) = ("id = \"1001\"\n", "skill = \"service\"\nstrategy");
    let named = "id = \"1001\"\ngreeting = \"thanks\"\n";
    let mut world = World::story_with(&[(agent, named), (queue, "skill = \"service\"\ncompany = \"closed\"\nstrategy")], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = Sound::Silence);
    world.caller_dials("95000").says(CALLER, Sound::Silence).after(secs(1));
    let from = world.now;
    world.after(secs(4));
    world.expect_clip(CALLER, "closed", from, &[Duration::ZERO]).expect_clip(CALLER, "thanks", from, &[secs(1)]);
    assert!(world.times_of(CALLER, "digits/1", from).is_empty());
    world.ends_well();
}

#[test]
fn no_script_lets_an_agent_hang_up_on_a_customer_and_dialect_never_releases() {
    for (code, last) in [
        ("**1", "silent_farewell"),
        ("**2", "low_volume_farewell"),
        ("**3", "noise_farewell"),
        ("**5", "handset_farewell"),
        ("**4", "goodbye"),
    ] {
        let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
        world.says(CALLER, Sound::Silence).presses("1001", code).after(secs(3)).hangs_up("1001").after(secs(1));
        world.expect_ended("1001").expect_up(CALLER);
        let from = world.now;
        world.after(secs(40)).expect_ended(CALLER);
        assert_eq!(world.times_of(CALLER, last, from).len(), 1, "{code}");
        let record = world.ends_well();
        assert_eq!((record.hung_up_first, record.released_by), (Some(ReleasedBy::Agent), Some(ReleasedBy::Switch)), "{code}");
        // A dialect's caller is seen off like any other whose agent is gone.
        let (outcome, ending) =
            if code == "**4" { (Outcome::Answered, ScriptEnding::Done) } else { (Outcome::Scripted, ScriptEnding::Released) };
        assert_eq!((record.outcome, record.scripts[0].ending), (Some(outcome), ending), "{code}");
    }
}
