//! The ACD in stories, in the trade's words: the floor on which they play. The stories stand in files by their subjects.

mod after_calls;
mod agents;
mod books;
mod choosing;
mod decisions;
mod forecast;
mod joining;
mod letting_go;
mod numbers;
mod offers;
mod preferred;
mod restarts;
mod ringing;
mod sharing;
mod widening;

use super::*;
use crate::base::time::secs;
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
        let skills = skills.iter().map(|skill| (Skill::new(skill), 1)).collect();
        (AgentId::new(id), AgentSettings { skills, ..AgentSettings::default() })
    };
    let queue =
        |(id, skill, wrap_up): &(&str, &str, Duration)| (QueueId::new(id), QueueSettings { wrap_up: *wrap_up, ..QueueSettings::of(skill) });
    AcdSettings {
        agents: agents.iter().map(agent).collect(),
        queues: queues.iter().map(queue).collect(),
        limits: Limits::default(),
        ring_limit: secs(15),
    }
}

const SEED: u64 = 7;
pub(super) const SERVICE: &[(&str, &str, Duration)] = &[("service", "service", Duration::ZERO)];

impl Floor {
    pub(super) fn with(settings: AcdSettings) -> Self {
        Self { acd: Acd::new(settings, SEED, Instant::START), now: Instant::START, log: Vec::new() }
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
        self.event(Event::Enqueued { call: call(n), queue: queue.into(), priority, since, preferred: None, asks: Levels::new() })
    }

    /// He spoke with this agent last.
    pub(super) fn comes_for(&mut self, agent: &str, n: u64) -> &mut Self {
        let (queue, since, preferred) = ("service".into(), self.now, Some(agent.into()));
        self.event(Event::Enqueued { call: call(n), queue, priority: 5, since, preferred, asks: Levels::new() })
    }

    /// The agent answers the call, talks for so long and hangs up.
    pub(super) fn serves(&mut self, agent: &str, n: u64, talk: Duration) -> &mut Self {
        self.answers(agent, n).after(talk).hangs_up(agent, n)
    }

    pub(super) fn reconfigure(&mut self, settings: AcdSettings) -> &mut Self {
        self.acd.configure(settings, self.now, &mut self.log);
        self
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

    /// The offers and withdrawals since last asked: `1001←1` is an offer, `1001×1` a withdrawal, `~1` a caller kept waiting, `†1` one whose
    /// time is over.
    pub(super) fn orders(&mut self) -> Vec<String> {
        let number = |id: &CallId| id.timestamp().0;
        let orders = self.log.iter().filter_map(|action| match action {
            Action::Offer { call, agent, .. } => Some(format!("{agent}←{}", number(call))),
            Action::Withdraw { call, agent } => Some(format!("{agent}×{}", number(call))),
            Action::KeepWaiting { call, .. } => Some(format!("~{}", number(call))),
            Action::Refuse { call, why, .. } => Some(format!("{why:?} {}", number(call))),
            Action::Expired { call, .. } => Some(format!("†{}", number(call))),
            Action::StateChanged { .. } | Action::Decided(_) => None,
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

/// Who misses a call rests and is ready again.
pub(super) fn ready_after_missed() -> Limits {
    Limits { missed: Limit { after: 1, then: Consequence::Ready }, ..Limits::default() }
}

/// A service desk of agents with levels and of queues as the story wants them.
pub(super) fn desk(agents: &[(&str, AgentSettings)], queues: &[(&str, QueueSettings)]) -> AcdSettings {
    AcdSettings {
        agents: agents.iter().map(|(id, settings)| (AgentId::new(id), settings.clone())).collect(),
        queues: queues.iter().map(|(id, settings)| (QueueId::new(id), settings.clone())).collect(),
        limits: Limits::default(),
        ring_limit: secs(15),
    }
}

pub(super) fn levels(skills: &[(&str, u8)]) -> Levels {
    skills.iter().map(|(skill, level)| (Skill::new(skill), *level)).collect()
}

pub(super) fn skilled(skills: &[(&str, u8)]) -> AgentSettings {
    AgentSettings { skills: levels(skills), ..AgentSettings::default() }
}

/// One queue, `service`, of agents who have its skill, who come to be ready a second apart in the order given.
pub(super) fn desk_of(agents: &[(&str, AgentSettings)], queue: QueueSettings) -> Floor {
    let mut floor = Floor::with(desk(agents, &[("service", queue)]));
    for (id, _) in agents {
        floor.ready(id).after(secs(1));
    }
    floor.log.clear();
    floor
}
