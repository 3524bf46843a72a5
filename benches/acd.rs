//! One decision of the ACD, with few agents and calls in its books and with many. Goal: under 5 µs at 10,000 agents and 100,000 waiting
//! calls, and no dearer with 500 agents than with 5.
//!
//! Only the decision is timed; what brings the floor back to where it was is not.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sanling::acd::{Acd, AcdSettings, Action, AfterMissed, AgentSettings, Event, Leaving, QueueSettings, Reason, Skill};
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, CallId, Duration, Instant, Machine, QueueId, Rng, Timestamp};
use std::hint::black_box;

/// Agents, waiting calls.
const SIZES: [(u64, u64); 4] = [(5, 50), (500, 5_000), (5_000, 50_000), (10_000, 100_000)];
/// They share one line of waiting calls, for they ask for the same skill.
const QUEUES: u64 = 16;

struct Floor {
    acd: Acd,
    now: Instant,
    rng: Rng,
    agents: Vec<AgentId>,
    calls: u64,
    out: Vec<Action>,
}

impl Floor {
    /// Every agent has two skills of his own department beside `service`; all are not ready. The calls wait in queues that ask for `wanted`.
    fn new(agents: u64, calls: u64, wanted: &str) -> Self {
        let ids: Vec<AgentId> = (0..agents).map(|n| AgentId::new(&(10_000 + n).to_string())).collect();
        let skills = |n: usize| ["service".to_owned(), format!("group-{}", n / 20), format!("language-{}", n % 7)];
        let settings = |n| AgentSettings { skills: skills(n).iter().map(|skill| Skill::new(skill)).collect() };
        let queue = |id: String, skill| (QueueId::new(&id), QueueSettings { skill: Skill::new(skill), wrap_up: Duration::ZERO });
        let mut queues: Vec<_> = (0..QUEUES).map(|n| queue(format!("queue-{n}"), wanted)).collect();
        queues.push(queue("service".to_owned(), "service"));
        let settings = AcdSettings {
            agents: ids.iter().enumerate().map(|(n, id)| (id.clone(), settings(n))).collect(),
            queues: queues.into_iter().collect(),
            after_missed: AfterMissed::NotReady,
            ring_limit: secs(15),
        };
        let acd = Acd::new(settings, Instant::START);
        let mut floor = Self { acd, now: Instant::START, rng: Rng::new(7), agents: ids, calls: 0, out: Vec::new() };
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

    fn tell(&mut self, event: Event) {
        self.now += millis(1);
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
        self.tell(Event::Enqueued { call, queue, priority, since: self.now });
    }

    /// Tells the fact and gives the time that the decision took. It must be an offer.
    fn timed(&mut self, event: Event) -> (Duration, CallId, AgentId, QueueId) {
        self.now += millis(1);
        self.out.clear();
        let begun = std::time::Instant::now();
        self.acd.handle(black_box(event), self.now, &mut self.out);
        let took = begun.elapsed();
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
    for (agents, calls) in SIZES {
        let size = format!("{agents} agents, {calls} calls");
        // Nobody is free and everybody waits: an agent comes to be ready, and is reserved for the caller whose turn it is.
        let mut floor = Floor::new(agents, calls, "service");
        group.bench_function(BenchmarkId::new("agent becomes ready", &size), |b| {
            b.iter_custom(|times| {
                let mut total = Duration::ZERO;
                for _ in 0..times {
                    let agent = floor.some_agent();
                    let (took, call, agent, queue) = floor.timed(Event::MadeReady { agent });
                    total += took;
                    floor.tell(Event::Answered { agent: agent.clone(), call });
                    floor.tell(Event::MadeNotReady { agent: agent.clone(), reason: Reason::Missed });
                    floor.tell(Event::Disengaged { agent, call });
                    floor.comes(queue);
                }
                total
            });
        });
        // Everybody is free, and those who wait want what nobody can: a caller comes, and the longest idle agent is reserved.
        let mut floor = Floor::new(agents, calls, "rare");
        for agent in floor.agents.clone() {
            floor.tell(Event::MadeReady { agent });
        }
        group.bench_function(BenchmarkId::new("call arrives", &size), |b| {
            b.iter_custom(|times| {
                let mut total = Duration::ZERO;
                for _ in 0..times {
                    let call = floor.new_call();
                    let since = floor.now;
                    let (took, call, agent, _) = floor.timed(Event::Enqueued { call, queue: QueueId::new("service"), priority: 0, since });
                    total += took;
                    // He goes to the end of the line, so that each decision finds another agent.
                    floor.tell(Event::Answered { agent: agent.clone(), call });
                    floor.tell(Event::Disengaged { agent, call });
                }
                total
            });
        });
        // A caller who waits hangs up: the books are kept at the same cost.
        let mut floor = Floor::new(agents, calls, "service");
        group.bench_function(BenchmarkId::new("call comes and leaves", &size), |b| {
            b.iter(|| {
                floor.comes(QueueId::new("queue-0"));
                let Some(Action::KeepWaiting { call, .. }) = floor.out.first() else { panic!("nobody is free") };
                let call = *call;
                floor.tell(Event::Left { call, why: Leaving::Abandoned });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
