//! Looking for calls among a million: each filter alone and some together, as a page of fifty asks for it. Goal: half a second for the
//! slowest, which is one that finds nothing and has to look at all of them.
//!
//! The calls are made up; a year of a house of five hundred agents.

use criterion::{Criterion, criterion_group, criterion_main};
use sanling::base::time::millis;
use sanling::base::{AgentId, CallId, Rng, Timestamp};
use sanling::call::record::{
    CallDirection, CallRecord, OfferOutcome, OfferRecord, Outcome, RecordingRecord, RecordingState, ReleasedBy, SegmentEnding,
    SegmentRecord, SegmentRole,
};
use sanling::io::shapes::Time;
use sanling::io::store::{CallFilter, NumberPattern, Row, Store, Work, WorkKind};
use sanling::qa::Breach;
use std::hint::black_box;
use std::time::Duration;

const CALLS: i64 = 1_000_000;
const BEGAN: i64 = 1_764_547_200_000;
const EVERY: i64 = 365 * 86_400_000 / CALLS;
/// One call in so many has a note, and a score.
const NOTED: i64 = 20;

fn record(n: i64, rng: &mut Rng) -> CallRecord {
    let arrived = Timestamp(BEGAN + n * EVERY);
    let at = |ms: u64| Timestamp(arrived.0 + ms as i64);
    let id = CallId::new(arrived, rng);
    let agent = AgentId::new(&(1_000 + rng.below(500)).to_string());
    let answered = !rng.one_in(12);
    let (wait, talk) = (rng.below(90_000), 10_000 + rng.below(600_000));
    let outcome = if answered { Outcome::Answered } else { Outcome::Abandoned };
    let end = at(if answered { wait + talk } else { wait });
    let result = if answered { OfferOutcome::Answered } else { OfferOutcome::Withdrawn };
    let caller = format!("138{:08}", rng.below(100_000_000));
    CallRecord {
        trunk: Some("carrier".into()),
        queue: Some(["service", "sales", "complaints", "vip"][rng.below(4) as usize].into()),
        agent: answered.then(|| agent.clone()),
        answered_at: Some(arrived),
        connected_at: answered.then(|| at(wait)),
        released_at: Some(end),
        released_by: Some(ReleasedBy::Caller),
        hung_up_first: Some(if rng.one_in(20) { ReleasedBy::Agent } else { ReleasedBy::Caller }),
        outcome: Some(if rng.one_in(10_000) { Outcome::Failed } else { outcome }),
        offers: vec![OfferRecord { agent: agent.clone(), alerted_at: arrived, ended_at: Some(at(wait)), rings: 2, result, beside: false }],
        segments: vec![SegmentRecord {
            agent,
            role: SegmentRole::Serving,
            started_at: at(wait),
            ended_at: Some(end),
            ending: SegmentEnding::Left,
        }],
        broken: if rng.one_in(15) { Breach::ALL[rng.below(10) as usize].bit() } else { 0 },
        recording: Some(RecordingRecord {
            file: format!("2026/11/21/{id}.wav"),
            duration: millis(talk),
            sha256: None,
            state: RecordingState::Complete,
            reason: None,
        }),
        ..CallRecord::new(id, CallDirection::Inbound, caller, "95000".into(), arrived)
    }
}

fn written(kind: WorkKind, n: i64, call: CallId, number: Option<f64>, words: Option<&str>) -> Row {
    Row::Work(Box::new(Work {
        kind,
        id: format!("{kind:?}-{n}"),
        call: Some(call.to_string()),
        subject: None,
        who: "li-qa".into(),
        at: Time(BEGAN),
        number,
        words: words.map(str::to_owned),
        body: serde_json::Value::Null,
    }))
}

async fn fill(store: &Store) {
    let mut rng = Rng::new(1);
    let mut rows = Vec::new();
    for n in 0..CALLS {
        let record = record(n, &mut rng);
        if n % NOTED == 0 {
            let words = format!("promised a refund of {} by friday, customer was calm", rng.below(1_000));
            rows.push(written(WorkKind::Note, n, record.id, None, Some(&words)));
            rows.push(written(WorkKind::Score, n, record.id, Some(rng.below(101) as f64), None));
        }
        rows.push(Row::Call(Box::new(record)));
        if rows.len() >= 2_000 || n + 1 == CALLS {
            let refused = store.try_push_all(std::mem::take(&mut rows));
            assert!(refused.is_empty(), "the inbox holds a page");
            store.flush().await.expect("flushes");
        }
    }
}

fn search(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let store = runtime.block_on(Store::open(folder.path())).expect("opens");
    runtime.block_on(fill(&store));
    let text = |text: &str| Some(text.to_owned());
    let none = CallFilter::default;
    let month = |n: i64| Some(Time(BEGAN + n * 30 * 86_400_000));
    let filters = [
        ("nothing in particular", none()),
        ("agent", CallFilter { agent: text("1234"), ..none() }),
        ("an agent whom nobody knows", CallFilter { agent: text("9999"), ..none() }),
        ("queue", CallFilter { queue: text("vip"), ..none() }),
        ("a queue that nobody knows", CallFilter { queue: text("none"), ..none() }),
        ("a whole number", CallFilter { caller: Some(NumberPattern::Whole("13812345678".into())), ..none() }),
        ("a number's end", CallFilter { number: Some(NumberPattern::Ends("345678".into())), ..none() }),
        ("a number's beginning, of nobody", CallFilter { number: Some(NumberPattern::Begins("139".into())), ..none() }),
        ("outcome, rare", CallFilter { outcome: text("failed"), ..none() }),
        ("first to hang up", CallFilter { first: text("agent"), ..none() }),
        ("longer than any", CallFilter { longer: Some(3_600_000), ..none() }),
        ("rule broken", CallFilter { broken: Some(Breach::OpenMicrophone), ..none() }),
        ("scored below", CallFilter { score_below: Some(5.0), ..none() }),
        ("words in notes", CallFilter { words: vec!["refund".into(), "999".into()], ..none() }),
        ("words in no note", CallFilter { words: vec!["elephant".into()], ..none() }),
        ("a month, long ago", CallFilter { since: month(1), until: month(2), ..none() }),
        ("queue, long, rule broken", CallFilter { queue: text("vip"), longer: Some(600_000), broken: Some(Breach::Promise), ..none() }),
        (
            "agent, rule broken, scored",
            CallFilter { agent: text("1234"), broken: Some(Breach::Patience), score_below: Some(50.0), ..none() },
        ),
        (
            "a month, a number's end, waited",
            CallFilter { since: month(1), until: month(2), number: Some(NumberPattern::Ends("78".into())), waited: Some(80_000), ..none() },
        ),
    ];
    let mut group = c.benchmark_group("search a million");
    group.sample_size(10).warm_up_time(millis(300)).measurement_time(Duration::from_secs(3));
    for (name, filter) in filters {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(runtime.block_on(store.calls(&filter, 51)).expect("reads")));
        });
    }
    group.finish();
    runtime.block_on(store.close()).expect("closes");
}

criterion_group!(benches, search);
criterion_main!(benches);
