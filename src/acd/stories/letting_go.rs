//! Offers that agents let go, in stories: each cause is counted, has its own limit and its own consequence.

use super::super::*;
use super::{Floor, desk, skilled};
use crate::base::limits::OFFER_REST;
use OfferResult::{Busy, Missed, Rejected, Unreachable, Withdrawn};

fn floor(limits: Limits) -> Floor {
    let settings = desk(&[("1001", skilled(&[("service", 1)]))], &[("service", QueueSettings::of("service"))]);
    let mut floor = Floor::with(AcdSettings { limits, ..settings });
    floor.ready("1001");
    floor
}

fn all(after: u32, then: Consequence) -> Limits {
    let limit = Limit { after, then };
    Limits { missed: limit, rejected: limit, busy: limit, unreachable: limit }
}

impl Floor {
    /// He is offered a call, lets it go so, and has rested since.
    fn lets_go(&mut self, n: u64, result: OfferResult) -> &mut Self {
        self.comes(n).fails("1001", n, result).leaves(n).after(OFFER_REST)
    }

    fn counts(&self) -> [u32; 4] {
        let counters = self.acd.agent("1001").expect("he is configured").counters;
        Cause::ALL.map(|cause| counters.of(cause))
    }
}

#[test]
fn each_cause_has_its_limit_and_its_consequence() {
    for (result, reason) in [(Missed, "missed"), (Rejected, "rejected"), (Busy, "busy"), (Unreachable, "unreachable")] {
        for (then, state) in [
            (Consequence::NotReady, format!("not-ready {reason}")),
            (Consequence::Ready, "ready".to_owned()),
            (Consequence::LogOff, "offline".to_owned()),
        ] {
            let mut floor = floor(all(2, then));
            floor.lets_go(1, result);
            assert_eq!(floor.state("1001"), "ready", "{reason}: one is below the limit");
            assert_eq!(floor.lets_go(2, result).state("1001"), state, "{reason} {then:?}");
        }
        let mut never = floor(all(0, Consequence::LogOff));
        for n in 1..10 {
            assert_eq!(never.lets_go(n, result).state("1001"), "ready", "{reason}: no limit");
        }
    }
}

#[test]
fn causes_are_counted_apart_and_what_was_no_doing_of_his_is_not() {
    let mut floor = floor(all(2, Consequence::NotReady));
    floor.lets_go(1, Missed).lets_go(2, Rejected).lets_go(3, Busy).lets_go(4, Withdrawn);
    assert_eq!((floor.state("1001"), floor.counts()), ("ready".into(), [1, 1, 1, 0]));
    floor.lets_go(5, Rejected);
    assert_eq!((floor.state("1001"), floor.counts()), ("not-ready rejected".into(), [1, 2, 1, 0]));
}

#[test]
fn an_answered_call_begins_all_counts_anew_and_a_call_of_no_queue_does_not() {
    let mut floor = floor(all(2, Consequence::NotReady));
    floor.lets_go(1, Missed).engaged("1001", 90).hangs_up("1001", 90);
    assert_eq!(floor.counts(), [1, 0, 0, 0]);
    floor.comes(2).answers("1001", 2);
    assert_eq!(floor.counts(), [0, 0, 0, 0]);
    assert_eq!(floor.hangs_up("1001", 2).lets_go(3, Missed).state("1001"), "ready");
}

#[test]
fn who_comes_back_from_a_consequence_has_paid_for_it_alone() {
    let mut floor = floor(all(2, Consequence::NotReady));
    floor.lets_go(1, Rejected).lets_go(2, Missed).lets_go(3, Missed);
    assert_eq!((floor.state("1001"), floor.counts()), ("not-ready missed".into(), [2, 1, 0, 0]));
    floor.ready("1001");
    assert_eq!(floor.counts(), [0, 1, 0, 0]);
    assert_eq!(floor.lets_go(4, Missed).state("1001"), "ready");
    // A pause of another kind is no payment.
    floor.not_ready("1001").ready("1001");
    assert_eq!(floor.lets_go(5, Missed).state("1001"), "not-ready missed");
}

#[test]
fn a_phone_that_registers_anew_is_reachable_and_who_logs_on_begins_anew() {
    let mut floor = floor(all(2, Consequence::NotReady));
    floor.lets_go(1, Unreachable).lets_go(2, Unreachable);
    assert_eq!(floor.state("1001"), "not-ready unreachable");
    floor.event(Event::Reachable { agent: "1001".into() });
    assert_eq!((floor.state("1001"), floor.counts()), ("ready".into(), [0; 4]));
    floor.lets_go(3, Missed).event(Event::LoggedOff { agent: "1001".into() }).ready("1001");
    assert_eq!(floor.counts(), [0; 4]);
}

#[test]
fn counts_live_through_a_reload_and_a_new_limit_counts_from_the_next_offer() {
    let mut floor = floor(all(3, Consequence::NotReady));
    floor.lets_go(1, Missed).lets_go(2, Missed);
    let settings = desk(&[("1001", skilled(&[("service", 1)]))], &[("service", QueueSettings::of("service"))]);
    floor.reconfigure(AcdSettings { limits: all(2, Consequence::LogOff), ..settings });
    assert_eq!((floor.state("1001"), floor.counts()), ("ready".into(), [2, 0, 0, 0]));
    assert_eq!(floor.lets_go(3, Missed).state("1001"), "offline");
}
