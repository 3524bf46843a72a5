//! One decision of the ACD, with few agents and calls in its books and with many. Goal: under 5 µs at 10,000 agents and 100,000 waiting
//! calls, with every feature on and with the reasons told; a hundred times the agents and calls must not cost a hundred times the time.
//!
//! Only the decision is timed; what brings the floor back to where it was is not.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sanling::acd::{
    Acd, AcdSettings, Action, AgentSettings, Event, Group, Join, Leaving, Levels, Limits, QueueSettings, Reason, Skill, Strategy, Widening,
};
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, CallId, Duration, Instant, Machine, QueueId, Rng, Timestamp};
use std::collections::VecDeque;
use std::hint::black_box;

/// Agents, waiting calls.
const SIZES: [(u64, u64); 4] = [(5, 50), (500, 5_000), (5_000, 50_000), (10_000, 100_000)];
const QUEUES: u64 = 16;
const STRATEGIES: [Strategy; 10] = Strategy::ALL;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Desk {
    /// All queues ask for one skill and share one line.
    Plain,
    /// Each strategy, among them those that ring several phones at once, levels, three steps of widening, ageing, weights, preferred agents, a
    /// longest wait, and a number that asks for more than its queue: a pool for each strategy, of which every agent is in all, with eight
    /// lines each, and one for the number's calls.
    Full,
}

struct Floor {
    acd: Acd,
    now: Instant,
    rng: Rng,
    agents: Vec<AgentId>,
    calls: u64,
    /// As they came; some are answered.
    came: VecDeque<CallId>,
    out: Vec<Action>,
    desk: Desk,
}

fn levels(skill: &str, level: u8) -> Levels {
    Levels::from([(Skill::new(skill), level)])
}

fn queue(n: u64, skill: &str, desk: Desk) -> QueueSettings {
    let step = |after, level| Widening { after: secs(after), skills: Some(levels(skill, level)), add: None };
    let team = if skill == "rare" { "nobody's" } else { "second" };
    let last = Widening { after: secs(120), skills: None, add: Some(Group::Team(team.into())) };
    match desk {
        Desk::Plain => QueueSettings::of(skill),
        Desk::Full => QueueSettings {
            skills: levels(skill, 3),
            strategy: STRATEGIES[usize::try_from(n).expect("a small number") % STRATEGIES.len()],
            widen: vec![step(30, 2), step(60, 1), last],
            ageing: Some(secs(60)),
            weight: Some(u32::try_from(n + 1).expect("a small number")),
            join: Join::Ready,
            max_wait: Some(secs(24 * 3_600)),
            preferred_wait: Some(secs(20)),
            ..QueueSettings::default()
        },
    }
}

impl Floor {
    /// Every agent has two skills of his own department beside `service`; all are not ready. The calls wait in queues that ask for `wanted`.
    fn new(agents: u64, calls: u64, wanted: &str, desk: Desk) -> Self {
        let ids: Vec<AgentId> = (0..agents).map(|n| AgentId::new(&(10_000 + n).to_string())).collect();
        let skills = |n: usize| ["service".to_owned(), format!("group-{}", n / 20), format!("language-{}", n % 7)];
        let level = |n: usize| 3 + u8::try_from(n % 7).expect("below seven");
        let settings = |n: usize| AgentSettings {
            skills: skills(n).iter().map(|skill| (Skill::new(skill), level(n))).collect(),
            team: Some(if n.is_multiple_of(2) { "first".into() } else { "second".into() }),
            rank: u16::try_from(n % 9).expect("below nine"),
            weight: 1 + u32::try_from(n % 4).expect("below four"),
        };
        let open = |queue| QueueSettings { join: Join::Always, ..queue };
        let waiting = (0..QUEUES).map(|n| (QueueId::new(&format!("queue-{n}")), open(queue(n, wanted, desk))));
        let serving = (0..STRATEGIES.len() as u64).map(|n| (QueueId::new(&format!("service-{n}")), queue(n, "service", desk)));
        let settings = AcdSettings {
            agents: ids.iter().enumerate().map(|(n, id)| (id.clone(), settings(n))).collect(),
            queues: waiting.chain(serving).collect(),
            limits: Limits::default(),
            ring_limit: secs(15),
        };
        let acd = Acd::new(settings, 7, Instant::START);
        let mut floor =
            Self { acd, now: Instant::START, rng: Rng::new(7), agents: ids, calls: 0, came: VecDeque::new(), out: Vec::new(), desk };
        for agent in floor.agents.clone() {
            floor.tell(Event::LoggedOn { agent });
        }
        for n in 0..calls {
            let queue = QueueId::new(&format!("queue-{}", n % QUEUES));
            floor.comes(queue);
        }
        assert_eq!(floor.acd.queues(floor.now).map(|queue| queue.waiting as u64).sum::<u64>(), calls);
        floor
    }

    /// What is due meanwhile is done.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        while self.acd.deadline().is_some_and(|at| at <= self.now) {
            self.out.clear();
            self.acd.handle_timeout(self.now, &mut self.out);
        }
    }

    /// Some have spoken with somebody before.
    fn preferred(&mut self) -> Option<AgentId> {
        (self.desk == Desk::Full && self.rng.one_in(4)).then(|| self.some_agent())
    }

    /// Half of the calls of the first queue of each kind have dialled a number that asks for a language too.
    fn asks(&mut self, queue: &QueueId) -> Levels {
        let is_first = self.desk == Desk::Full && queue.as_str().ends_with("-0");
        if is_first && self.rng.one_in(2) { levels("language-0", 3) } else { Levels::new() }
    }

    fn tell(&mut self, event: Event) {
        self.pass(millis(1));
        self.out.clear();
        self.acd.handle(event, self.now, &mut self.out);
        self.acd.take_changed();
    }

    fn new_call(&mut self) -> CallId {
        self.calls += 1;
        CallId::new(Timestamp(i64::try_from(self.calls).expect("a small number")), &mut self.rng)
    }

    fn comes(&mut self, queue: QueueId) {
        let call = self.new_call();
        let priority = u8::try_from(self.rng.below(3)).expect("below three");
        let preferred = self.preferred();
        self.came.push_back(call);
        let asks = self.asks(&queue);
        self.tell(Event::Enqueued { call, queue, priority, since: self.now, preferred, asks });
    }

    /// Tells the fact and gives the time that the decision took, or each of several: where many phones ring for a call, each is one. It must be
    /// an offer.
    fn timed(&mut self, event: Event) -> (Duration, CallId, AgentId, QueueId) {
        self.pass(millis(1));
        self.out.clear();
        let begun = std::time::Instant::now();
        self.acd.handle(black_box(event), self.now, &mut self.out);
        let took = begun.elapsed();
        let offers = self.out.iter().filter(|action| matches!(action, Action::Offer { .. })).count();
        let took = took / u32::try_from(offers.max(1)).expect("a small number");
        let offer = self.out.iter().find_map(|action| match action {
            Action::Offer { call, agent, queue } => Some((took, *call, agent.clone(), queue.clone())),
            _ => None,
        });
        self.acd.take_changed();
        offer.expect("the decision is an offer")
    }

    fn some_agent(&mut self) -> AgentId {
        let n = self.rng.below(self.agents.len() as u64);
        self.agents[usize::try_from(n).expect("an index")].clone()
    }
}

fn decisions(c: &mut Criterion) {
    let mut group = c.benchmark_group("acd");
    for (desk, kind) in [(Desk::Plain, "plain"), (Desk::Full, "all features")] {
        for (agents, calls) in SIZES {
            let size = format!("{kind}, {agents} agents, {calls} calls");
            // Nobody is free and everybody waits: an agent comes to be ready, and is reserved for the caller whose turn it is.
            let mut floor = Floor::new(agents, calls, "service", desk);
            group.bench_function(BenchmarkId::new("agent becomes ready", &size), |b| {
                b.iter_custom(|times| (0..times).map(|_| agent_becomes_ready(&mut floor)).sum());
            });
            if desk == Desk::Full {
                let mut floor = Floor::new(agents, calls, "service", desk);
                // Those who wait rise in priority, are let to more agents, no longer wait for one: one of them at a time.
                group.bench_function(BenchmarkId::new("call moves on", &size), |b| {
                    b.iter_custom(|times| (0..times).map(|_| call_moves_on(&mut floor)).sum());
                });
            }
            // Everybody is free, and those who wait want what nobody can: a caller comes, and an agent is reserved.
            let mut floor = Floor::new(agents, calls, "rare", desk);
            for agent in floor.agents.clone() {
                floor.tell(Event::MadeReady { agent });
            }
            group.bench_function(BenchmarkId::new("call arrives", &size), |b| {
                b.iter_custom(|times| (0..times).map(|_| call_arrives(&mut floor)).sum());
            });
            // A caller who waits hangs up: the books are kept at the same cost.
            let mut floor = Floor::new(agents, calls, "service", desk);
            group.bench_function(BenchmarkId::new("call comes and leaves", &size), |b| {
                b.iter(|| {
                    floor.comes(QueueId::new("queue-0"));
                    let waits =
                        floor.out.iter().find_map(|action| if let Action::KeepWaiting { call, .. } = action { Some(*call) } else { None });
                    let call = waits.expect("nobody is free");
                    floor.tell(Event::Left { call, why: Leaving::Abandoned });
                });
            });
        }
    }
    group.finish();
}

fn agent_becomes_ready(floor: &mut Floor) -> Duration {
    let agent = floor.some_agent();
    let (took, call, agent, queue) = floor.timed(Event::MadeReady { agent });
    floor.tell(Event::Answered { agent: agent.clone(), call });
    floor.tell(Event::MadeNotReady { agent: agent.clone(), reason: Reason::Missed });
    floor.tell(Event::Disengaged { agent, call });
    floor.comes(queue);
    took
}

fn call_moves_on(floor: &mut Floor) -> Duration {
    floor.now = floor.now.max(floor.acd.deadline().expect("somebody waits"));
    floor.out.clear();
    let begun = std::time::Instant::now();
    floor.acd.handle_timeout(black_box(floor.now), &mut floor.out);
    let took = begun.elapsed();
    // The oldest gives way to a new one, so that something stays to be done.
    if let Some(call) = floor.came.pop_front() {
        floor.tell(Event::Left { call, why: Leaving::Abandoned });
    }
    let queue = QueueId::new(&format!("queue-{}", floor.calls % QUEUES));
    floor.comes(queue);
    took
}

fn call_arrives(floor: &mut Floor) -> Duration {
    let (call, since) = (floor.new_call(), floor.now);
    let preferred = floor.preferred();
    let queue = QueueId::new(&format!("service-{}", floor.calls % STRATEGIES.len() as u64));
    let asks = floor.asks(&queue);
    let (took, call, agent, _) = floor.timed(Event::Enqueued { call, queue, priority: 0, since, preferred, asks });
    // He goes to the end of the line, so that each decision finds another agent.
    floor.tell(Event::Answered { agent: agent.clone(), call });
    floor.tell(Event::Disengaged { agent, call });
    took
}

criterion_group!(benches, decisions);
criterion_main!(benches);
