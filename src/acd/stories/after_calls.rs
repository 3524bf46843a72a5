//! The time after a call in stories: who may end it, and what follows it.

use super::super::*;
use super::{Floor, desk_of, skilled};
use crate::base::Duration;
use crate::base::time::{millis, secs};

fn floor(kind: WrapUpKind) -> Floor {
    let queue = QueueSettings { wrap_up: secs(30), wrap_up_kind: kind, ..QueueSettings::of("service") };
    desk_of(&[("1001", skilled(&[("service", 1)]))], queue)
}

impl Floor {
    fn made_ready(&mut self) -> &mut Self {
        self.event(Event::MadeReady { agent: "1001".into() })
    }

    fn logged_off(&mut self) -> &mut Self {
        self.event(Event::LoggedOff { agent: "1001".into() })
    }

    fn after_a_call(&mut self, n: u64) -> &mut Self {
        self.comes(n).serves("1001", n, secs(60)).orders();
        assert_eq!(self.state("1001"), "wrap-up");
        self
    }
}

#[test]
fn ready_ends_what_he_may_end_and_not_what_he_must_do() {
    for (kind, state) in [(WrapUpKind::Optional, "ready"), (WrapUpKind::UntilDone, "ready"), (WrapUpKind::Mandatory, "wrap-up")] {
        let mut floor = floor(kind);
        floor.after_a_call(1).after(secs(10));
        assert_eq!(floor.acd.agent("1001").and_then(|agent| agent.wrap_up), Some((kind, floor.now + secs(20))));
        floor.made_ready();
        assert_eq!(floor.state("1001"), state, "{kind}");
    }
}

#[test]
fn what_follows_its_end_is_ready_or_not_ready_when_he_has_not_said_that_he_is_done() {
    let cases = [(WrapUpKind::Optional, "ready"), (WrapUpKind::Mandatory, "ready"), (WrapUpKind::UntilDone, "not-ready wrap-up-overdue")];
    for (kind, state) in cases {
        let mut floor = floor(kind);
        floor.after_a_call(1).comes(2).orders();
        floor.after(millis(29_999));
        assert_eq!((floor.state("1001"), floor.orders()), ("wrap-up".into(), vec![]), "{kind}");
        let offered = if state == "ready" { vec!["1001←2".to_owned()] } else { vec![] };
        assert_eq!(floor.after(millis(1)).orders(), offered, "{kind}");
        if state != "ready" {
            assert_eq!(floor.state("1001"), state);
            assert_eq!(floor.made_ready().orders(), ["1001←2"], "now he is done");
        }
    }
}

#[test]
fn a_pause_asked_for_in_a_mandatory_one_comes_after_it_and_can_be_taken_back() {
    let mut asks = floor(WrapUpKind::Mandatory);
    asks.after_a_call(1).not_ready("1001");
    assert_eq!(asks.acd.agent("1001").map(|agent| (agent.state, agent.next)), Some((StateName::WrapUp, Some(StateName::NotReady))));
    asks.after(secs(30));
    assert_eq!(asks.state("1001"), "not-ready meeting");

    let mut takes_back = floor(WrapUpKind::Mandatory);
    takes_back.after_a_call(1).not_ready("1001").made_ready().after(secs(30));
    assert_eq!(takes_back.state("1001"), "ready");

    // Asked for in the call already.
    let mut in_call = floor(WrapUpKind::Mandatory);
    in_call.comes(1).answers("1001", 1).not_ready("1001").hangs_up("1001", 1);
    assert_eq!(in_call.state("1001"), "wrap-up");
    assert_eq!(in_call.after(secs(30)).state("1001"), "not-ready meeting");
    // Where he may end it, the pause is in its place.
    for kind in [WrapUpKind::Optional, WrapUpKind::UntilDone] {
        let mut floor = floor(kind);
        floor.comes(1).answers("1001", 1).not_ready("1001").hangs_up("1001", 1);
        assert_eq!(floor.state("1001"), "not-ready meeting", "{kind}");
    }
}

#[test]
fn a_call_that_he_makes_in_it_does_not_cut_it_short() {
    // (kind, how long he speaks, the state afterwards)
    let cases: [(WrapUpKind, Duration, &str); 5] = [
        (WrapUpKind::Optional, secs(5), "ready"),
        (WrapUpKind::UntilDone, secs(5), "wrap-up"),
        (WrapUpKind::Mandatory, secs(5), "wrap-up"),
        (WrapUpKind::Mandatory, secs(40), "ready"),
        (WrapUpKind::UntilDone, secs(40), "not-ready wrap-up-overdue"),
    ];
    for (kind, talk, state) in cases {
        let mut floor = floor(kind);
        let ends = floor.after_a_call(1).now + secs(30);
        floor.engaged("1001", 90).after(talk).hangs_up("1001", 90);
        assert_eq!(floor.state("1001"), state, "{kind} {talk:?}");
        if state == "wrap-up" {
            assert_eq!(floor.acd.agent("1001").and_then(|agent| agent.wrap_up), Some((kind, ends)), "at the same moment");
        }
    }
}

#[test]
fn who_logs_off_in_it_has_gone_home() {
    for kind in WrapUpKind::ALL {
        let mut floor = floor(kind);
        floor.after_a_call(1).logged_off();
        assert_eq!(floor.state("1001"), "offline", "{kind}");
        assert_eq!(floor.after(secs(60)).state("1001"), "offline");
    }
}

#[test]
fn it_keeps_its_kind_and_its_end_through_a_reload() {
    let mut floor = floor(WrapUpKind::Mandatory);
    floor.after_a_call(1);
    let queue = QueueSettings { wrap_up: secs(5), ..QueueSettings::of("service") };
    floor.reconfigure(super::desk(&[("1001", skilled(&[("service", 1)]))], &[("service", queue)])).made_ready();
    assert_eq!(floor.state("1001"), "wrap-up");
    assert_eq!(floor.after(secs(30)).state("1001"), "ready");
    // The next is as the queue says now.
    floor.after_a_call(2).made_ready();
    assert_eq!(floor.state("1001"), "ready");
}
