//! The silent call's script: each step and the release after one whole wait of silence on both sides, neither earlier nor later, never to a
//! caller who has spoken, never in a hold.

use super::{Complaints, after_all_grace, is_kept};
use sanling::base::{CallId, Deadlines, Duration, Instant};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Silent {
    scripts: BTreeMap<CallId, Script>,
    late: Deadlines<CallId>,
    /// Held before the greeting: a caller may hold while he waits, and is found holding when an agent answers.
    held_before: BTreeMap<CallId, String>,
}

#[derive(Default)]
struct Script {
    wait: Duration,
    steps: usize,
    /// Since when nobody speaks and nothing plays.
    quiet_from: Option<Instant>,
    playing: bool,
    agent_speaks: bool,
    held_by: BTreeSet<String>,
    said: usize,
    over: bool,
    /// When last anything changed.
    told_at: Instant,
    /// What fell due while the switch was away is due when it is back.
    back_at: Instant,
}

impl Script {
    fn listen(&mut self, now: Instant) {
        let waits = !self.playing && !self.agent_speaks && self.held_by.is_empty() && !self.over;
        self.quiet_from = waits.then_some(now);
    }

    fn late_at(&self) -> Option<Instant> {
        self.quiet_from.map(|from| after_all_grace((from + self.wait).max(self.back_at)))
    }
}

impl Silent {
    /// The rule is the one of the call's arrival.
    pub fn greeted(&mut self, call: CallId, wait: Duration, steps: usize, now: Instant) {
        let held_by: BTreeSet<String> = self.held_before.remove(&call).into_iter().collect();
        // A second agent greets a caller who has spoken, or has heard another script.
        if self.scripts.contains_key(&call) {
            return;
        }
        // A hold overtakes the greeting.
        self.scripts.insert(call, Script { wait, steps, playing: held_by.is_empty(), held_by, told_at: now, ..Script::default() });
    }

    /// Greeting or step has been played.
    pub fn played(&mut self, call: CallId, now: Instant) {
        self.with(call, now, |script| {
            if std::mem::take(&mut script.playing) {
                script.listen(now);
            }
        });
    }

    pub fn caller_spoke(&mut self, call: CallId, now: Instant) {
        self.with(call, now, |script| (script.over, script.quiet_from) = (true, None));
    }

    pub fn agent_spoke(&mut self, call: CallId, now: Instant) {
        self.with(call, now, |script| (script.agent_speaks, script.quiet_from) = (true, None));
    }

    pub fn agent_quiet(&mut self, call: CallId, now: Instant) {
        self.with(call, now, |script| {
            script.agent_speaks = false;
            script.listen(now);
        });
    }

    pub fn agent_left(&mut self, call: CallId, now: Instant) {
        if self.scripts.get(&call).is_some_and(|script| script.agent_speaks) {
            self.agent_quiet(call, now);
        }
    }

    /// Another script takes its place.
    pub fn displaced(&mut self, call: CallId, now: Instant) {
        self.caller_spoke(call, now);
    }

    pub fn held(&mut self, call: CallId, by: &str, now: Instant) {
        if !self.scripts.contains_key(&call) {
            self.held_before.insert(call, by.to_owned());
        }
        self.with(call, now, |script| {
            script.held_by.insert(by.to_owned());
            // What played was overtaken.
            (script.quiet_from, script.playing) = (None, false);
        });
    }

    /// Whom a caller without an agent waited for has him.
    pub fn another_came(&mut self, call: CallId, awaited: &str, now: Instant) {
        self.with(call, now, |script| {
            if script.held_by.remove(awaited) {
                script.listen(now);
            }
        });
    }

    pub fn retrieved(&mut self, call: CallId, by: &str, now: Instant) {
        self.held_before.remove(&call);
        self.with(call, now, |script| {
            script.held_by.remove(by);
            script.listen(now);
        });
    }

    /// What script runs at a crash runs on; of what changed in its last moment nobody may know.
    pub fn crashed(&mut self, now: Instant) {
        self.late = Deadlines::default();
        self.scripts.retain(|_, script| is_kept(script.told_at, now));
        self.held_before.clear();
    }

    /// What was being said is not said again, and who spoke is silent until he is heard again.
    pub fn restarted(&mut self, now: Instant) {
        for (call, script) in &mut self.scripts {
            script.back_at = now;
            if std::mem::take(&mut script.playing) | std::mem::take(&mut script.agent_speaks) {
                // Another crash within a moment takes that back, too.
                script.told_at = now;
                script.listen(now);
            }
            self.late.set(*call, script.late_at());
        }
    }

    pub fn knows(&self, call: CallId) -> bool {
        self.scripts.contains_key(&call)
    }

    /// A step is said to the caller.
    pub fn said(&mut self, call: CallId, now: Instant, complaints: &mut Complaints) {
        self.with(call, now, |script| {
            script.due(call, "a step", now, complaints);
            script.said += 1;
            if script.said > script.steps {
                complaints.push(format!("{call}: {} steps said", script.said));
            }
            (script.playing, script.quiet_from) = (true, None);
        });
    }

    pub fn released(&mut self, call: CallId, silent: bool, now: Instant, complaints: &mut Complaints) {
        self.held_before.remove(&call);
        let Some(script) = self.scripts.remove(&call) else {
            if silent {
                complaints.push(format!("{call}: released as silent without a greeting"));
            }
            return;
        };
        self.late.set(call, None);
        if silent {
            script.due(call, "the release", now, complaints);
            if script.said != script.steps {
                complaints.push(format!("{call}: released as silent after {} steps", script.said));
            }
        }
    }

    pub fn look(&mut self, now: Instant, complaints: &mut Complaints) {
        while let Some(call) = self.late.pop_due(now) {
            if let Some(quiet) = self.scripts.get(&call).and_then(|script| script.quiet_from) {
                complaints.push(format!("{call}: silence for {:?}, and nothing is done", now - quiet));
            }
        }
    }

    fn with(&mut self, call: CallId, now: Instant, act: impl FnOnce(&mut Script)) {
        if let Some(script) = self.scripts.get_mut(&call) {
            act(script);
            script.told_at = now;
            self.late.set(call, script.late_at());
        }
    }
}

impl Script {
    fn due(&self, call: CallId, what: &str, now: Instant, complaints: &mut Complaints) {
        let quiet = self.quiet_from.map(|from| now - from);
        if quiet.is_none_or(|quiet| quiet < self.wait) || self.late_at().is_none_or(|late| now >= late) {
            complaints.push(format!("{call}: {what} after a silence of {quiet:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanling::base::time::{millis, secs};
    use sanling::base::{Rng, Timestamp};

    #[derive(Clone, Copy)]
    enum Fact {
        Played,
        Said,
        CallerSpoke,
        AgentSpoke,
        AgentQuiet,
        Held,
        Retrieved,
        Released,
        Looked,
    }
    use Fact::*;

    fn complaints_of(story: &[(u64, Fact)]) -> usize {
        let call = CallId::new(Timestamp(1), &mut Rng::new(1));
        let (mut silent, mut complaints) = (Silent::default(), Vec::new());
        silent.greeted(call, secs(5), 2, Instant::START);
        for (ms, fact) in story {
            let now = Instant::after_start(millis(*ms));
            match fact {
                Played => silent.played(call, now),
                Said => silent.said(call, now, &mut complaints),
                CallerSpoke => silent.caller_spoke(call, now),
                AgentSpoke => silent.agent_spoke(call, now),
                AgentQuiet => silent.agent_quiet(call, now),
                Held => silent.held(call, "agent", now),
                Retrieved => silent.retrieved(call, "agent", now),
                Released => silent.released(call, true, now, &mut complaints),
                Looked => silent.look(now, &mut complaints),
            }
        }
        complaints.len()
    }

    #[test]
    fn both_bounds_of_each_wait_are_watched() {
        let whole =
            [(2_000, Played), (7_000, Said), (9_000, Played), (14_020, Said), (16_000, Played), (21_000, Released), (90_000, Looked)];
        assert_eq!(complaints_of(&whole), 0);
        for (story, what) in [
            (&[(2_000, Played), (6_999, Said)][..], "a step too early"),
            (&[(2_000, Played), (7_021, Said)], "a step too late"),
            (&[(2_000, Played), (7_021, Looked)], "no step at all"),
            (&[(1_000, Said)], "a step into the greeting"),
            (&[(2_000, Played), (3_000, CallerSpoke), (7_000, Said)], "a step to one who spoke"),
            (&[(2_000, Played), (3_000, AgentSpoke), (7_000, Said)], "a step into the agent's word"),
            (&[(2_000, Played), (3_000, AgentSpoke), (4_000, AgentQuiet), (7_000, Said)], "the wait did not start again"),
            (&[(2_000, Played), (3_000, Held), (7_000, Said)], "a step into a hold"),
            (&[(2_000, Played), (3_000, Held), (4_000, Retrieved), (9_021, Looked)], "forgotten after a hold"),
        ] {
            assert_eq!(complaints_of(story), 1, "{what}");
        }
        assert_eq!(complaints_of(&[(2_000, Played), (7_000, Released)]), 1, "the steps were left out");
    }
}
