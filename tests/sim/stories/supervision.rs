//! A supervisor hears a call, speaks to its agent alone, to both, or in his place; from his own phone, by a key, or because a program has his
//! phone called. All of it is on the record.

use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::AgentId;
use sanling::base::time::{millis, secs};
use sanling::call::record::{CallRecord, SegmentEnding, SegmentRole};
use sanling::switch::input::{Command, PartyOrder, SupervisionMode};
use sanling::switch::output::Reply;

fn talking() -> World {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.agents_come(&["1000"]);
    world
}

/// The caller's record, and not that of the way in.
fn ends_well(world: &mut World) -> CallRecord {
    world.ends_well();
    let of_queue = world.records.values().find(|record| record.queue.is_some());
    let ways_in = world.records.values().filter(|record| record.merged_into.is_some()).count();
    assert_eq!(ways_in, 1, "his own call is on record as the way in");
    of_queue.expect("the caller's").clone()
}

/// Who of the three hears whom: a row a speaker, a column a hearer, in the order caller, agent, supervisor.
#[track_caller]
fn expect_heard(world: &mut World, expected: [[bool; 3]; 3]) {
    let all = [CALLER, "1001", "1000"];
    for (speaker, hears) in all.into_iter().zip(expected) {
        for one in all {
            world.says(one, if one == speaker { Sound::Speech } else { Sound::Silence });
        }
        world.after(millis(800));
        for (hearer, hears) in all.into_iter().zip(hears) {
            let heard = world.hears(hearer) == Heard::Voice;
            assert_eq!(heard, hears, "{hearer} hears {speaker}");
        }
    }
}

const LISTENS: [[bool; 3]; 3] = [[false, true, true], [true, false, true], [false, false, false]];
const WHISPERS: [[bool; 3]; 3] = [[false, true, true], [true, false, true], [false, true, false]];
const BARGES_IN: [[bool; 3]; 3] = [[false, true, true], [true, false, true], [true, true, false]];

#[test]
fn each_code_opens_the_ears_it_should() {
    for (code, expected, role) in [
        ("*811001", LISTENS, SegmentRole::Listening),
        ("*821001", WHISPERS, SegmentRole::Whispering),
        ("*831001", BARGES_IN, SegmentRole::BargingIn),
    ] {
        let mut world = talking();
        world.dials("1000", code).after(millis(500)).expect_up("1000");
        expect_heard(&mut world, expected);
        world.expect_agent("1000", "talking", None).hangs_up("1000").after(millis(500)).expect_conversation(CALLER, "1001");
        world.expect_agent("1000", "offline", None);
        let record = ends_well(&mut world);
        let parts: Vec<_> = record.segments.iter().map(|part| (part.agent.as_str(), part.role, part.ending)).collect();
        assert_eq!(parts, [("1001", SegmentRole::Serving, SegmentEnding::Left), ("1000", role, SegmentEnding::Left)], "{code}");
    }
}

#[test]
fn keys_change_what_he_is() {
    let mut world = talking();
    world.dials("1000", "*811001").after(millis(500)).presses("1000", "6").after(millis(500));
    expect_heard(&mut world, BARGES_IN);
    world.presses("1000", "5").after(millis(500));
    expect_heard(&mut world, WHISPERS);
    world.presses("1000", "4").after(millis(500));
    expect_heard(&mut world, LISTENS);
    let record = ends_well(&mut world);
    let his: Vec<_> = record.segments.iter().filter(|part| part.agent.as_str() == "1000").map(|part| part.role).collect();
    assert_eq!(his, [SegmentRole::Listening, SegmentRole::BargingIn, SegmentRole::Whispering, SegmentRole::Listening]);
}

#[test]
fn he_takes_over_and_the_agent_is_free() {
    let mut world = talking();
    world.dials("1000", "*841001").after(millis(500)).expect_up("1000").expect_ended("1001").expect_agent("1001", "ready", None);
    world.expect_conversation(CALLER, "1000");
    let record = ends_well(&mut world);
    assert_eq!(record.segments[0].ending, SegmentEnding::Transferred);
    assert_eq!(record.agent.as_ref().map(AgentId::as_str), Some("1000"));
}

#[test]
fn a_program_has_his_phone_called_and_he_goes_as_he_came() {
    let mut world = talking();
    let call = world.record().id;
    world.agent_answers("1000", secs(1));
    let order = |mode| PartyOrder::Supervise { supervisor: "1000".into(), mode };
    let ordered = |world: &mut World, order| world.command(Command::Parties { call, order });
    assert_eq!(ordered(&mut world, order(SupervisionMode::Whisper)), Reply::Done);
    world.after(secs(2)).expect_up("1000");
    expect_heard(&mut world, WHISPERS);
    assert_eq!(ordered(&mut world, order(SupervisionMode::BargeIn)), Reply::Done);
    world.after(millis(200));
    expect_heard(&mut world, BARGES_IN);
    assert_eq!(ordered(&mut world, PartyOrder::EndSupervision { supervisor: "1000".into() }), Reply::Done);
    world.after(millis(500)).expect_ended("1000").expect_conversation(CALLER, "1001");
    assert!(matches!(ordered(&mut world, PartyOrder::EndSupervision { supervisor: "1000".into() }), Reply::Refused(_)));
    world.ends_well();
}

#[test]
fn an_agent_is_no_supervisor_and_a_silent_phone_has_no_call() {
    let mut world = talking();
    let call = world.record().id;
    world.agents_come(&["1002"]).dials("1002", "*811001").after(millis(500));
    world.expect_saw("1002", |saw| matches!(saw, Saw::Refused { code: 403, .. }));
    world.dials("1000", "*811003").after(millis(500)).expect_saw("1000", |saw| matches!(saw, Saw::Refused { code: 480, .. }));
    let order = PartyOrder::Supervise { supervisor: "1002".into(), mode: SupervisionMode::Listen };
    assert!(matches!(world.command(Command::Parties { call, order }), Reply::Refused(_)));
    world.expect_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn he_hears_on_through_a_crash_and_through_a_transfer() {
    let mut world = talking();
    world.dials("1000", "*811001").after(millis(500)).crash(millis(300)).after(millis(500));
    expect_heard(&mut world, LISTENS);
    world.agents_come(&["1002"]).agent_answers("1002", secs(1)).refers("1001", "1002").after(secs(3)).expect_up("1002");
    world.says(CALLER, Sound::Speech).says("1002", Sound::Silence).after(millis(800)).expect_hears("1000", Heard::Voice);
    world.says(CALLER, Sound::Silence).says("1002", Sound::Speech).after(millis(800)).expect_hears("1000", Heard::Voice);
    world.ends_well();
}
