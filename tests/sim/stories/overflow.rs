//! Overflow: where a caller goes whom his queue does not take, or not any longer.

use crate::phones::Saw;
use crate::sound::Heard;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::QueueId;
use sanling::base::time::{millis, secs};
use sanling::call::record::{CallRecord, Outcome, ReleasedBy};
use sanling::switch::output::Detail;

const QUEUE: &str = "wrap_up = \"0s\"";

/// `service` as the story wants it, and `second`, which the same agents serve.
fn world_of(service: &str, second: &str) -> World {
    let queues = format!("{service}\n[[queue]]\nid = \"second\"\nskill = \"service\"\n{second}");
    World::story_with(&[(QUEUE, &queues)], &[])
}

impl World {
    /// 1001 speaks with `served`, and `waiting` waits: the queue holds no more.
    fn full(&mut self) -> &mut Self {
        self.agents_come(&["1001"]).agent_answers("1001", secs(1)).dials("served", "95000").after(secs(2)).expect_up("1001");
        self.agent_ignores("1001").dials("waiting", "95000").after(millis(200)).expect_up("waiting")
    }

    fn diverted(&self) -> Vec<[String; 3]> {
        let text = |detail: &Detail| if let Detail::Text(text) = detail { text.clone() } else { String::new() };
        let told = self.events_named("call.diverted");
        told.map(|(_, event)| std::array::from_fn(|n| text(&event.detail[n].1))).collect()
    }

    /// The record of the one who called from there.
    pub fn record_of(&self, caller: &str) -> &CallRecord {
        self.records.values().filter(|record| record.caller == caller).max_by_key(|record| record.id).expect("a record")
    }

    fn overflowed(&self, queue: &str) -> (u64, u64) {
        let figures = self.snapshot().queues.into_iter().find(|view| view.id.as_str() == queue).expect("a queue").today;
        (figures.offered, figures.flowed_out)
    }
}

fn told(from: &str, to: &str, why: &str) -> [String; 3] {
    [from, to, why].map(str::to_owned)
}

#[test]
fn who_finds_the_queue_full_waits_in_the_next_one() {
    let mut world = world_of("capacity = 1\noverflow = [\"queue:second\"]", "");
    world.full().caller_dials("95000").after(millis(200)).expect_up(CALLER).after(secs(3));
    world.expect_hears(CALLER, Heard::Clip("music/hold"));
    assert_eq!(world.diverted(), [told("service", "queue:second", "full")]);
    assert_eq!((world.overflowed("service"), world.overflowed("second")), ((2, 0), (1, 0)), "he was never in the first");
    world.agent_answers("1001", secs(1)).hangs_up("waiting").hangs_up("served").after(secs(3)).expect_up("1001");
    world.expect_up(CALLER).after(secs(3)).hangs_up(CALLER).after(secs(1));
    let record = world.record_of(CALLER);
    assert_eq!((record.queue.as_ref().map(QueueId::as_str), record.outcome), (Some("second"), Some(Outcome::Answered)));
    world.ends_well();
}

#[test]
fn a_full_second_queue_is_passed_over_and_the_end_of_the_chain_is_heard() {
    let mut world = world_of("capacity = 1\noverflow = [\"queue:second\", \"play:closed\"]", "capacity = 1");
    world.full().dials("third", "95000").after(secs(1)).expect_up("third");
    let from = world.now;
    world.caller_dials("95000").after(millis(500)).expect_hears(CALLER, Heard::Clip("closed")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(world.times_of(CALLER, "closed", from).len(), 1);
    assert_eq!(world.diverted(), [told("service", "queue:second", "full"), told("service", "play:closed", "full")]);
    let record = world.record_of(CALLER);
    assert_eq!((record.outcome, record.released_by), (Some(Outcome::Refused), Some(ReleasedBy::Switch)));
    world.ends_well();
}

#[test]
fn each_reason_may_have_its_own_chain() {
    let chains = "join = \"logged-on\"\noverflow = [\"reject:486\"]\noverflow_nobody = [\"reject:604\"]";
    let mut world = world_of(chains, "");
    world.caller_dials("95000").after(millis(500));
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 604, .. }));
    assert_eq!(world.diverted(), [told("service", "reject:604", "nobody-logged-on")]);
    let mut world = world_of("capacity = 1\noverflow = [\"reject:486\"]\noverflow_nobody = [\"reject:604\"]", "");
    world.full().caller_dials("95000").after(millis(500));
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 486, .. }));
    assert_eq!(world.record_of(CALLER).outcome, Some(Outcome::Refused));
    world.ends_well();
}

#[test]
fn who_has_waited_long_enough_is_given_to_an_agent_and_when_he_says_no_goes_further() {
    let mut world = world_of("max_wait = \"10s\"\noverflow_expired = [\"agent:1002\", \"agent:1003\", \"play:closed\"]", "");
    // 1002 has no phone, and 1003 will not.
    world.agents_come(&["1003"]).dials("1003", "*14").after(secs(2)).agent_refuses("1003", 603);
    world.caller_dials("95000").after(millis(200)).expect_up(CALLER).after(secs(9)).expect_not_ringing("1003");
    world.after(secs(1)).expect_ringing("1003").after(secs(1)).expect_hears(CALLER, Heard::Clip("closed"));
    world.after(secs(2)).expect_ended(CALLER);
    let expected = [told("service", "agent:1003", "expired"), told("service", "play:closed", "expired")];
    assert_eq!(world.diverted(), expected);
    assert_eq!(world.overflowed("service"), (1, 1));
    assert_eq!(world.record_of(CALLER).outcome, Some(Outcome::Refused));
    world.ends_well();
}

#[test]
fn an_agent_at_the_end_of_a_chain_answers_and_the_chain_is_over() {
    let mut world = world_of("max_wait = \"10s\"\noverflow = [\"agent:1003\", \"play:closed\"]", "");
    world.agents_come(&["1003"]).dials("1003", "*14").after(secs(2)).agent_answers("1003", secs(2));
    world.caller_dials("95000").after(secs(14)).expect_up("1003").expect_conversation(CALLER, "1003");
    world.hangs_up(CALLER).after(secs(1)).expect_ended("1003").expect_agent("1003", "not-ready", Some("not-ready"));
    assert_eq!(world.record_of(CALLER).outcome, Some(Outcome::Answered));
    assert_eq!(world.diverted().len(), 1);
    world.ends_well();
}

#[test]
fn without_a_chain_one_who_was_answered_hears_so_before_he_is_released() {
    let mut world = world_of("max_wait = \"10s\"", "");
    world.caller_dials("95000").after(millis(200)).expect_up(CALLER);
    let from = world.now;
    world.after(secs(10)).expect_hears(CALLER, Heard::Clip("closed")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(world.times_of(CALLER, "closed", from).len(), 1);
    assert!(world.diverted().is_empty());
    let record = world.ends_well();
    assert_eq!((record.outcome, record.released_by), (Some(Outcome::Refused), Some(ReleasedBy::Switch)));
    // Who hangs up meanwhile was turned away all the same.
    let mut world = world_of("max_wait = \"10s\"", "");
    world.caller_dials("95000").after(millis(10_600)).expect_hears(CALLER, Heard::Clip("closed")).hangs_up(CALLER).after(secs(1));
    let record = world.ends_well();
    assert_eq!((record.outcome, record.released_by), (Some(Outcome::Refused), Some(ReleasedBy::Caller)));
}

#[test]
fn an_agent_who_is_free_in_the_same_moment_has_him_or_the_chain_has_him_and_never_both() {
    let (mut served, mut diverted) = (0, 0);
    for early in 0..20 {
        let mut world = world_of("max_wait = \"10s\"\noverflow = [\"play:closed\"]", "");
        world.agents_come(&["1001"]).agent_answers("1001", millis(500)).dials("served", "95000").after(secs(2)).expect_up("1001");
        world.caller_dials("95000").after(millis(9_990 + early)).hangs_up("served").after(secs(1));
        let with_agent = world.records.values().any(|record| record.caller == CALLER && !record.offers.is_empty());
        assert_ne!(with_agent, world.diverted().len() == 1, "{early} ms");
        served += u64::from(with_agent);
        diverted += u64::from(!with_agent);
        world.after(secs(3)).ends_well();
    }
    assert!(served > 0 && diverted > 0, "{served} served, {diverted} diverted: this shows one side alone");
}

#[test]
fn the_chain_is_as_a_reload_has_it_and_a_restart_goes_on_with_it() {
    let mut world = world_of("max_wait = \"20s\"\noverflow = [\"reject:486\"]", "");
    world.agents_come(&["1003"]).dials("1003", "*14").after(secs(2)).agent_ignores("1003").caller_dials("95000").after(secs(5));
    let queues = "max_wait = \"20s\"\noverflow = [\"agent:1003\", \"play:closed\"]\n[[queue]]\nid = \"second\"\nskill = \"service\"\n";
    world.reload(&[(QUEUE, queues)], &[]);
    world.after(secs(16)).expect_ringing("1003").crash(secs(1)).after(secs(3));
    world.after(secs(70)).expect_ended(CALLER);
    let last = world.diverted().last().cloned();
    assert_eq!(last, Some(told("service", "play:closed", "expired")));
    world.ends_well();
}
