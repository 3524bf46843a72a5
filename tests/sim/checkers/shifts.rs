//! Agents' states: each change leaves the state that was entered last, so that the times in them sum to the day; and nobody stays reserved,
//! ringing or working after a call beyond the deadline of that state.

use super::{Complaints, after_all_grace, is_kept};
use sanling::base::{Deadlines, Duration, Instant};
use sanling::switch::view::AgentView;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Shifts {
    agents: BTreeMap<String, Shift>,
    late: Deadlines<String>,
}

struct Shift {
    state: String,
    since: Instant,
    spent: BTreeMap<String, Duration>,
    /// Its last change fell into the last moment before a crash: it may be undone.
    uncertain: bool,
}

impl Shifts {
    /// `within`: how long the new state may last at most, if it is one that passes.
    pub fn changed(&mut self, agent: &str, from: &str, to: &str, within: Option<Duration>, now: Instant, complaints: &mut Complaints) {
        let begin = || Shift { state: "offline".to_owned(), since: Instant::START, spent: BTreeMap::new(), uncertain: false };
        let shift = self.agents.entry(agent.to_owned()).or_insert_with(begin);
        if !std::mem::take(&mut shift.uncertain) && shift.state != from {
            complaints.push(format!("{agent} leaves {from} for {to}, and was {}", shift.state));
        }
        *shift.spent.entry(shift.state.clone()).or_default() += now - shift.since;
        (shift.state, shift.since) = (to.to_owned(), now);
        self.late.set(agent.to_owned(), within.map(|within| after_all_grace(now + within)));
    }

    pub fn crashed(&mut self, now: Instant) {
        self.late = Deadlines::default();
        for shift in self.agents.values_mut() {
            shift.uncertain = !is_kept(shift.since, now);
        }
    }

    /// The switch is back, and has told what it changed at once: its agents are in the states that they were in, but for what its last
    /// moment changed, of which nobody may know.
    pub fn restarted(&mut self, views: &[AgentView], now: Instant, complaints: &mut Complaints) {
        for view in views {
            let Some(shift) = self.agents.get_mut(view.id.as_str()) else { continue };
            let uncertain = std::mem::take(&mut shift.uncertain);
            if shift.state == view.state {
                continue;
            }
            if !uncertain {
                complaints.push(format!("{} was {} since {:?}, and is {} after a crash", view.id, shift.state, shift.since, view.state));
            }
            *shift.spent.entry(shift.state.clone()).or_default() += now - shift.since;
            (shift.state, shift.since) = (view.state.to_owned(), now);
        }
    }

    pub fn look(&mut self, now: Instant, complaints: &mut Complaints) {
        while let Some(agent) = self.late.pop_due(now) {
            if let Some(shift) = self.agents.get(&agent) {
                complaints.push(format!("{agent} is {} for {:?}", shift.state, now - shift.since));
            }
        }
    }

    /// The switch shows what its events told, nobody is in the middle of something, and every day has all its hours.
    pub fn at_rest(&self, views: &[AgentView], now: Instant, complaints: &mut Complaints) {
        for view in views {
            let Some(shift) = self.agents.get(view.id.as_str()) else {
                if view.state != "offline" {
                    complaints.push(format!("{} is {} and nothing was told of it", view.id, view.state));
                }
                continue;
            };
            if shift.state != view.state {
                complaints.push(format!("{} is shown {} and was told to be {}", view.id, view.state, shift.state));
            }
            if !matches!(view.state, "offline" | "ready" | "not-ready") || view.call.is_some() {
                complaints.push(format!("{} is {} when nothing goes on", view.id, view.state));
            }
            let day = shift.spent.values().sum::<Duration>() + (now - shift.since);
            if day != now - Instant::START {
                complaints.push(format!("the states of {} sum to {day:?} of {now:?}", view.id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanling::base::time::{millis, secs};
    use sanling::base::{AgentId, CallId, Rng, Timestamp};

    fn at(ms: u64) -> Instant {
        Instant::after_start(millis(ms))
    }

    fn shown(state: &'static str, call: Option<CallId>) -> AgentView {
        AgentView {
            id: AgentId::new("1001"),
            name: String::new(),
            team: None,
            role: "agent",
            skills: Vec::new(),
            state,
            reason: None,
            since: Timestamp(0),
            wrap_up: None,
            let_go: sanling::acd::Counters::default(),
            call,
            works_for: (call, None),
            sound: None,
            contacts: 1,
            messages: (0, 0),
        }
    }

    /// A shift that goes offline → ready → ringing and then as told: (ms, from, to); looked at in the end.
    fn complaints_of(then: &[(u64, &str, &str)], looked_ms: u64, view: &AgentView) -> usize {
        let (mut shifts, mut complaints) = (Shifts::default(), Vec::new());
        shifts.changed("1001", "offline", "ready", None, at(0), &mut complaints);
        shifts.changed("1001", "ready", "ringing", Some(secs(20)), at(1_000), &mut complaints);
        for (ms, from, to) in then {
            shifts.changed("1001", from, to, None, at(*ms), &mut complaints);
        }
        shifts.look(at(looked_ms), &mut complaints);
        shifts.at_rest(std::slice::from_ref(view), at(looked_ms), &mut complaints);
        complaints.len()
    }

    #[test]
    fn a_state_that_sticks_or_was_skipped_or_is_shown_wrongly_is_seen() {
        let call = Some(CallId::new(Timestamp(1), &mut Rng::new(1)));
        for (then, looked, view, expected) in [
            (&[(5_000, "ringing", "ready")][..], 90_000, shown("ready", None), 0),
            (&[(5_000, "talking", "ready")], 90_000, shown("ready", None), 1),
            (&[(5_000, "ringing", "ready")], 90_000, shown("not-ready", None), 1),
            (&[(5_000, "ringing", "ready")], 90_000, shown("ready", call), 1),
            // Shown as it is, and that in the middle of something.
            (&[], 21_020, shown("ringing", None), 1),
            (&[], 21_021, shown("ringing", None), 2),
            (&[(5_000, "ringing", "talking")], 90_000, shown("talking", call), 1),
        ] {
            assert_eq!(complaints_of(then, looked, &view), expected, "{then:?} {looked} {view:?}");
        }
    }
}
