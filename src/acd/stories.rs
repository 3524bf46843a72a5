//! The ACD in stories, in the trade's words.

use super::*;
use crate::base::time::{millis, secs};
use crate::base::{Duration, Rng, Timestamp};

/// A floor of agents and a service desk, on virtual time.
pub(super) struct Floor {
    pub acd: Acd,
    pub now: Instant,
    pub log: Vec<Action>,
}

pub(super) fn call(n: u64) -> CallId {
    CallId::new(Timestamp(i64::try_from(n).expect("a small number")), &mut Rng::new(n))
}

pub(super) fn settings(agents: &[(&str, &[&str])], queues: &[(&str, &str, Duration)]) -> AcdSettings {
    let agent = |(id, skills): &(&str, &[&str])| {
        (AgentId::new(id), AgentSettings { skills: skills.iter().map(|skill| Skill::new(skill)).collect() })
    };
    let queue =
        |(id, skill, wrap_up): &(&str, &str, Duration)| (QueueId::new(id), QueueSettings { skill: Skill::new(skill), wrap_up: *wrap_up });
    AcdSettings {
        agents: agents.iter().map(agent).collect(),
        queues: queues.iter().map(queue).collect(),
        after_missed: AfterMissed::NotReady,
        ring_limit: secs(15),
    }
}

pub(super) const SERVICE: &[(&str, &str, Duration)] = &[("service", "service", Duration::ZERO)];

impl Floor {
    pub(super) fn with(settings: AcdSettings) -> Self {
        Self { acd: Acd::new(settings, Instant::START), now: Instant::START, log: Vec::new() }
    }

    /// Agents with the skill `service`, made ready a second apart in the order given.
    pub(super) fn of(ready: &[&str]) -> Self {
        let agents: Vec<(&str, &[&str])> = ready.iter().map(|id| (*id, &["service"][..])).collect();
        let mut floor = Self::with(settings(&agents, SERVICE));
        for id in ready {
            floor.ready(id).after(secs(1));
        }
        floor.log.clear();
        floor
    }

    pub(super) fn event(&mut self, event: Event) -> &mut Self {
        self.acd.handle(event, self.now, &mut self.log);
        self
    }

    pub(super) fn after(&mut self, time: Duration) -> &mut Self {
        let end = self.now + time;
        // Woken before its time, it does nothing.
        if self.acd.deadline().is_some_and(|at| at > self.now) {
            let before = (self.log.len(), self.acd.deadline());
            self.acd.handle_timeout(self.now, &mut self.log);
            assert_eq!((self.log.len(), self.acd.deadline()), before);
        }
        while let Some(at) = self.acd.deadline().filter(|at| *at <= end) {
            self.now = at;
            self.acd.handle_timeout(at, &mut self.log);
            assert!(self.acd.deadline().is_none_or(|next| next > at));
        }
        self.now = end;
        self
    }

    pub(super) fn ready(&mut self, agent: &str) -> &mut Self {
        self.event(Event::LoggedOn { agent: agent.into() }).event(Event::MadeReady { agent: agent.into() })
    }

    pub(super) fn not_ready(&mut self, agent: &str) -> &mut Self {
        self.event(Event::MadeNotReady { agent: agent.into(), reason: Reason::asked("meeting") })
    }

    pub(super) fn comes(&mut self, n: u64) -> &mut Self {
        self.comes_to("service", n, 5)
    }

    pub(super) fn comes_to(&mut self, queue: &str, n: u64, priority: u8) -> &mut Self {
        let since = self.now;
        self.event(Event::Enqueued { call: call(n), queue: queue.into(), priority, since })
    }

    pub(super) fn leaves(&mut self, n: u64) -> &mut Self {
        self.event(Event::Left { call: call(n), why: Leaving::Abandoned })
    }

    pub(super) fn rings(&mut self, agent: &str, n: u64) -> &mut Self {
        self.event(Event::Alerting { agent: agent.into(), call: call(n) })
    }

    pub(super) fn answers(&mut self, agent: &str, n: u64) -> &mut Self {
        self.event(Event::Answered { agent: agent.into(), call: call(n) })
    }

    pub(super) fn fails(&mut self, agent: &str, n: u64, result: OfferResult) -> &mut Self {
        self.event(Event::OfferEnded { agent: agent.into(), call: call(n), result })
    }

    pub(super) fn engaged(&mut self, agent: &str, n: u64) -> &mut Self {
        self.event(Event::Engaged { agent: agent.into(), call: call(n) })
    }

    pub(super) fn hangs_up(&mut self, agent: &str, n: u64) -> &mut Self {
        self.event(Event::Disengaged { agent: agent.into(), call: call(n) })
    }

    pub(super) fn now_minus(&self, time: Duration) -> Instant {
        Instant::START + (self.now.since_start() - time)
    }

    /// The offers and withdrawals since last asked: `1001←1` is an offer, `1001×1` a withdrawal, `~1` a caller kept waiting.
    pub(super) fn orders(&mut self) -> Vec<String> {
        let number = |id: &CallId| id.timestamp().0;
        let orders = self.log.iter().filter_map(|action| match action {
            Action::Offer { call, agent, .. } => Some(format!("{agent}←{}", number(call))),
            Action::Withdraw { call, agent } => Some(format!("{agent}×{}", number(call))),
            Action::KeepWaiting { call, .. } => Some(format!("~{}", number(call))),
            Action::Refuse { call, why, .. } => Some(format!("{why:?} {}", number(call))),
            Action::StateChanged { .. } => None,
        });
        let orders = orders.collect();
        self.log.clear();
        orders
    }

    /// `ready`, or `not-ready missed`.
    pub(super) fn state(&self, agent: &str) -> String {
        let agent = self.acd.agent(agent).expect("a configured agent");
        agent.reason.map_or(agent.state.to_string(), |reason| format!("{} {reason}", agent.state))
    }

    pub(super) fn figures(&self) -> Figures {
        self.acd.queue("service", self.now).expect("a configured queue").today
    }
}

#[test]
fn the_longest_idle_agent_is_offered_the_call_and_answers_it() {
    let mut floor = Floor::of(&["1002", "1001", "1003"]);
    floor.comes(1);
    assert_eq!(floor.orders(), ["1002←1"]);
    assert_eq!(floor.state("1002"), "reserved");
    assert_eq!(floor.rings("1002", 1).state("1002"), "ringing");
    assert_eq!(floor.answers("1002", 1).state("1002"), "talking");
    assert_eq!(floor.acd.agent("1002").and_then(|agent| agent.call), Some(call(1)));
    floor.after(secs(600));
    assert_eq!(floor.hangs_up("1002", 1).state("1002"), "ready");
    // His idle time began anew: he is behind the two others now.
    floor.comes(2).comes(3).comes(4).comes(5);
    assert_eq!(floor.orders(), ["1001←2", "1003←3", "1002←4", "~5"]);
}

#[test]
fn agents_idle_since_the_same_moment_are_taken_by_id() {
    let mut floor = Floor::with(settings(&[("1002", &["service"]), ("1001", &["service"])], SERVICE));
    floor.ready("1002").ready("1001").comes(1).comes(2);
    assert_eq!(floor.orders(), ["1001←1", "1002←2"]);
}

#[test]
fn every_change_of_state_is_told_with_its_reason() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).rings("1001", 1).fails("1001", 1, OfferResult::Missed);
    let told: Vec<String> = (floor.log.iter())
        .filter_map(|action| match action {
            Action::StateChanged { from, to, reason, .. } => Some(format!("{from}→{to} {reason:?}")),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["ready→reserved None", "reserved→ringing None", "ringing→not-ready Some(Missed)"]);
}

#[test]
fn a_missed_call_goes_to_the_next_at_once_and_the_agent_pauses() {
    let mut floor = Floor::of(&["1001", "1002", "1003"]);
    floor.comes(1).rings("1001", 1).after(secs(15)).fails("1001", 1, OfferResult::Missed);
    floor.rings("1002", 1).after(secs(15)).fails("1002", 1, OfferResult::Missed);
    assert_eq!(floor.orders(), ["1001←1", "1002←1", "1003←1"]);
    assert_eq!((floor.state("1001"), floor.state("1002")), ("not-ready missed".into(), "not-ready missed".into()));
    floor.fails("1003", 1, OfferResult::Missed);
    assert_eq!(floor.orders(), ["~1"]);
    assert_eq!(floor.event(Event::MadeReady { agent: "1002".into() }).orders(), ["1002←1"]);
    assert_eq!((floor.figures().offers, floor.figures().offers_missed), (4, 3));
}

#[test]
fn a_caller_keeps_his_place_by_first_arrival_through_every_offer() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).after(secs(1)).comes(2).after(secs(1)).comes(3).rings("1001", 1).fails("1001", 1, OfferResult::Missed);
    assert_eq!(floor.orders(), ["1001←1", "~2", "~3", "~1"]);
    floor.event(Event::MadeReady { agent: "1001".into() }).answers("1001", 1).hangs_up("1001", 1);
    assert_eq!(floor.orders(), ["1001←1", "1001←2"]);
}

#[test]
fn priority_goes_before_arrival() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).after(secs(1)).comes_to("service", 2, 5).after(secs(1)).comes_to("service", 3, 9);
    floor.answers("1001", 1).hangs_up("1001", 1);
    assert_eq!(floor.orders(), ["1001←1", "~2", "~3", "1001←3"]);
}

#[test]
fn after_missed_ready_the_agent_rests_and_stands_at_the_end() {
    let agents: &[(&str, &[&str])] = &[("1001", &["service"])];
    let mut floor = Floor::with(AcdSettings { after_missed: AfterMissed::Ready, ..settings(agents, SERVICE) });
    floor.ready("1001").comes(1).fails("1001", 1, OfferResult::Missed);
    assert_eq!((floor.orders(), floor.state("1001")), (vec!["1001←1".into(), "~1".into()], "ready".into()));
    assert_eq!(floor.after(millis(4_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1001←1"]);
}

#[test]
fn who_let_this_call_down_is_tried_after_everybody_else() {
    let mut floor = Floor::of(&["1001", "1002"]);
    // 1001 was busy for caller 1 and is rested again before 1003 comes to be free.
    floor.comes(1).fails("1001", 1, OfferResult::Busy).rings("1002", 1).after(secs(6));
    floor.comes_to("service", 7, 5).orders();
    assert_eq!(floor.state("1001"), "reserved", "another call he may well be offered");
    floor.leaves(7).after(secs(1));
    floor.acd.configure(
        settings(&[("1001", &["service"]), ("1002", &["service"]), ("1003", &["service"])], SERVICE),
        floor.now,
        &mut floor.log,
    );
    floor.ready("1003").after(secs(1)).orders();
    assert_eq!(floor.fails("1002", 1, OfferResult::Missed).orders(), ["1003←1"]);
    assert_eq!(floor.fails("1003", 1, OfferResult::Missed).orders(), ["1001←1"], "better than nobody");
}

#[test]
fn no_result_of_an_offer_can_loop() {
    for (result, state, again) in [
        (OfferResult::Rejected, "not-ready rejected", None),
        (OfferResult::Unreachable, "not-ready unreachable", None),
        (OfferResult::Missed, "not-ready missed", None),
        (OfferResult::Busy, "ready", Some(secs(5))),
        (OfferResult::Withdrawn, "ready", Some(secs(5))),
    ] {
        let mut floor = Floor::of(&["1001"]);
        floor.comes(1).fails("1001", 1, result);
        assert_eq!((floor.state("1001"), floor.orders()), (state.into(), vec!["1001←1".into(), "~1".into()]), "{result:?}");
        floor.after(millis(4_999));
        assert_eq!(floor.orders(), [""; 0], "{result:?}");
        floor.after(secs(1));
        assert_eq!(floor.orders().len(), usize::from(again.is_some()), "{result:?}");
    }
}

#[test]
fn an_unreachable_agent_is_ready_when_his_phone_registers_anew() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).fails("1001", 1, OfferResult::Unreachable).orders();
    assert_eq!(floor.event(Event::Reachable { agent: "1001".into() }).orders(), ["1001←1"]);
    // Registering again changes nothing for anybody else.
    floor.fails("1001", 1, OfferResult::Missed).event(Event::Reachable { agent: "1001".into() });
    assert_eq!(floor.state("1001"), "not-ready missed");
}

#[test]
fn a_caller_who_leaves_stops_the_ringing_and_the_agent_keeps_his_turn() {
    for rang in [false, true] {
        let mut floor = Floor::of(&["1001", "1002"]);
        floor.comes(1);
        if rang {
            floor.rings("1001", 1);
        }
        floor.after(secs(7)).leaves(1);
        assert_eq!(floor.orders(), ["1001←1", "1001×1"]);
        assert_eq!(floor.state("1001"), "ready");
        // What the phone says of it afterwards is of no interest.
        floor.fails("1001", 1, OfferResult::Withdrawn).rings("1001", 1);
        assert_eq!(floor.comes(2).orders(), ["1001←2"]);
    }
}

#[test]
fn the_ringing_of_one_who_left_serves_the_next_at_once() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2).leaves(1);
    assert_eq!(floor.orders(), ["1001←1", "~2", "1001×1", "1001←2"]);
}

#[test]
fn an_agent_on_any_call_is_not_offered_another() {
    let mut floor = Floor::of(&["1001"]);
    floor.engaged("1001", 90).comes(1).engaged("1001", 91).hangs_up("1001", 90);
    assert_eq!((floor.orders(), floor.state("1001")), (vec!["~1".into()], "talking".into()));
    floor.hangs_up("1001", 99).hangs_up("1001", 91);
    assert_eq!(floor.orders(), ["1001←1"]);
}

#[test]
fn an_agent_who_dials_while_his_phone_rings_gives_the_caller_to_the_next() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).rings("1001", 1).engaged("1001", 90);
    assert_eq!(floor.orders(), ["1001←1", "1001×1", "1002←1"]);
    assert_eq!(floor.hangs_up("1001", 90).state("1001"), "ready");
}

#[test]
fn a_pause_or_log_off_while_ringing_gives_the_caller_to_the_next() {
    for (off, state) in [(false, "not-ready meeting"), (true, "offline")] {
        let mut floor = Floor::of(&["1001", "1002"]);
        floor.comes(1).rings("1001", 1);
        if off {
            floor.event(Event::LoggedOff { agent: "1001".into() });
        } else {
            floor.not_ready("1001");
        }
        assert_eq!((floor.orders(), floor.state("1001")), (vec!["1001←1".into(), "1001×1".into(), "1002←1".into()], state.into()));
    }
}

#[test]
fn what_is_asked_for_during_a_call_comes_after_it() {
    let queues = &[("service", "service", secs(30))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    let agent = || AgentId::new("1001");
    floor.ready("1001").comes(1).answers("1001", 1).not_ready("1001");
    assert_eq!(floor.acd.agent("1001").map(|agent| (agent.state, agent.next)), Some((StateName::Talking, Some(StateName::NotReady))));
    assert_eq!(floor.hangs_up("1001", 1).state("1001"), "not-ready meeting");

    floor.event(Event::MadeReady { agent: agent() }).comes(2).answers("1001", 2).event(Event::LoggedOff { agent: agent() });
    floor.not_ready("1001").event(Event::MadeReady { agent: agent() });
    assert_eq!(floor.hangs_up("1001", 2).state("1001"), "offline", "who logs off must log on to be ready");

    floor.ready("1001").comes(3).answers("1001", 3).not_ready("1001").event(Event::MadeReady { agent: agent() });
    assert_eq!(floor.hangs_up("1001", 3).state("1001"), "wrap-up", "he took the pause back");

    floor.event(Event::MadeReady { agent: agent() }).comes(4).answers("1001", 4).event(Event::LoggedOff { agent: agent() });
    floor.event(Event::LoggedOn { agent: agent() });
    assert_eq!(floor.hangs_up("1001", 4).state("1001"), "not-ready logged-on");
}

#[test]
fn wrap_up_lasts_its_time_unless_he_ends_it_and_no_call_comes_in_it() {
    let queues = &[("service", "service", secs(30))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.ready("1001").comes(1).answers("1001", 1).hangs_up("1001", 1).comes(2).after(millis(29_999));
    assert_eq!((floor.orders(), floor.state("1001")), (vec!["1001←1".into(), "~2".into()], "wrap-up".into()));
    assert_eq!(floor.after(millis(1)).orders(), ["1001←2"]);
    floor.answers("1001", 2).hangs_up("1001", 2).comes(3).orders();
    assert_eq!(floor.event(Event::MadeReady { agent: "1001".into() }).orders(), ["1001←3"]);
    // A call that no queue gave him earns no wrap-up, and a pause ends one.
    floor.leaves(3).engaged("1001", 90).hangs_up("1001", 90);
    assert_eq!(floor.state("1001"), "ready");
    floor.comes(4).answers("1001", 4).hangs_up("1001", 4).not_ready("1001").after(secs(60));
    assert_eq!(floor.state("1001"), "not-ready meeting");
}

#[test]
fn of_several_calls_the_longest_wrap_up_counts_and_the_first_call_is_shown() {
    let queues = &[("service", "service", secs(30)), ("brief", "service", secs(5))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.comes(1).comes_to("brief", 2, 5).ready("1001").answers("1001", 1).after(secs(1)).answers("1001", 2);
    assert_eq!(floor.acd.agent("1001").and_then(|agent| agent.call), Some(call(1)));
    floor.hangs_up("1001", 1);
    assert_eq!(floor.acd.agent("1001").and_then(|agent| agent.call), Some(call(2)));
    floor.hangs_up("1001", 2).after(millis(29_999));
    assert_eq!(floor.state("1001"), "wrap-up");
    assert_eq!(floor.after(millis(1)).state("1001"), "ready");
}

#[test]
fn a_caller_reached_directly_and_then_enqueued_is_the_queues_from_then_on() {
    let queues = &[("service", "service", secs(30))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.ready("1001").engaged("1001", 1).after(secs(10)).comes(1).answers("1001", 1).after(secs(20)).hangs_up("1001", 1);
    assert_eq!(floor.state("1001"), "wrap-up");
    assert_eq!((floor.figures().handled, floor.figures().talked), (1, secs(20)));
}

#[test]
fn a_new_reason_is_a_new_spell_of_not_ready() {
    let mut floor = Floor::of(&["1001"]);
    floor.not_ready("1001").after(secs(60)).not_ready("1001");
    assert_eq!(floor.acd.agent("1001").map(|agent| agent.since), Some(floor.now_minus(secs(60))), "the same reason goes on");
    floor.log.clear();
    floor.event(Event::MadeNotReady { agent: "1001".into(), reason: Reason::asked("break") });
    assert_eq!(floor.acd.agent("1001").map(|agent| agent.since), Some(floor.now));
    let (agent, from, to) = ("1001".into(), StateName::NotReady, StateName::NotReady);
    assert_eq!(floor.log, [Action::StateChanged { agent, from, to, reason: Some(Reason::asked("break")) }]);
}

#[test]
fn an_agent_may_use_his_phone_whatever_his_state_and_returns_to_it() {
    let mut floor = Floor::of(&["1001"]);
    floor.event(Event::LoggedOff { agent: "1001".into() }).engaged("1001", 90);
    assert_eq!(floor.state("1001"), "talking");
    assert_eq!(floor.hangs_up("1001", 90).state("1001"), "offline");
    floor.ready("1001").not_ready("1001").engaged("1001", 91).hangs_up("1001", 91);
    assert_eq!(floor.state("1001"), "not-ready meeting");
}

#[test]
fn a_picked_up_call_stops_the_phone_it_was_offered_to() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).rings("1001", 1).answers("1002", 1);
    assert_eq!(floor.orders(), ["1001←1", "1001×1"]);
    assert_eq!((floor.state("1001"), floor.state("1002"), floor.figures().answered), ("ready".into(), "talking".into(), 1));
}

#[test]
fn an_offer_whose_end_is_never_told_is_given_up() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).after(millis(19_999));
    assert_eq!(floor.orders(), ["1001←1"]);
    floor.after(millis(1));
    assert_eq!((floor.orders(), floor.state("1001")), (vec!["1001×1".into(), "1002←1".into()], "not-ready unreachable".into()));
    floor.after(secs(9)).rings("1002", 1).after(secs(20));
    assert_eq!((floor.orders(), floor.state("1002")), (vec!["1002×1".into(), "~1".into()], "not-ready missed".into()));
}

#[test]
fn skills_decide_and_an_agent_of_two_takes_the_older_caller() {
    let queues = &[("service", "service", Duration::ZERO), ("english", "english", Duration::ZERO)];
    let mut floor = Floor::with(settings(&[("1001", &["service"]), ("1002", &["english", "service"]), ("1003", &["other"])], queues));
    floor.ready("1003").ready("1001").comes_to("english", 1, 5).after(secs(1)).comes_to("service", 2, 5);
    assert_eq!(floor.orders(), ["~1", "1001←2"]);
    floor.after(secs(1)).comes_to("service", 3, 5).ready("1002");
    assert_eq!(floor.orders(), ["~3", "1002←1"]);
    floor.answers("1002", 1).hangs_up("1002", 1);
    assert_eq!(floor.orders(), ["1002←3"]);
    let english = floor.acd.queue("english", floor.now).expect("a configured queue");
    assert_eq!(english.agents[StateName::Reserved as usize], (StateName::Reserved, 1));
    assert_eq!(english.agents.iter().map(|(_, count)| count).sum::<usize>(), 1);
}

#[test]
fn a_queue_takes_so_many_and_no_more() {
    let mut floor = Floor::of(&["1001"]);
    floor.not_ready("1001");
    let max = crate::base::limits::QUEUE_WAITING_MAX as u64;
    for n in 0..=max {
        floor.comes(n);
    }
    assert_eq!(floor.orders().last(), Some(&format!("Full {max}")));
    assert_eq!((floor.figures().offered, floor.figures().refused), (max, 1));
    floor.comes_to("nowhere", max + 1, 5);
    assert_eq!(floor.orders(), [format!("Unknown {}", max + 1)]);
}

#[test]
fn a_reload_keeps_states_calls_and_figures() {
    let mut floor = Floor::of(&["1001", "1002", "1003"]);
    floor.comes(1).answers("1001", 1).comes(2).rings("1002", 2).orders();
    // 1001 (talking) and 1002 (ringing) are gone; 1004 is new.
    let next = settings(&[("1003", &["service"]), ("1004", &["service"])], SERVICE);
    floor.acd.configure(next, floor.now, &mut floor.log);
    assert_eq!(floor.orders(), ["1002×2", "1003←2"]);
    assert_eq!((floor.state("1001"), floor.state("1003"), floor.state("1004")), ("talking".into(), "reserved".into(), "offline".into()));
    assert_eq!(floor.acd.agent("1002"), None);
    floor.hangs_up("1001", 1);
    assert_eq!(floor.acd.agent("1001"), None);
    assert_eq!((floor.figures().offered, floor.figures().handled), (2, 1));
}

#[test]
fn an_agent_who_is_back_before_his_call_ends_logs_on_again() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).answers("1001", 1);
    for agents in [&[][..], &[("1001", &["service"][..])][..]] {
        floor.acd.configure(settings(agents, SERVICE), floor.now, &mut floor.log);
    }
    assert_eq!(floor.hangs_up("1001", 1).state("1001"), "offline");
}

#[test]
fn a_queue_that_is_gone_serves_those_who_wait() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2).orders();
    floor.acd.configure(settings(&[("1001", &["service"])], &[]), floor.now, &mut floor.log);
    floor.comes(3).answers("1001", 1).hangs_up("1001", 1);
    assert_eq!(floor.orders(), ["Unknown 3", "1001←2"]);
    assert!(floor.acd.queue("service", floor.now).is_some());
    floor.answers("1001", 2);
    assert_eq!(floor.acd.queue("service", floor.now), None);
}

#[test]
fn new_skills_count_at_once() {
    let queues = &[("service", "service", Duration::ZERO), ("english", "english", Duration::ZERO)];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.ready("1001").comes_to("english", 1, 5).orders();
    floor.acd.configure(settings(&[("1001", &["english"])], queues), floor.now, &mut floor.log);
    assert_eq!(floor.orders(), ["1001←1"]);
}

#[test]
fn figures_keep_their_identity_over_midnight() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2).comes(3).comes(4).after(secs(3)).answers("1001", 1).leaves(2);
    floor.event(Event::Left { call: call(3), why: Leaving::Overflowed });
    let queue = floor.acd.queue("service", floor.now).expect("a configured queue");
    let today = queue.today;
    assert_eq!((today.offered, today.answered, today.abandoned, today.overflowed, queue.waiting), (4, 1, 1, 1, 1));
    assert_eq!((today.answered_wait, today.short_abandoned, queue.longest_wait), (secs(3), 1, secs(3)));
    floor.event(Event::DayBegan);
    assert_eq!(floor.figures(), Figures { offered: 1, ..Figures::default() });
}

#[test]
fn facts_about_strangers_change_nothing() {
    let mut floor = Floor::of(&["1001"]);
    floor.ready("9999").not_ready("9999").rings("9999", 1).hangs_up("9999", 1).engaged("9999", 1).leaves(1);
    floor.fails("1001", 1, OfferResult::Missed).rings("1001", 1).hangs_up("1001", 1);
    assert_eq!((floor.log.len(), floor.state("1001")), (0, "ready".into()));
}

#[test]
fn a_reason_of_ones_own_is_cut_at_its_bound() {
    assert_eq!(Reason::asked(&"会".repeat(500)).as_str().chars().count(), crate::base::limits::REASON_LETTERS_MAX);
}

#[test]
fn a_call_that_is_told_again_stays_the_queues_call() {
    let mut floor = Floor::with(settings(&[("1001", &["service"])], &[("service", "service", secs(30))]));
    floor.ready("1001").comes(1).answers("1001", 1).after(secs(10)).engaged("1001", 1).after(secs(10)).hangs_up("1001", 1);
    assert_eq!((floor.state("1001"), floor.figures().talked), ("wrap-up".into(), secs(20)));
}

#[test]
fn a_phone_that_registers_during_its_call_is_reachable_after_it() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).fails("1001", 1, OfferResult::Unreachable).leaves(1).engaged("1001", 90);
    floor.event(Event::Reachable { agent: "1001".into() }).hangs_up("1001", 90);
    assert_eq!(floor.state("1001"), "ready");
}

#[test]
fn a_caller_who_enters_another_queue_has_left_the_first() {
    let queues = &[("service", "service", Duration::ZERO), ("vip", "service", Duration::ZERO)];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.comes(1).after(secs(8)).comes_to("vip", 1, 9);
    assert_eq!((floor.figures().offered, floor.figures().overflowed), (1, 1));
    assert_eq!(floor.acd.queue_of(call(1)), Some(&"vip".into()));
    let waiting = ["service", "vip"].map(|id| floor.acd.queue(id, floor.now).expect("a configured queue").waiting);
    assert_eq!(waiting, [0, 1]);
}

#[test]
fn a_snapshot_shows_the_call_and_what_follows_it() {
    let mut floor = Floor::of(&["1001"]);
    let shown = |floor: &Floor| floor.acd.agent("1001").map(|agent| (agent.call, agent.next)).expect("a configured agent");
    assert_eq!(shown(&floor), (None, None));
    floor.comes(1);
    assert_eq!(shown(&floor), (Some(call(1)), None));
    assert_eq!((floor.acd.offered_to(call(1)), floor.acd.queue_of(call(1))), (Some(&"1001".into()), Some(&"service".into())));
    floor.rings("1001", 1);
    assert_eq!(shown(&floor), (Some(call(1)), None));
    floor.answers("1001", 1);
    assert_eq!(shown(&floor), (Some(call(1)), Some(StateName::Ready)));
    assert_eq!((floor.acd.offered_to(call(1)), floor.acd.queue_of(call(1))), (None, None));
    assert_eq!(shown(floor.not_ready("1001")), (Some(call(1)), Some(StateName::NotReady)));
    assert_eq!(shown(floor.event(Event::LoggedOff { agent: "1001".into() })), (Some(call(1)), Some(StateName::Offline)));
    floor.comes(2);
    assert_eq!(floor.acd.offered_to(call(2)), None);
    let agent = floor.acd.agents().next().expect("a configured agent");
    assert_eq!((agent.agent, &*agent.skills), ("1001".into(), &["service".into()][..]));
}

#[test]
fn states_reasons_and_skills_are_shown_as_the_readers_know_them() {
    let states = ["offline", "ready", "reserved", "ringing", "talking", "wrap-up", "not-ready"];
    for (at, (state, name)) in StateName::ALL.into_iter().zip(states).enumerate() {
        assert_eq!((state as usize, state.as_str(), format!("{state:>9}")), (at, name, format!("{name:>9}")));
    }
    let reasons = [Reason::LoggedOn, Reason::Missed, Reason::Rejected, Reason::Unreachable, Reason::asked("lunch")];
    let shown = reasons.map(|reason| format!("{reason:<11}|"));
    assert_eq!(shown, ["logged-on  |", "missed     |", "rejected   |", "unreachable|", "lunch      |"]);
    let skill = Skill::new("service");
    assert_eq!((skill.as_str(), skill.to_string(), format!("{skill:?}")), ("service", "service".into(), "\"service\"".into()));
}

#[test]
fn the_wait_of_a_queue_is_its_longest() {
    let mut floor = Floor::of(&["1001"]);
    let wait = |floor: &Floor| floor.acd.queue("service", floor.now).expect("a configured queue").longest_wait;
    assert_eq!(wait(&floor), Duration::ZERO);
    floor.not_ready("1001").comes(1).after(secs(3)).comes(2).after(secs(4));
    assert_eq!(wait(&floor), secs(7));
    assert_eq!(wait(floor.leaves(1)), secs(4));
    assert_eq!(floor.figures().longest_wait, secs(7));
}
