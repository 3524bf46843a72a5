//! What a row costs: CPU of all threads of the store, from the push to the database, for calls as a busy switch tells them. Waiting for
//! the disk is not counted; nobody waits for it.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sanling::base::time::millis;
use sanling::base::{CallId, Rng, Timestamp};
use sanling::call::record::{CallDirection, CallRecord, OfferOutcome, OfferRecord, Outcome, RecordingRecord, RecordingState};
use sanling::io::events::EventHub;
use sanling::io::store::{Row, Store};
use sanling::switch::output::{Detail, Event};
use std::time::Duration;

/// Calls of one iteration: a second and a third of the highest load.
const CALLS: i64 = 2_000;

const EVENTS: [&str; 12] = [
    "call.delivered",
    "call.queued",
    "agent.reserved",
    "offer.began",
    "offer.rang",
    "call.established",
    "recording.began",
    "agent.talking",
    "call.held",
    "call.retrieved",
    "call.released",
    "agent.ready",
];

/// CPU time of all threads that are alive.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let nanos =
        tasks.filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok());
    Duration::from_nanos(nanos.sum())
}

fn record(n: i64, rng: &mut Rng) -> CallRecord {
    let arrived_at = Timestamp(1_795_253_400_000 + n);
    let id = CallId::new(arrived_at, rng);
    CallRecord {
        trunk: Some("carrier".into()),
        queue: Some("service".into()),
        agent: Some(format!("{}", 1_000 + n % 500).as_str().into()),
        answered_at: Some(arrived_at),
        connected_at: Some(arrived_at),
        offers: vec![OfferRecord {
            agent: "1001".into(),
            alerted_at: arrived_at,
            ended_at: Some(arrived_at),
            rings: 1,
            result: OfferOutcome::Answered,
            beside: false,
        }],
        recording: Some(RecordingRecord {
            file: format!("2026/11/21/{id}.wav"),
            duration: millis(60_000),
            sha256: None,
            state: RecordingState::Open,
            reason: None,
        }),
        ..CallRecord::new(id, CallDirection::Inbound, format!("138{n:08}"), "95000".into(), arrived_at)
    }
}

/// Twelve events and three states of the record for each call, in turns as they come when many calls run; images where wanted.
fn calls(store: &Store, hub: &EventHub, rng: &mut Rng, image: Option<usize>) -> u64 {
    let mut rows = 0;
    let mut push = |row: Row| {
        while store.try_push(row.clone()).is_err() {
            std::thread::sleep(millis(1));
        }
        rows += 1;
    };
    let mut records: Vec<_> = (0..CALLS).map(|n| record(n, rng)).collect();
    for (step, name) in EVENTS.into_iter().enumerate() {
        for record in &mut records {
            let detail = vec![("rings", Detail::Number(2)), ("leg", Detail::Text("caller".into()))];
            let event = Event {
                at: record.arrived_at,
                name,
                call: Some(record.id),
                agent: record.agent.clone(),
                queue: record.queue.clone(),
                detail,
            };
            push(Row::Event(hub.publish(event)));
            if step % 4 == 3 {
                if step == 11 {
                    record.released_at = Some(record.arrived_at);
                    record.outcome = Some(Outcome::Answered);
                }
                push(Row::Call(Box::new(record.clone())));
                if let Some(bytes) = image {
                    push(Row::Kept { part: format!("call/{}", record.id), image: (step != 11).then(|| vec![7; bytes]) });
                }
            }
        }
    }
    rows
}

fn rows(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = c.benchmark_group("store");
    group.sample_size(10).warm_up_time(millis(500)).measurement_time(Duration::from_secs(8));
    for (name, image) in [("a call: 12 events, 3 records", None), ("and 3 images of 4 KB", Some(4_096))] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = runtime.block_on(Store::open(folder.path())).expect("opens");
        let (hub, mut rng) = (EventHub::new(0), Rng::new(1));
        group.throughput(Throughput::Elements(CALLS as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let began = cpu();
                for _ in 0..times {
                    calls(&store, &hub, &mut rng, image);
                    runtime.block_on(store.flush()).expect("flushes");
                }
                cpu() - began
            });
        });
        runtime.block_on(store.close()).expect("closes");
    }
    group.finish();
}

criterion_group!(benches, rows);
criterion_main!(benches);
