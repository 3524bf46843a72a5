//! What each agent is at, for what reason, and since when. A spell that is over becomes a fact for reports; one that goes on goes on over a
//! restart, with the agent's image. Here the switch looks on at what the ACD says of agents.

use super::output::Output;
use super::{Key, Switch};
use crate::acd::{Action, Reason, StateName};
use crate::base::{AgentId, CallId, Instant, QueueId, Timestamp};
use crate::report::AgentInterval;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Spell {
    state: String,
    reason: Option<String>,
    since: Instant,
    /// What the wall read then; how long it lasted is told by the switch's own clock, whatever is done to the wall's.
    began_at: Timestamp,
    call: Option<CallId>,
    queue: Option<QueueId>,
}

impl Spell {
    pub fn works_for(&self) -> (Option<CallId>, Option<QueueId>) {
        (self.call, self.queue.clone())
    }
}

/// One of each agent who has changed since the switch first started.
#[derive(Debug, Default)]
pub(super) struct Spells(BTreeMap<AgentId, Spell>);

impl Spells {
    pub fn of(&self, agent: &AgentId) -> Option<&Spell> {
        self.0.get(agent)
    }

    pub fn restore(&mut self, agent: AgentId, spell: Spell) {
        self.0.insert(agent, spell);
    }

    /// The agent is at something else from now on; what he was at before, if it took any time.
    fn turns(&mut self, agent: &AgentId, mut spell: Spell) -> Option<AgentInterval> {
        let before = self.0.remove(agent);
        if spell.state == StateName::WrapUp.as_str()
            && let Some(before) = &before
        {
            (spell.call, spell.queue) = (before.call, before.queue.clone());
        }
        let now = spell.since;
        self.0.insert(agent.clone(), spell);
        let Spell { state, reason, since, began_at, call, queue } = before?;
        let lasted = i64::try_from(now.saturating_since(since).as_millis()).unwrap_or(i64::MAX);
        let to = Timestamp(began_at.0.saturating_add(lasted));
        (lasted > 0).then(|| AgentInterval { agent: agent.clone(), state, reason, call, queue, from: began_at, to })
    }
}

impl Switch {
    pub(super) fn look_at_agent(&mut self, action: &Action, now: Instant) {
        let Action::StateChanged { agent, to, reason, .. } = action else { return };
        let spell = self.spell(agent, *to, reason.as_ref(), now);
        if let Some(interval) = self.spells.turns(agent, spell) {
            self.out.push(Output::StoreInterval(Box::new(interval)));
        }
        if *to == StateName::Offline && !self.config.agents.contains_key(agent) {
            self.spells.0.remove(agent);
        }
        self.dirty.agent(agent.clone());
        self.touched.insert(Key::Acd);
    }

    fn spell(&self, agent: &AgentId, state: StateName, reason: Option<&Reason>, now: Instant) -> Spell {
        let call = self.acd.agent(agent.as_str()).and_then(|agent| agent.call);
        Spell {
            state: state.as_str().to_owned(),
            reason: reason.map(|reason| reason.as_str().to_owned()),
            since: now,
            began_at: self.at(now),
            call,
            queue: call.and_then(|call| self.slots.get(&call)).and_then(|slot| slot.queue().cloned()),
        }
    }

    /// After a restart: what is known of the agent, or, by an image of a version that kept no spells, what the ACD knows.
    pub(super) fn resume_spell(&mut self, agent: &AgentId, kept: Option<Spell>) {
        let spell = kept.or_else(|| {
            let known = self.acd.agent(agent.as_str())?;
            Some(Spell {
                since: known.since,
                began_at: self.at(known.since),
                ..self.spell(agent, known.state, known.reason.as_ref(), known.since)
            })
        });
        if let Some(spell) = spell {
            self.spells.restore(agent.clone(), spell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{millis, secs};

    fn spell(state: &str, since: Instant, began_at: i64) -> Spell {
        Spell { state: state.to_owned(), reason: None, since, began_at: Timestamp(began_at), call: None, queue: Some("service".into()) }
    }

    #[test]
    fn a_spell_lasts_as_long_as_the_switchs_own_clock_says_and_the_work_after_a_call_is_its_queues() {
        let mut spells = Spells::default();
        let agent = AgentId::new("1001");
        let at = |ms: u64| Instant::after_start(millis(ms));
        assert_eq!(spells.turns(&agent, spell("talking", at(0), 10_000)), None, "of what was before nothing is known");
        // Meanwhile the wall was put back by an hour.
        let wrapping = Spell { queue: None, ..spell("wrap-up", Instant::START + secs(60), -3_530_000) };
        let talked = spells.turns(&agent, wrapping).expect("it took time");
        assert_eq!((talked.state.as_str(), talked.from, talked.to), ("talking", Timestamp(10_000), Timestamp(70_000)));
        let wrapped = spells.turns(&agent, spell("not-ready", at(61_000), -3_529_000)).expect("it took time");
        assert_eq!(wrapped.queue, Some("service".into()));
        assert_eq!(spells.turns(&agent, spell("ready", at(61_000), -3_529_000)), None, "a state that was only passed through");
        assert_eq!(spells.of(&agent).map(|spell| spell.state.as_str()), Some("ready"));
    }
}
