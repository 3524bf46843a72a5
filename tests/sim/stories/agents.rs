//! Agents between calls: the house's reasons for not being ready, the time after a call, and what follows when offers are let go.

use crate::people::OnRing;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::AgentId;
use sanling::base::time::{millis, secs};
use sanling::switch::input::{Command, RequestedState};
use sanling::switch::output::Reply;

const QUEUE: &str = "wrap_up = \"0s\"";
const MISSED: &str = "after_missed = \"not-ready\"";

fn world_of(replace: &[(&str, &str)]) -> World {
    let mut world = World::story_with(replace, &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1));
    world
}

impl World {
    fn asks(&mut self, state: RequestedState, reason: Option<&str>) -> Reply {
        self.command(Command::SetAgentState { agent: AgentId::new("1001"), state, reason: reason.map(str::to_owned) })
    }

    /// He has a call of half a minute, and the caller hangs up.
    fn has_a_call(&mut self) -> &mut Self {
        self.caller_dials("95000").after(secs(30)).expect_up("1001").hangs_up(CALLER).after(millis(100))
    }

    fn let_go(&self) -> sanling::acd::Counters {
        self.snapshot().agents.iter().find(|agent| agent.id.as_str() == "1001").expect("he is there").let_go
    }
}

#[test]
fn the_usual_reasons_are_dialled_and_each_begins_a_spell_of_its_own() {
    let mut world = World::with_agents(&["1001"]);
    let mut since = Vec::new();
    for (code, reason) in [("*16", "break"), ("*17", "meal"), ("*18", "training"), ("*15", "meeting")] {
        world.dials("1001", code).after(secs(2)).expect_ended("1001").expect_agent("1001", "not-ready", Some(reason));
        since.push(world.agent("1001").since);
    }
    assert!(since.windows(2).all(|pair| pair[0] < pair[1]), "{since:?}");
    // The same again is no new spell.
    assert_eq!(world.asks(RequestedState::NotReady, Some("meeting")), Reply::Done);
    assert_eq!(world.agent("1001").since, since[3]);
    world.ends_well();
}

#[test]
fn reasons_of_the_house_stand_in_place_of_the_usual_ones_and_a_meeting_always_is_one() {
    let own = "[[reason]]\nid = \"prayer\"\nname = \"Prayer\"\ncode = \"*91\"\n[[queue]]";
    let mut world = world_of(&[("[[queue]]", own)]);
    world.dials("1001", "*91").after(secs(2)).expect_agent("1001", "not-ready", Some("prayer"));
    world.dials("1001", "*15").after(secs(2)).expect_agent("1001", "not-ready", Some("meeting"));
    world.dials("1001", "*13").after(secs(2)).expect_agent("1001", "ready", None);
    // Nobody has this code any more.
    world.dials("1001", "*16").after(secs(2)).expect_agent("1001", "ready", None);
    let known = ["prayer", "meeting", "not-ready"].map(str::to_owned).to_vec();
    assert_eq!(world.asks(RequestedState::NotReady, Some("break")), Reply::UnknownReason { known });
    world.expect_agent("1001", "ready", None);
    // A reload brings the usual ones back; what he is at stays.
    assert_eq!(world.asks(RequestedState::NotReady, Some("prayer")), Reply::Done);
    assert_eq!(world.reload(&[], &[]), ["reasons: 2 → 4"]);
    world.expect_agent("1001", "not-ready", Some("prayer"));
    assert_eq!(world.asks(RequestedState::NotReady, Some("break")), Reply::Done);
    world.expect_agent("1001", "not-ready", Some("break"));
    world.ends_well();
}

#[test]
fn a_reason_pressed_in_a_call_comes_after_it() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.presses("1001", "*17").after(secs(2)).expect_agent("1001", "talking", None);
    world.hangs_up(CALLER).after(millis(100)).expect_agent("1001", "not-ready", Some("meal"));
    world.ends_well();
}

#[test]
fn a_mandatory_wrap_up_is_cut_short_by_nobody() {
    let mut world = world_of(&[(QUEUE, "wrap_up = \"20s\"\nwrap_up_kind = \"mandatory\"")]);
    world.has_a_call().expect_agent("1001", "wrap-up", None);
    assert_eq!(world.agent("1001").wrap_up.map(|(kind, _)| kind), Some("mandatory"));
    world.dials("1001", "*13").after(secs(3)).expect_agent("1001", "wrap-up", None);
    assert!(matches!(world.asks(RequestedState::Ready, None), Reply::Refused(why) if why.contains("cut short")));
    // A restart ends it no sooner and no later.
    world.crash(secs(1)).after(secs(16)).expect_agent("1001", "wrap-up", None).dials("second", "95000").expect_not_ringing("1001");
    world.after(secs(1)).expect_ringing("1001");
    world.ends_well();
}

#[test]
fn a_wrap_up_until_done_ends_with_his_word_and_without_it_he_is_not_ready() {
    let until_done = [(QUEUE, "wrap_up = \"20s\"\nwrap_up_kind = \"until-done\"")];
    let mut world = world_of(&until_done);
    world.has_a_call().after(secs(5)).dials("1001", "*13").after(secs(2)).expect_agent("1001", "ready", None);
    let mut world = world_of(&until_done);
    world.has_a_call().after(secs(19)).expect_agent("1001", "wrap-up", None);
    world.after(secs(1)).expect_agent("1001", "not-ready", Some("wrap-up-overdue"));
    assert_eq!(world.asks(RequestedState::Ready, None), Reply::Done);
    world.expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn two_calls_may_be_missed_where_the_house_says_so_and_the_third_is_one_too_many() {
    let mut world = world_of(&[(MISSED, "missed = { after = 3, then = \"log-off\" }")]);
    world.agent_ignores("1001").caller_dials("95000");
    for missed in 1..3 {
        world.after(secs(16)).expect_agent("1001", "ready", None);
        assert_eq!(world.let_go().missed, missed);
        world.after(secs(4)).expect_ringing("1001");
    }
    world.after(secs(16)).expect_agent("1001", "offline", None);
    world.ends_well();
}

#[test]
fn an_answered_call_forgives_what_was_missed_before_over_a_restart_too() {
    let mut world = world_of(&[(MISSED, "missed = { after = 2, then = \"not-ready\" }")]);
    world.agent_ignores("1001").caller_dials("95000").after(secs(16)).expect_agent("1001", "ready", None);
    world.crash(secs(1)).after(secs(1));
    assert_eq!(world.let_go().missed, 1, "it is remembered");
    world.agent_answers("1001", secs(1)).after(secs(8)).expect_up("1001");
    assert_eq!(world.let_go().missed, 0);
    world.hangs_up(CALLER).after(secs(1)).agent_ignores("1001").dials("second", "95000").after(secs(16));
    world.expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn each_cause_has_a_limit_of_its_own() {
    let limits = "rejected = { after = 2 }\nbusy = { after = 2, then = \"not-ready\" }\nafter_missed = \"not-ready\"";
    for (code, reason) in [(603, "rejected"), (486, "busy")] {
        let mut world = world_of(&[(MISSED, limits)]);
        world.habit("1001", |habit| habit.on_ring = OnRing::Refuse(code, millis(500))).caller_dials("95000").after(secs(1));
        world.expect_agent("1001", "ready", None).after(secs(6)).expect_agent("1001", "not-ready", Some(reason));
        world.ends_well();
    }
    // As shipped the first refusal is enough.
    let mut world = world_of(&[]);
    world.agent_refuses("1001", 603).caller_dials("95000").after(secs(1)).expect_agent("1001", "not-ready", Some("rejected"));
    world.ends_well();
}
