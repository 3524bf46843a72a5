//! What a report of a hundred thousand calls costs: the adding up alone, and all of it, from the database to the rows.

use criterion::{Criterion, criterion_group, criterion_main};
use sanling::base::{AgentId, CallId, Rng, Timestamp};
use sanling::call::record::{
    CallDirection, CallRecord, OfferOutcome, OfferRecord, Outcome, QueueVisit, ReleasedBy, SegmentEnding, SegmentRecord, SegmentRole,
    VisitEnding,
};
use sanling::io::facts;
use sanling::io::shapes::Time;
use sanling::io::store::{Row, Store};
use sanling::report::{AgentInterval, Kind, Question, Report, Slice, Slices, Terms};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Duration;

const CALLS: i64 = 100_000;
const AGENTS: i64 = 200;
/// 2026-11-01T00:00:00Z; a month of calls.
const BEGAN: i64 = 1_793_491_200_000;
const MONTH: i64 = 30 * 86_400_000;

fn record(n: i64, rng: &mut Rng) -> CallRecord {
    let arrived_at = Timestamp(BEGAN + n * (MONTH / CALLS));
    let at = |seconds: i64| Timestamp(arrived_at.0 + seconds * 1_000);
    let agent = AgentId::new(&(1_000 + n % AGENTS).to_string());
    let answered = n % 10 != 0;
    let ending = if answered { VisitEnding::Answered } else { VisitEnding::Abandoned };
    let result = if answered { OfferOutcome::Answered } else { OfferOutcome::Withdrawn };
    CallRecord {
        trunk: Some("carrier".into()),
        queue: Some(["service", "sales", "complaints"][(n % 3) as usize].into()),
        agent: answered.then(|| agent.clone()),
        answered_at: Some(at(15)),
        connected_at: answered.then(|| at(18)),
        released_at: Some(at(240)),
        released_by: Some(ReleasedBy::Caller),
        hung_up_first: Some(ReleasedBy::Caller),
        release_cause: Some("BYE".into()),
        outcome: Some(if answered { Outcome::Answered } else { Outcome::Abandoned }),
        offers: vec![OfferRecord { agent: agent.clone(), alerted_at: at(10), ended_at: Some(at(18)), rings: 2, result, beside: false }],
        segments: answered
            .then(|| SegmentRecord {
                agent,
                role: SegmentRole::Serving,
                started_at: at(18),
                ended_at: Some(at(240)),
                ending: SegmentEnding::Left,
            })
            .into_iter()
            .collect(),
        visits: vec![QueueVisit {
            queue: ["service", "sales", "complaints"][(n % 3) as usize].into(),
            entered_at: at(0),
            left_at: Some(at(18)),
            ending,
        }],
        ..CallRecord::new(
            CallId::new(arrived_at, rng),
            CallDirection::Inbound,
            format!("138{:08}", rng.below(60_000)),
            "95000".into(),
            arrived_at,
        )
    }
}

fn question(kind: Kind, by: Slice) -> Question {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get("Asia/Shanghai").expect("a zone");
    Question {
        kind,
        slices: Slices { zone, by, since: Timestamp(BEGAN), until: Timestamp(BEGAN + MONTH) },
        terms: Terms::default(),
        queue: None,
        agent: None,
        teams: BTreeMap::new(),
        plans: BTreeMap::new(),
        now: Timestamp(BEGAN + 2 * MONTH),
        rows_max: 1_000_000,
    }
}

fn reports(criterion: &mut Criterion) {
    let mut rng = Rng::new(1);
    let calls: Vec<CallRecord> = (0..CALLS).map(|n| record(n, &mut rng)).collect();
    let mut group = criterion.benchmark_group("report of 100,000 calls");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for (name, kind, by) in [
        ("queues, a month in one", Kind::Queues, Slice::Whole),
        ("queues, by half-hour", Kind::Queues, Slice::HalfHour),
        ("agents, by day", Kind::Agents, Slice::Day),
    ] {
        group.bench_function(format!("added up: {name}"), |bencher| {
            bencher.iter(|| {
                let mut report = Report::new(question(kind, by));
                calls.iter().for_each(|call| report.call(call).expect("room"));
                black_box(report.rows().len())
            });
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let store = runtime.block_on(async {
        let store = Store::open(folder.path()).await.expect("opens");
        for some in calls.chunks(10_000) {
            assert!(store.try_push_all(some.iter().map(|call| Row::Call(Box::new(call.clone()))).collect()).is_empty());
            store.flush().await.expect("flushes");
        }
        for n in 0..CALLS {
            let from = BEGAN + n * (MONTH / CALLS);
            let (agent, to) = (AgentId::new(&(1_000 + n % AGENTS).to_string()), Timestamp(from + 60_000));
            let interval = AgentInterval { agent, state: "ready".into(), reason: None, call: None, queue: None, from: Timestamp(from), to };
            store.try_push(Row::Interval(Box::new(interval))).expect("room");
        }
        store.flush().await.expect("flushes");
        store
    });
    for (name, kind) in [("queues, by day", Kind::Queues), ("agents, by day, with their time", Kind::Agents)] {
        group.bench_function(format!("from the database: {name}"), |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let mut report = Report::new(question(kind, Slice::Day));
                    let (since, until) = (Time(BEGAN), Time(BEGAN + MONTH));
                    let mut read = 0;
                    let each = store.each_call(since, until, |call| {
                        read += 1;
                        report.call(&facts::record(&call).expect("a record")).expect("room");
                        ControlFlow::Continue(())
                    });
                    each.await.expect("reads");
                    assert_eq!(read, CALLS);
                    if kind == Kind::Agents {
                        let each = store.each_interval(since, until, None, |interval| {
                            report.interval(&interval).expect("room");
                            ControlFlow::Continue(())
                        });
                        each.await.expect("reads");
                    }
                    black_box(report.rows().len())
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reports);
criterion_main!(benches);
