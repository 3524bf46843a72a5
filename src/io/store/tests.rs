//! Stories of the store, each with a database in a folder of its own.

use super::*;
use crate::base::{CallId, Rng, Timestamp, time::millis};
use crate::call::record::*;
use crate::io::events::EventHub;
use crate::io::shapes::{Call, Time};
use crate::switch::output::{Detail, Event};

fn record(n: i64, rng: &mut Rng) -> CallRecord {
    let arrived_at = Timestamp(1_795_253_400_000 + n * 1_000);
    CallRecord {
        id: CallId::new(arrived_at, rng),
        direction: CallDirection::Inbound,
        caller: format!("1380000{n:04}"),
        called: "95000".into(),
        trunk: Some("carrier".into()),
        queue: Some("service".into()),
        agent: (n % 2 == 0).then(|| "1001".into()),
        arrived_at,
        answered_at: Some(Timestamp(arrived_at.0 + 3_000)),
        connected_at: Some(Timestamp(arrived_at.0 + 3_000)),
        released_at: Some(Timestamp(arrived_at.0 + 60_000)),
        released_by: Some(ReleasedBy::Caller),
        release_cause: Some("BYE".into()),
        outcome: Some(if n % 2 == 0 { Outcome::Answered } else { Outcome::Abandoned }),
        offers: vec![OfferRecord {
            agent: "1001".into(),
            alerted_at: arrived_at,
            ended_at: Some(Timestamp(arrived_at.0 + 3_000)),
            rings: 1,
            result: OfferOutcome::Answered,
        }],
        holds: vec![HoldRecord { by: HeldBy::Agent, started_at: Timestamp(arrived_at.0 + 9_000), ended_at: None, reassured: 1 }],
        recording: Some(RecordingRecord {
            file: "2026/11/21/X.wav".into(),
            duration: millis(57_000),
            sha256: None,
            state: RecordingState::Open,
            reason: None,
        }),
    }
}

fn event(at: i64, name: &'static str, call: Option<CallId>) -> Event {
    Event { at: Timestamp(at), name, call, agent: Some("1001".into()), queue: None, detail: vec![("rings", Detail::Number(2))] }
}

#[tokio::test]
async fn ten_thousand_records_are_written_read_in_pages_and_found_again_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("opens");
    let mut rng = Rng::new(1);
    let records: Vec<_> = (0..10_000).map(|n| record(n, &mut rng)).collect();
    for record in &records {
        store.try_push(Row::Call(Box::new(record.clone()))).expect("there is room");
        store.try_push(Row::Call(Box::new(record.clone()))).expect("there is room");
    }
    // Reading goes on while the writer writes.
    while store.rows_written() < 1_000 {
        store.calls(&CallFilter::default(), 10).await.expect("reads");
    }
    store.flush().await.expect("flushes");
    store.close().await.expect("closes");
    assert!(!folder.path().join("sanling.db-wal").exists() || folder.path().join("sanling.db-wal").metadata().expect("meta").len() == 0);

    let store = Store::open(folder.path()).await.expect("reopens");
    let mut seen = Vec::new();
    let mut filter = CallFilter::default();
    loop {
        let page = store.calls(&filter, 499).await.expect("reads");
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id.clone());
        seen.extend(page);
    }
    let expected: Vec<_> = records.iter().rev().map(Call::from).collect();
    assert_eq!(seen.len(), expected.len());
    assert!(seen == expected, "newest first, each once, whole");
}

#[tokio::test]
async fn filters_are_joined_by_and() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("opens");
    let mut rng = Rng::new(2);
    for n in 0..20 {
        store.try_push(Row::Call(Box::new(record(n, &mut rng)))).expect("room");
    }
    store.flush().await.expect("flushes");
    let text = |value: &str| Some(value.to_owned());
    let start = 1_795_253_400_000;
    for (filter, count) in [
        (CallFilter { agent: text("1001"), ..Default::default() }, 10),
        (CallFilter { agent: text("1001"), outcome: text("abandoned"), ..Default::default() }, 0),
        (CallFilter { outcome: text("abandoned"), queue: text("service"), ..Default::default() }, 10),
        (CallFilter { caller: text("13800000007"), ..Default::default() }, 1),
        (CallFilter { since: Some(Time(start + 5_000)), until: Some(Time(start + 8_000)), ..Default::default() }, 3),
        (CallFilter { recording: text("open"), ..Default::default() }, 20),
        (CallFilter { queue: text("' OR 1=1 --"), ..Default::default() }, 0),
    ] {
        assert_eq!(store.calls(&filter, 100).await.expect("reads").len(), count, "{filter:?}");
    }
}

#[tokio::test]
async fn a_later_record_replaces_the_earlier_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("opens");
    let finished = record(0, &mut Rng::new(3));
    let running = CallRecord { released_at: None, outcome: None, holds: vec![], ..finished.clone() };
    for stage in [&running, &finished, &finished] {
        store.try_push(Row::Call(Box::new(stage.clone()))).expect("room");
        store.flush().await.expect("flushes");
        let stored = store.call(&stage.id.to_string()).await.expect("reads").expect("is there");
        assert_eq!(stored, Call::from(stage));
    }
    assert_eq!(store.calls(&CallFilter::default(), 10).await.expect("reads").len(), 1);
}

#[tokio::test]
async fn events_keep_their_numbers_across_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let call = record(0, &mut Rng::new(4)).id;
    for (run, expected) in [(0, 3), (1, 6)] {
        let store = Store::open(folder.path()).await.expect("opens");
        let hub = EventHub::new(store.last_event_seq().await.expect("reads"));
        for n in 0..3 {
            let numbered = hub.publish(event(n, "call.delivered", (n == 1).then_some(call)));
            store.try_push(Row::Event(numbered)).expect("room");
        }
        store.flush().await.expect("flushes");
        assert_eq!(store.last_event_seq().await.expect("reads"), expected, "run {run}");
        assert_eq!(store.events_of_call(&call.to_string(), 0, 10).await.expect("reads").len(), run + 1);
        let all = store.events_between(1, 4, 100).await.expect("reads");
        assert!(all.iter().all(|event| event.detail["rings"] == 2) && all.iter().map(|event| event.seq).eq(2..=expected.min(3)));
        store.close().await.expect("closes");
    }
}

#[tokio::test]
async fn a_crash_leaves_no_call_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("opens");
    let mut rng = Rng::new(5);
    let open = |n, rng: &mut Rng| CallRecord { released_at: None, released_by: None, release_cause: None, outcome: None, ..record(n, rng) };
    let (recorded, lost, only_hashing) = (open(0, &mut rng), open(1, &mut rng), record(2, &mut rng));
    let mut done = record(3, &mut rng);
    done.recording = None;
    for record in [&recorded, &lost, &only_hashing, &done] {
        store.try_push(Row::Call(Box::new(record.clone()))).expect("room");
    }
    let last_event = lost.arrived_at.0 + 33_000;
    store.try_push(Row::Event(EventHub::new(0).publish(event(last_event, "call.held", Some(lost.id))))).expect("room");
    store.flush().await.expect("flushes");
    let stranger = CallId::new(Timestamp(1), &mut rng);
    let found =
        |call, duration| Recovered { call, file: format!("2026/11/21/{call}.wav"), duration: millis(duration), sha256: "ab".into() };
    let repaired = [found(recorded.id, 20_000), found(only_hashing.id, 57_000), found(stranger, 1)];

    let report = store.close_interrupted(&repaired).await.expect("closes");
    assert_eq!(report, Interrupted { closed: 2, recovered: 2, missing: 1, unknown: vec![stranger] });
    let read = async |id: CallId| store.call(&id.to_string()).await.expect("reads").expect("is there");
    let call = read(recorded.id).await;
    assert_eq!((call.outcome.as_deref(), call.released_by.as_deref()), (Some("failed"), Some("switch")));
    assert_eq!(call.release_cause.as_deref(), Some("switch stopped"));
    // Answered at 3 s, 20 s of sound.
    assert_eq!(call.released_at, Some(Time(recorded.arrived_at.0 + 23_000)));
    assert_eq!(call.holds[0].ended_at, call.released_at);
    let recording = call.recording.expect("has one");
    assert_eq!((recording.state.as_str(), recording.duration_ms, recording.sha256.as_deref()), ("recovered", 20_000, Some("ab")));
    let call = read(lost.id).await;
    let recording = call.recording.expect("has one");
    assert_eq!(recording.state, "missing");
    assert!(recording.reason.is_some());
    let call = read(only_hashing.id).await;
    assert_eq!((call.outcome.as_deref(), call.recording.expect("has one").state.as_str()), (Some("answered"), "recovered"));
    assert_eq!(read(done.id).await, Call::from(&done));
    let again = store.close_interrupted(&[]).await.expect("closes");
    assert_eq!(again, Interrupted::default(), "nothing is left to close");
}

#[tokio::test]
async fn a_recording_without_a_file_is_missing_until_a_repair_finds_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("opens");
    let call = record(0, &mut Rng::new(8));
    store.try_push(Row::Call(Box::new(call.clone()))).expect("room");
    store.flush().await.expect("flushes");
    let found = Recovered { call: call.id, file: "2026/11/21/X.wav".into(), duration: millis(1), sha256: "ab".into() };
    for (recovered, state) in [(&[][..], "missing"), (&[found][..], "recovered")] {
        store.close_interrupted(recovered).await.expect("closes");
        let recording = store.call(&call.id.to_string()).await.expect("reads").expect("is there").recording.expect("has one");
        assert_eq!((recording.state.as_str(), recording.reason.is_some()), (state, state == "missing"));
    }
}

#[tokio::test]
async fn a_store_that_cannot_write_says_so_before_it_loses_anything_and_then_catches_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { rows_max: 64, batch_max: 8, retry_after: millis(5), busy_timeout: millis(5), ..StoreOptions::default() };
    let store = Store::open_with(folder.path(), options).await.expect("opens");
    let mut stranger = store.database.connect().await.expect("connects");
    stranger.execute("BEGIN IMMEDIATE").await.expect("locks");
    let mut rng = Rng::new(6);
    let (mut taken, mut blocked_at) = (0, None);
    for n in 0..10_000 {
        if blocked_at.is_none() && store.is_blocked() {
            blocked_at = Some(taken);
        }
        match store.try_push(Row::Call(Box::new(record(n, &mut rng)))) {
            Ok(()) => taken += 1,
            Err(StoreFull) => break,
        }
    }
    assert!(blocked_at.expect("was told") < taken, "told while there was room: at {blocked_at:?} of {taken}");
    assert_eq!(store.rows_lost(), 1);
    stranger.execute("ROLLBACK").await.expect("unlocks");
    store.flush().await.expect("flushes");
    assert!(!store.is_blocked() && !store.is_failing());
    assert_eq!(store.calls(&CallFilter::default(), 500).await.expect("reads").len(), taken);
}

#[test]
fn any_folder_name_makes_a_url() {
    assert_eq!(sqlite_url(Path::new("/srv/三 a?%#.db")), "sqlite:///srv/%E4%B8%89%20a%3F%25%23.db?mode=rwc");
}
