//! Who waits is called back instead: his wish, his place in line, the call to him with the agent or himself first, and the list of those
//! who abandoned a long wait. The customer's phone at home stands behind the carrier.

use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, CallId, Instant};
use sanling::call::record::{CallBackWhy, CallDirection, CallRecord, Outcome, VisitEnding};
use sanling::media::control::Channel;
use sanling::switch::input::Command;
use sanling::switch::output::{Detail, Reply};
use sanling::switch::view::CallBackView;

const QUEUE: &str = "wrap_up = \"0s\"";
const HOME: &str = "carrier";
/// What is asked on the way sounds alike: as the last of those clips.
const ASKED: &str = "dialect_call_back";

/// The queue offers call-backs with these keys; 1001 is there, and busy with `first`.
fn world_with(keys: &str) -> World {
    let queue = format!("{QUEUE}\n[queue.call_back]\nkey = \"1\"\noffer_after = \"5s\"\n{keys}");
    let mut world = World::story_with(&[(QUEUE, &queue)], &[]);
    world.add_phone(HOME, "127.0.0.1:5090", None);
    world.agent_answers(HOME, secs(2)).habit(HOME, |habit| habit.sound = Sound::Speech);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).dials("first", "95000").after(secs(4)).expect_up("1001");
    world
}

impl World {
    /// The caller waits in music, and presses these keys with a pause after the first.
    fn wishes(&mut self, keys: &str) -> &mut Self {
        self.caller_dials("95000").after(secs(9));
        let (first, rest) = keys.split_at(1);
        self.presses(CALLER, first).after(secs(2));
        if !rest.is_empty() {
            self.presses(CALLER, rest);
        }
        self.after(millis(100 + 200 * rest.len() as u64))
    }

    fn call_backs(&mut self) -> Vec<CallBackView> {
        match self.command(Command::CallBacks) {
            Reply::CallBacks(all) => all,
            other => panic!("{other:?}"),
        }
    }

    /// Of those who are to be called back: number, why, state, tries.
    fn awaiting_call(&mut self) -> Vec<(String, &'static str, &'static str, u32)> {
        let all = self.call_backs().into_iter().map(|view| view.call_back);
        all.map(|one| (one.number, one.why.name(), one.state.name(), one.tries)).collect()
    }

    fn closed_as(&self) -> Vec<String> {
        let how = |detail: &[(&str, Detail)]| match detail.iter().find(|(name, _)| *name == "how") {
            Some((_, Detail::Text(text))) => text.clone(),
            other => panic!("{other:?}"),
        };
        self.events_named("call_back.closed").map(|(_, event)| how(&event.detail)).collect()
    }

    fn called_back(&self) -> Vec<&CallRecord> {
        self.records.values().filter(|record| record.call_back.is_some()).collect()
    }

    fn said_to(&self, name: &str, clip: &'static str, from: Instant) -> usize {
        self.times_of(name, clip, from).len()
    }

    fn called_back_count(&self) -> (u64, u64) {
        let queue = self.snapshot().queues.into_iter().find(|view| view.id.as_str() == "service").expect("a queue");
        (queue.today.offered, queue.today.called_back)
    }
}

fn waits(state: &'static str, tries: u32) -> Vec<(String, &'static str, &'static str, u32)> {
    vec![(CALLER.to_owned(), "asked", state, tries)]
}

#[test]
fn he_is_told_that_he_may_be_called_back_and_again_after_a_while() {
    let mut world = world_with("every = \"20s\"");
    world.caller_dials("95000").after(secs(16));
    let answered = world.record_of(CALLER).answered_at.is_some();
    assert!(answered);
    assert_eq!(world.events_named("call_back.offered").count(), 1);
    world.after(secs(20));
    assert_eq!(world.events_named("call_back.offered").count(), 2);
    let from = Instant::START;
    assert_eq!((world.said_to(CALLER, "call_back_offer", from), world.said_to(CALLER, "digits/1", from)), (2, 2));
    assert!(world.said_to(CALLER, "queue_comfort", from) >= 1, "and in between that he is not forgotten");
    world.ends_well();
}

#[test]
fn who_flows_over_while_he_is_asked_is_asked_no_more() {
    let queue = "wrap_up = \"0s\"\nmax_wait = \"14s\"\noverflow = [\"menu:main\"]\n[queue.call_back]\nkey = \"1\"\noffer_after = \"5s\"\n\
         [[menu]]\nid = \"main\"\nprompt = \"survey_ask\"\ntimeout = \"20s\"\nkeys = { 2 = \"queue:service\" }\n";
    let mut world = World::story_with(&[(QUEUE, queue)], &[]);
    world.caller_dials("95000").after(millis(13_500));
    let pressed = world.now;
    world.presses(CALLER, "1").after(secs(1));
    assert_eq!(world.said_to(CALLER, ASKED, pressed), 1);
    // Past the end of the question: he is at the menu, where nothing of the queue comforts him, and his keys are the menu's.
    let from = world.now;
    world.after(secs(16)).expect_up(CALLER);
    assert_eq!((world.said_to(CALLER, "queue_comfort", from), world.said_to(CALLER, "call_back_offer", from)), (0, 0));
    world.presses(CALLER, "2").after(secs(2));
    assert_eq!(world.events_named("menu.chosen").count(), 1, "the key was the menu's");
}

#[test]
fn he_confirms_hangs_up_keeps_his_place_and_speaks_with_the_agent_who_is_free_next() {
    let mut world = world_with("");
    world.wishes("1#").expect_hears(CALLER, Heard::Clip("call_back_promised")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(world.awaiting_call(), waits("waiting", 0));
    assert_eq!(world.called_back_count(), (2, 1));
    // Who came after him waits behind him.
    world.dials("later", "95000").after(secs(5)).hangs_up("first").after(millis(1_600)).expect_up("1001");
    world.expect_hears("1001", Heard::Clip("call_back_agent")).after(secs(4)).expect_up(HOME);
    world.expect_conversation(HOME, "1001").expect_up("later").expect_hears("later", Heard::Clip("music/hold"));
    world.says("1001", Sound::Silence).says(HOME, Sound::Speech).after(secs(2)).hangs_up(HOME).after(secs(12));
    world.expect_conversation("later", "1001");
    assert_eq!((world.awaiting_call(), world.closed_as()), (vec![], vec!["reached".to_owned()]));
    let made = world.called_back()[0].id;
    let chosen: Vec<_> =
        world.decisions.iter().filter(|decision| decision.call == made).filter_map(|decision| decision.chosen.clone()).collect();
    assert_eq!(chosen, [AgentId::new("1001")], "why he was called by 1001 is told with the call that was made");
    assert_eq!(world.called_back_count(), (3, 1), "the call-back is not one more who came");
    let asked = world.record_of(CALLER).clone();
    assert_eq!(asked.outcome, Some(Outcome::CallBack));
    assert_eq!(asked.visits.last().map(|visit| visit.ending), Some(VisitEnding::CalledBack));
    let made = world.called_back()[0].clone();
    assert_eq!((made.direction, made.called.as_str(), made.outcome), (CallDirection::Outbound, CALLER, Some(Outcome::Answered)));
    let call_back = made.call_back.clone().expect("one");
    assert_eq!((call_back.asked_in, call_back.why, call_back.attempt), (asked.id, CallBackWhy::Asked, 1));
    assert_eq!(made.agent, Some(AgentId::new("1001")));
    // The customer on the left, the agent on the right.
    let take = &world.disk.takes[&made.id];
    let spoke = u64::try_from(made.released_at.expect("over").0 - made.answered_at.expect("answered").0).expect("later") - 1_500;
    assert!(take.level(Channel::Left, millis(spoke), secs(1)) > -40.0);
    assert!(take.level(Channel::Right, millis(spoke), secs(1)) < -60.0);
    world.ends_well();
}

#[test]
fn who_changes_his_mind_or_says_nothing_waits_on_in_his_place() {
    for keys in ["1*", "12", "1"] {
        let mut world = world_with("");
        world.wishes(keys).after(secs(10)).expect_up(CALLER).dials("later", "95000").after(secs(8));
        assert_eq!(world.awaiting_call(), [], "{keys}");
        world.hangs_up("first").after(secs(5)).expect_conversation(CALLER, "1001");
        assert!(world.said_to(CALLER, "queue_comfort", Instant::START) > 0, "{keys}");
        world.ends_well();
    }
}

#[test]
fn an_agent_who_answers_while_he_is_asked_has_him() {
    let mut world = world_with("");
    world.caller_dials("95000").after(secs(9)).presses(CALLER, "1").after(millis(300)).hangs_up("first").after(secs(5));
    world.expect_conversation(CALLER, "1001").presses(CALLER, "#").after(secs(10)).expect_up(CALLER);
    assert_eq!(world.awaiting_call(), []);
    world.ends_well();
}

#[test]
fn other_numbers_are_given_only_where_the_configuration_has_them() {
    let mut world = world_with("numbers = [\"139XXXXXXXX\"]");
    world.wishes("113700000000#").after(secs(2));
    assert!(world.said_to(CALLER, "call_back_wrong_number", Instant::START) == 1, "{:?}", world.phone(CALLER).log);
    world.presses(CALLER, "13900000000#").after(secs(8)).expect_ended(CALLER);
    let numbers: Vec<String> = world.call_backs().into_iter().map(|view| view.call_back.number).collect();
    assert_eq!(numbers, ["13900000000"]);
    let read = ["1", "3", "9"].map(|digit| world.said_to(CALLER, Box::leak(format!("digits/{digit}").into_boxed_str()), Instant::START));
    assert_eq!(read, [1, 1, 1], "it is read back to him");
    world.hangs_up("first").after(secs(8)).expect_up(HOME);
    assert_eq!(world.called_back()[0].called, "13900000000");
    world.ends_well();
}

#[test]
fn the_agent_misses_it_and_the_next_one_has_it() {
    let mut world = world_with("");
    world.wishes("1#").after(secs(3)).agents_come(&["1002"]);
    // 1002 is there before 1001 is free, and lets it ring.
    world.agent_ignores("1002").after(secs(16)).expect_agent("1002", "not-ready", Some("missed"));
    world.hangs_up("first").after(secs(9)).expect_up(HOME).expect_conversation(HOME, "1001");
    // Whom nobody took stood in line again; the customer was called once.
    let made: Vec<_> =
        world.called_back().iter().map(|record| (record.outcome, record.call_back.as_ref().map(|one| one.attempt))).collect();
    assert_eq!(made[0], (Some(Outcome::NoAnswer), Some(1)));
    assert_eq!((made.len(), made[1].1), (2, Some(1)));
    let offers = world.called_back().into_iter().flat_map(|record| &record.offers);
    let offers: Vec<_> = offers.map(|offer| (offer.agent.to_string(), offer.result.name())).collect();
    assert_eq!(offers, [("1002".to_owned(), "missed"), ("1001".to_owned(), "answered")]);
    world.ends_well();
}

#[test]
fn who_does_not_answer_is_called_again_so_many_times() {
    let mut world = world_with("tries = 2\nretry_after = \"60s\"\nring_for = \"10s\"");
    world.agent_ignores(HOME).wishes("1#").after(secs(2)).hangs_up("first").after(secs(20));
    world.expect_agent("1001", "ready", None).expect_saw(HOME, |saw| matches!(saw, Saw::Cancelled { .. }));
    assert_eq!(world.awaiting_call(), waits("resting", 1));
    assert_eq!(world.said_to("1001", "call_back_not_reached", Instant::START), 1, "the agent is told");
    world.after(secs(80));
    assert_eq!((world.awaiting_call(), world.closed_as()), (vec![], vec!["not-reached".to_owned()]));
    let made: Vec<_> = world.called_back().iter().map(|record| record.call_back.as_ref().map(|one| one.attempt)).collect();
    assert_eq!(made, [Some(1), Some(2)]);
    assert!(world.called_back().iter().all(|record| record.outcome == Some(Outcome::NoAnswer)), "{:?}", world.called_back()[0].outcome);
    world.ends_well();
}

#[test]
fn with_the_customer_first_he_is_called_when_an_agent_is_free_and_waits_before_all_others() {
    let mut world = world_with("first = \"customer\"");
    world.wishes("1#").after(secs(2)).dials("later", "95000").after(secs(2)).hangs_up("first").after(secs(1)).expect_ringing(HOME);
    // The agent was not kept from the next caller, who speaks with him meanwhile.
    world.after(secs(3)).expect_conversation("later", "1001").expect_up(HOME);
    assert_eq!(world.said_to(HOME, "call_back_reached", Instant::START), 1);
    world.dials("third", "95000").after(secs(9)).expect_hears(HOME, Heard::Clip("music/hold")).hangs_up("later").after(secs(5));
    world.expect_conversation(HOME, "1001").hangs_up(HOME).after(secs(14)).expect_conversation("third", "1001");
    assert_eq!(world.closed_as(), ["reached"]);
    let made = world.called_back()[0];
    assert_eq!((made.outcome, made.agent.as_ref().map(AgentId::as_str)), (Some(Outcome::Answered), Some("1001")));
    world.ends_well();
}

#[test]
fn who_calls_by_himself_is_not_called_any_more() {
    let mut world = world_with("ring_for = \"5s\"\nretry_after = \"60s\"");
    world.agent_ignores(HOME).wishes("1#").after(secs(2)).hangs_up("first").after(secs(15));
    assert_eq!(world.awaiting_call(), waits("resting", 1));
    world.caller_dials("95000").after(secs(5)).expect_conversation(CALLER, "1001");
    assert_eq!((world.awaiting_call(), world.closed_as()), (vec![], vec!["called-again".to_owned()]));
    world.hangs_up(CALLER).after(secs(90)).expect_not_ringing("1001").ends_well();
}

#[test]
fn his_place_lives_through_a_crash_and_so_does_the_call_to_him() {
    let mut world = world_with("");
    world.wishes("1#").after(secs(3)).dials("later", "95000").after(secs(8)).crash(secs(1)).after(secs(2));
    assert_eq!(world.awaiting_call(), waits("waiting", 0));
    world.hangs_up("first").after(millis(700)).expect_ringing("1001").crash(millis(200)).after(secs(5));
    world.expect_conversation(HOME, "1001").crash(millis(300)).after(secs(3)).expect_conversation(HOME, "1001");
    assert_eq!((world.awaiting_call(), world.closed_as()), (vec![], vec!["reached".to_owned()]));
    world.ends_well();
}

#[test]
fn who_abandons_a_long_wait_is_listed_and_an_agent_calls_him() {
    let mut world = world_with("abandoned_after = \"10s\"");
    world.dials("13800000009", "95000").after(secs(5)).hangs_up("13800000009").after(secs(1));
    assert_eq!(world.awaiting_call(), [], "he did not wait long");
    world.caller_dials("95000").after(secs(20)).hangs_up(CALLER).after(secs(1));
    assert_eq!(world.awaiting_call(), [(CALLER.to_owned(), "abandoned", "listed", 0)]);
    world.hangs_up("first").after(secs(8)).expect_not_ringing(HOME);
    world.dials("1001", "*80").after(secs(4)).expect_conversation(HOME, "1001");
    assert_eq!((world.awaiting_call(), world.closed_as()), (vec![], vec!["reached".to_owned()]));
    world.hangs_up("1001").after(secs(20));
    world.dials("1001", "*80").after(secs(1));
    world.expect_saw("1001", |saw| matches!(saw, Saw::Refused { code: 404, .. }));
    world.ends_well();
}

#[test]
fn a_program_has_an_agent_call_or_drops_it() {
    let mut world = world_with("abandoned_after = \"5s\"");
    world.caller_dials("95000").after(secs(20)).hangs_up(CALLER).after(secs(1));
    let id = world.call_backs()[0].id;
    let take = |world: &mut World, agent: &str| world.command(Command::TakeCallBack { id, agent: AgentId::new(agent) });
    assert!(matches!(take(&mut world, "1001"), Reply::Refused(_)), "he is talking");
    assert_eq!(take(&mut world, "4711"), Reply::UnknownAgent);
    world.hangs_up("first").after(secs(8));
    assert_eq!(take(&mut world, "1001"), Reply::Done);
    assert!(matches!(take(&mut world, "1001"), Reply::Refused(_)), "being called");
    assert!(matches!(world.command(Command::DropCallBack { id }), Reply::Refused(_)));
    world.after(millis(200)).expect_ringing("1001").after(secs(4)).expect_conversation(HOME, "1001").hangs_up("1001").after(secs(14));
    assert_eq!(world.closed_as(), ["reached"]);
    assert_eq!(take(&mut world, "1001"), Reply::UnknownCall);
    world.hangs_up(HOME).caller_dials("95000").after(millis(500)).agent_ignores("1001");
    let unknown: CallId = world.record().id;
    assert_eq!(world.command(Command::DropCallBack { id: unknown }), Reply::UnknownCall);
    world.ends_well();
}
