//! Adherence: whether agents were at work when they were planned to be, and away in their breaks.

use super::agents::{AgentInterval, Worth};
use super::builder::{Kind, Report};
use crate::base::{AgentId, Planned, Timestamp};

impl Report {
    /// The part of an agent's interval in which his plan says something: work done as planned, and in breaks.
    pub(super) fn worked(&mut self, key: &str, interval: &AgentInterval) {
        let works = matches!(Worth::of(&interval.state), Worth::Talking | Worth::AfterCall | Worth::Idle);
        if !works {
            return;
        }
        for Planned { from, to, at_work } in self.plan_of(&interval.agent, interval.from, interval.to) {
            self.cut(key, from, to, |tally, ms| {
                let sum = if at_work { &mut tally.work.worked_as_planned_ms } else { &mut tally.work.worked_in_breaks_ms };
                *sum += ms;
            });
        }
    }

    /// What was planned for those whom the report is of, up to now, whether they came or not.
    pub(super) fn plan(&mut self) {
        let (since, until) = (self.question.slices.since, self.question.slices.until.min(self.question.now));
        let agents: Vec<AgentId> = self.question.plans.keys().filter(|agent| self.wants_agent(agent)).cloned().collect();
        for agent in &agents {
            let Some(key) = self.row_of_agent(agent) else { continue };
            for Planned { from, to, at_work } in self.plan_of(agent, since, until) {
                self.cut(&key, from, to, |tally, ms| {
                    let sum = if at_work { &mut tally.work.planned_ms } else { &mut tally.work.planned_breaks_ms };
                    *sum += ms;
                });
            }
        }
    }

    /// What lies between two moments of his plan.
    fn plan_of(&self, agent: &AgentId, from: Timestamp, to: Timestamp) -> Vec<Planned> {
        let of_agents = matches!(self.question.kind, Kind::Agents | Kind::Teams) && self.question.queue.is_none();
        let Some(plan) = self.question.plans.get(agent).filter(|_| of_agents) else { return Vec::new() };
        let first = plan.partition_point(|planned| planned.to <= from);
        let within = plan[first..].iter().take_while(|planned| planned.from < to);
        within.map(|planned| Planned { from: planned.from.max(from), to: planned.to.min(to), at_work: planned.at_work }).collect()
    }
}
