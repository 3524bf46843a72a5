//! Stories of the store, each with a database in a folder of its own.

use super::*;
use crate::base::{
    CallId, Rng, Timestamp,
    time::{millis, secs},
};
use crate::call::record::*;
use crate::io::events::EventHub;
use crate::io::shapes::{Call, Time};
use crate::switch::output::{Detail, Event};
use sqlx::Row as _;
use std::collections::BTreeSet;

/// As the switch wrote it: the number is the store's own.
fn without_number(mut call: Call) -> Call {
    if let Some(recording) = &mut call.recording {
        recording.replay_number = None;
    }
    call
}

pub(super) fn record(n: i64, rng: &mut Rng) -> CallRecord {
    let arrived_at = Timestamp(1_795_253_400_000 + n * 1_000);
    CallRecord {
        trunk: Some("carrier".into()),
        queue: Some("service".into()),
        agent: (n % 2 == 0).then(|| "1001".into()),
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
            beside: false,
        }],
        holds: vec![HoldRecord {
            by: HeldBy::Agent,
            started_at: Timestamp(arrived_at.0 + 9_000),
            ended_at: None,
            reassured: 1,
            reason: None,
            promised: None,
            kept: None,
        }],
        recording: Some(RecordingRecord {
            file: "2026/11/21/X.wav".into(),
            duration: millis(57_000),
            sha256: None,
            state: RecordingState::Open,
            reason: None,
        }),
        ..CallRecord::new(CallId::new(arrived_at, rng), CallDirection::Inbound, format!("1380000{n:04}"), "95000".into(), arrived_at)
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
        seen.extend(page.into_iter().map(without_number));
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
        (CallFilter { caller: Some("13800000007".into()), ..Default::default() }, 1),
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
        assert_eq!(stored.recording.as_ref().and_then(|recording| recording.replay_number), Some(1_000), "the same all the while");
        assert_eq!(without_number(stored), Call::from(stage));
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
    let found = |call, duration| Recovered {
        call,
        file: format!("2026/11/21/{call}.wav"),
        duration: millis(duration),
        sha256: "ab".into(),
        sound: None,
    };
    let repaired = [found(recorded.id, 20_000), found(only_hashing.id, 57_000), found(stranger, 1)];

    let report = store.close_interrupted(&repaired, &BTreeSet::new()).await.expect("closes");
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
    let again = store.close_interrupted(&[], &BTreeSet::new()).await.expect("closes");
    assert_eq!(again, Interrupted::default(), "nothing is left to close");
}

#[tokio::test]
async fn a_recording_without_a_file_is_missing_until_a_repair_finds_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("opens");
    let call = record(0, &mut Rng::new(8));
    store.try_push(Row::Call(Box::new(call.clone()))).expect("room");
    store.flush().await.expect("flushes");
    let found = Recovered { call: call.id, file: "2026/11/21/X.wav".into(), duration: millis(1), sha256: "ab".into(), sound: None };
    for (recovered, state) in [(&[][..], "missing"), (&[found][..], "recovered")] {
        store.close_interrupted(recovered, &BTreeSet::new()).await.expect("closes");
        let recording = store.call(&call.id.to_string()).await.expect("reads").expect("is there").recording.expect("has one");
        assert_eq!((recording.state.as_str(), recording.reason.is_some()), (state, state == "missing"));
    }
}

/// A second connection, as another process would have it.
async fn stranger(folder: &Path) -> sqlx::AnyConnection {
    let database = Database::new(folder.join("sanling.db"), millis(5), None);
    database.connect().await.expect("connects")
}

fn quick() -> StoreOptions {
    StoreOptions { retry_after: millis(5), busy_timeout: millis(5), sync_every: millis(5), patience: secs(10), ..StoreOptions::default() }
}

/// Journal and database as they lie there: what a killed process would leave, as far as files go.
fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for (from, to) in [(folder.to_owned(), copy.path().to_owned()), (folder.join("journal"), copy.path().join("journal"))] {
        std::fs::create_dir_all(&to).expect("makes");
        for entry in std::fs::read_dir(from).expect("lists").flatten().filter(|entry| entry.path().is_file()) {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copies");
        }
    }
    copy
}

async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::time::sleep(millis(2)).await;
    }
}

#[tokio::test]
async fn a_locked_database_costs_nothing_the_journal_goes_on_and_is_told_and_then_all_is_applied() {
    let folder = tempfile::tempdir().expect("a folder");
    // So small that rows do not stay in memory either.
    let options = StoreOptions { rows_max: 64, batch_max: 8, segment_max: 4_096, ..quick() };
    let store = Store::open_with(folder.path(), options).await.expect("opens");
    let mut stranger = stranger(folder.path()).await;
    stranger.execute("BEGIN IMMEDIATE").await.expect("locks");
    let mut rng = Rng::new(6);
    let records: Vec<_> = (0..2_000).map(|n| record(n, &mut rng)).collect();
    for (n, record) in records.iter().enumerate() {
        store.try_push(Row::Call(Box::new(record.clone()))).expect("the journal takes it");
        until(|| store.rows_journalled() > n as u64).await;
    }
    until(|| store.is_failing()).await;
    assert!(!store.is_blocked(), "calls go on");
    assert!(store.troubles().concat().contains("database is locked"), "{:?}", store.troubles());
    // A process that is killed now loses nothing.
    let crashed = copy_of(folder.path());
    let again = Store::open_with(crashed.path(), quick()).await.expect("opens");
    assert_eq!(all_calls(&again).await, records.len());

    stranger.execute("ROLLBACK").await.expect("unlocks");
    store.flush().await.expect("flushes");
    assert!(!store.is_failing() && store.troubles().is_empty());
    assert_eq!((all_calls(&store).await, store.rows_lost()), (records.len(), 0));
    until(|| store.journal_bytes() < 20_000).await;
}

async fn all_calls(store: &Store) -> usize {
    let (mut filter, mut count) = (CallFilter::default(), 0);
    while let page = store.calls(&filter, 500).await.expect("reads")
        && let Some(last) = page.last()
    {
        count += page.len();
        filter.before = Some(last.id.clone());
    }
    count
}

#[tokio::test]
async fn a_journal_that_is_full_blocks_new_calls_before_anything_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { rows_max: 64, batch_max: 8, segment_max: 4_096, journal_max: 256 << 10, ..quick() };
    let store = Store::open_with(folder.path(), options).await.expect("opens");
    let mut stranger = stranger(folder.path()).await;
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
        if blocked_at.is_none() {
            until(|| store.rows_waiting() < 32).await;
        }
    }
    assert!(blocked_at.expect("was told") < taken, "told while there was room: at {blocked_at:?} of {taken}");
    assert_eq!(store.rows_lost(), 1);
    stranger.execute("ROLLBACK").await.expect("unlocks");
    store.flush().await.expect("flushes");
    until(|| !store.is_blocked()).await;
    assert_eq!(all_calls(&store).await, taken);
}

/// A disk as tests want it.
#[derive(Debug, Default)]
struct Bad {
    /// Bytes that still fit, once there is a limit.
    room: Mutex<Option<usize>>,
    read_only: AtomicBool,
    /// While held, writes stall.
    stall: Mutex<()>,
    /// While held, syncs stall.
    sync_stall: Mutex<()>,
}

impl Medium for Bad {
    fn open(&self, path: &Path, new: bool) -> std::io::Result<std::fs::File> {
        if self.read_only.load(Relaxed) {
            return Err(std::io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Disk.open(path, new)
    }

    fn append(&self, file: &std::fs::File, bytes: &[u8]) -> std::io::Result<usize> {
        drop(self.stall.lock());
        if self.read_only.load(Relaxed) {
            return Err(std::io::ErrorKind::ReadOnlyFilesystem.into());
        }
        let mut room = self.room.lock().expect("not poisoned");
        match room.as_mut() {
            Some(0) => Err(std::io::ErrorKind::StorageFull.into()),
            Some(room) => {
                let count = bytes.len().min(*room);
                *room -= count;
                Disk.append(file, &bytes[..count])
            }
            None => Disk.append(file, bytes),
        }
    }

    fn sync(&self, file: &std::fs::File) -> std::io::Result<()> {
        drop(self.sync_stall.lock());
        Disk.sync(file)
    }
}

async fn with_a_bad_disk(folder: &Path, segment_max: u64) -> (Arc<Bad>, Store) {
    let bad = Arc::new(Bad::default());
    let options = StoreOptions { rows_max: 1_000, segment_max, medium: bad.clone(), ..quick() };
    (bad, Store::open_with(folder, options).await.expect("opens"))
}

#[tokio::test]
async fn a_full_disk_is_told_and_every_row_that_was_accepted_is_kept_once_there_is_room() {
    for segment_max in [1 << 20, 2_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let (bad, store) = with_a_bad_disk(folder.path(), segment_max).await;
        let mut rng = Rng::new(9);
        *bad.room.lock().expect("not poisoned") = Some(7_777);
        for n in 0..500 {
            store.try_push(Row::Call(Box::new(record(n, &mut rng)))).expect("accepted");
        }
        until(|| store.is_failing()).await;
        let told = store.troubles().concat();
        assert!(told.contains("journal cannot be written") && told.contains("Make room"), "{told}");
        // A part of a frame was written: a crash here costs the tail, not the rest.
        let crashed = copy_of(folder.path());
        let again = Store::open_with(crashed.path(), quick()).await.expect("opens");
        assert!(again.notices().is_empty(), "{:?}", again.notices());
        assert!(all_calls(&again).await > 0);
        // Room comes in small pieces.
        for _ in 0..50 {
            *bad.room.lock().expect("not poisoned") = Some(333);
            tokio::time::sleep(millis(1)).await;
        }
        *bad.room.lock().expect("not poisoned") = None;
        store.flush().await.expect("flushes");
        assert_eq!((all_calls(&store).await, store.rows_lost(), store.is_failing()), (500, 0, false));
        store.close().await.expect("closes");
        let store = Store::open_with(folder.path(), quick()).await.expect("opens");
        assert!(store.notices().is_empty(), "the journal is whole: {:?}", store.notices());
    }
}

#[tokio::test]
async fn a_disk_that_becomes_read_only_loses_nothing_either() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bad, store) = with_a_bad_disk(folder.path(), 2_000).await;
    let mut rng = Rng::new(10);
    bad.read_only.store(true, Relaxed);
    for n in 0..100 {
        store.try_push(Row::Call(Box::new(record(n, &mut rng)))).expect("accepted");
    }
    until(|| store.is_failing()).await;
    assert!(store.troubles().concat().contains("read-only"), "{:?}", store.troubles());
    bad.read_only.store(false, Relaxed);
    store.flush().await.expect("flushes");
    assert_eq!(all_calls(&store).await, 100);
}

#[tokio::test]
#[allow(clippy::await_holding_lock)] // The lock is what makes the disk stall.
async fn a_disk_that_stalls_delays_nobody_and_new_calls_are_refused_before_it_costs_a_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bad, store) = with_a_bad_disk(folder.path(), 1 << 20).await;
    let mut rng = Rng::new(11);
    let records: Vec<_> = (0..1_000).map(|n| Box::new(record(n, &mut rng))).collect();
    {
        // A sync that stalls is not even noticed.
        let _stalled = bad.sync_stall.lock().expect("not poisoned");
        for record in &records[..400] {
            store.try_push(Row::Call(record.clone())).expect("accepted");
        }
        store.flush().await.expect("flushes");
        assert_eq!(all_calls(&store).await, 400);
    }
    {
        let _stalled = bad.stall.lock().expect("not poisoned");
        for record in &records[400..] {
            store.try_push(Row::Call(record.clone())).expect("accepted at once");
        }
        // What was on its way when the disk stalled is held besides what waits.
        let more = records.iter().cycle().take(2_000).take_while(|_| !store.is_blocked());
        for record in more {
            store.try_push(Row::Call(record.clone())).expect("accepted at once");
        }
        assert!(store.is_blocked(), "new calls are refused while there is still room");
        store.try_push(Row::Call(records[0].clone())).expect("running ones go on");
    }
    store.flush().await.expect("flushes");
    assert_eq!((all_calls(&store).await, store.rows_lost(), store.is_blocked()), (1_000, 0, false));
}

#[tokio::test]
async fn a_damaged_database_is_moved_aside_and_the_journal_applied_to_a_new_one() {
    for damage in [&b"this is no database"[..], &[0xAA; 4_096 * 40]] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut rng = Rng::new(12);
        let store = Store::open_with(folder.path(), quick()).await.expect("opens");
        let hub = EventHub::new(0);
        for n in 0..300 {
            store.try_push(Row::Call(Box::new(record(n, &mut rng)))).expect("room");
            store.try_push(Row::Event(hub.publish(event(n, "call.delivered", None)))).expect("room");
        }
        store.try_push(Row::Kept { part: "switch".into(), image: Some(vec![1, 2, 3]) }).expect("room");
        store.close().await.expect("closes");
        let database = folder.path().join("sanling.db");
        let mut bytes = std::fs::read(&database).expect("reads");
        // The beginning, or pages in the middle.
        let at = if damage.len() < 100 { 0 } else { 4_096 * 5 };
        bytes[at..at + damage.len()].copy_from_slice(damage);
        std::fs::write(&database, &bytes).expect("damages");

        let store = Store::open_with(folder.path(), quick()).await.expect("opens all the same");
        let [notice] = store.notices() else { panic!("one notice, not {:?}", store.notices()) };
        let aside = notice.split("moved to ").nth(1).and_then(|rest| rest.split(';').next()).expect("says where");
        assert!(std::fs::read(aside).expect("is there")[at..].starts_with(damage), "the old one, not a copy of the new");
        assert_eq!(all_calls(&store).await, 300, "the journal still had them");
        assert_eq!(store.last_event_seq().await.expect("reads"), 300, "numbers do not go back");
        assert_eq!(store.kept(), [("switch".to_owned(), vec![1, 2, 3])]);
        store.close().await.expect("closes");
        let store = Store::open_with(folder.path(), quick()).await.expect("opens");
        assert!(store.notices().is_empty());
    }
}

#[tokio::test]
async fn a_damaged_journal_costs_what_is_behind_the_damage_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open_with(folder.path(), quick()).await.expect("opens");
    store.try_push(Row::Kept { part: "agent/1001".into(), image: Some(vec![7; 99]) }).expect("room");
    let mut rng = Rng::new(13);
    for n in 0..50 {
        store.try_push(Row::Call(Box::new(record(n, &mut rng)))).expect("room");
    }
    store.flush().await.expect("flushes");
    let crashed = copy_of(folder.path());
    let segment = crashed.path().join("journal").join("00000000000000000001.journal");
    let mut bytes = std::fs::read(&segment).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(&segment, bytes).expect("damages");
    let store = Store::open_with(crashed.path(), quick()).await.expect("opens all the same");
    assert!(store.notices().concat().contains("the journal is damaged"), "{:?}", store.notices());
    assert_eq!(all_calls(&store).await, 50, "the database had them");
    assert_eq!(store.kept(), [("agent/1001".to_owned(), vec![7; 99])], "was before the damage");
    // And it goes on.
    store.try_push(Row::Call(Box::new(record(50, &mut rng)))).expect("room");
    store.flush().await.expect("flushes");
    assert_eq!(all_calls(&store).await, 51);
}

#[tokio::test]
async fn images_outlive_the_process_each_as_it_was_last_and_through_many_segments() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { segment_max: 1_000, ..quick() };
    let store = Store::open_with(folder.path(), options.clone()).await.expect("opens");
    assert!(store.kept().is_empty());
    let keep = |part: &str, image: Option<&[u8]>| {
        store.try_push(Row::Kept { part: part.to_owned(), image: image.map(<[u8]>::to_vec) }).expect("room");
    };
    keep("agent/1001", Some(b"never changed"));
    for n in 0..200u8 {
        keep("switch", Some(&[n; 50]));
        keep(&format!("call/{n}"), Some(&[n; 30]));
        if n > 0 && n != 100 {
            keep(&format!("call/{}", n - 1), None);
        }
        if n % 20 == 0 {
            store.flush().await.expect("flushes");
        }
    }
    store.flush().await.expect("flushes");
    let crashed = copy_of(folder.path());
    for round in 0..2 {
        let again = Store::open_with(crashed.path(), options.clone()).await.expect("opens");
        let expected: Vec<(String, Vec<u8>)> = vec![
            ("agent/1001".into(), b"never changed".to_vec()),
            ("call/199".into(), vec![199; 30]),
            ("call/99".into(), vec![99; 30]),
            ("switch".into(), vec![199; 50]),
        ];
        assert_eq!(again.kept(), expected, "round {round}");
        assert!(again.kept().is_empty(), "they are taken once");
        again.close().await.expect("closes");
    }
}

#[tokio::test]
async fn two_processes_do_not_share_a_folder_but_one_may_read_beside_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("opens");
    let call = record(0, &mut Rng::new(14));
    store.try_push(Row::Call(Box::new(call.clone()))).expect("room");
    store.flush().await.expect("flushes");
    let impatient = StoreOptions { patience: millis(10), ..quick() };
    let refused = Store::open_with(folder.path(), impatient).await.expect_err("in use");
    assert!(matches!(refused, StoreError::InUse(_)) && refused.to_string().contains("in use by another process"), "{refused}");
    let beside = Store::open_beside(folder.path()).await.expect("reads");
    assert!(beside.call(&call.id.to_string()).await.expect("reads").is_some());
    assert_eq!(beside.try_push(Row::Call(Box::new(call.clone()))), Err(StoreFull));
}

#[tokio::test]
async fn a_long_question_keeps_no_row_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open_with(folder.path(), quick()).await.expect("opens");
    let mut rng = Rng::new(15);
    store.try_push(Row::Call(Box::new(record(0, &mut rng)))).expect("room");
    store.flush().await.expect("flushes");
    // A reader that has begun and does not end: a slow client, an export.
    let mut reader = stranger(folder.path()).await;
    reader.execute("BEGIN").await.expect("begins");
    sqlx::query("SELECT count(*) FROM calls").fetch_one(&mut reader).await.expect("reads");
    for n in 1..2_000 {
        store.try_push(Row::Call(Box::new(record(n, &mut rng)))).expect("room");
        if n % 500 == 0 {
            store.flush().await.expect("is written while it is read");
        }
    }
    store.flush().await.expect("flushes");
    assert!(!store.is_failing());
    assert_eq!(all_calls(&store).await, 2_000);
    let seen: i64 = sqlx::query("SELECT count(*) FROM calls").fetch_one(&mut reader).await.expect("reads").try_get(0).expect("a number");
    assert_eq!(seen, 1, "what was when it began");
}

#[tokio::test]
async fn a_database_that_is_locked_at_the_start_keeps_no_switch_from_starting() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open_with(folder.path(), quick()).await.expect("opens");
    let mut rng = Rng::new(16);
    let ended = record(0, &mut rng);
    let running = CallRecord { released_at: None, outcome: None, recording: None, ..record(1, &mut rng) };
    let going_on = CallRecord { released_at: None, outcome: None, recording: None, ..record(2, &mut rng) };
    // The last run could not apply its rows either.
    let mut first = stranger(folder.path()).await;
    first.execute("BEGIN IMMEDIATE").await.expect("locks");
    for call in [&running, &going_on, &ended] {
        store.try_push(Row::Call(Box::new(call.clone()))).expect("room");
    }
    until(|| store.rows_journalled() == 3).await;
    let crashed = copy_of(folder.path());
    let mut second = stranger(crashed.path()).await;
    second.execute("BEGIN IMMEDIATE").await.expect("locks");

    let store = Store::open_with(crashed.path(), StoreOptions { patience: millis(50), ..quick() }).await.expect("starts");
    let report = store.close_interrupted(&[], &BTreeSet::from([going_on.id])).await.expect("is put off");
    assert_eq!(report, Interrupted::default());
    assert!(store.troubles().concat().contains("database is locked"), "{:?}", store.troubles());
    // Of this run.
    let new = CallRecord { arrived_at: Timestamp(jiff::Timestamp::now().as_millisecond() + 5), released_at: None, ..record(3, &mut rng) };
    store.try_push(Row::Call(Box::new(new.clone()))).expect("calls go on");
    second.execute("ROLLBACK").await.expect("unlocks");
    let read = async |id: CallId| store.call(&id.to_string()).await.expect("reads");
    while read(running.id).await.is_none_or(|call| call.released_at.is_none()) {
        tokio::time::sleep(millis(2)).await;
    }
    assert_eq!(read(running.id).await.and_then(|call| call.outcome).as_deref(), Some("failed"));
    assert_eq!(read(ended.id).await.and_then(|call| call.released_at), ended.released_at.map(Time::from), "was in the journal alone");
    for call in [going_on, new] {
        assert!(read(call.id).await.expect("is there").released_at.is_none(), "goes on");
    }
}

#[tokio::test]
async fn a_database_that_has_no_room_costs_nothing_while_the_journal_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { database_pages_max: Some(60), ..quick() };
    let store = Store::open_with(folder.path(), options).await.expect("opens");
    let mut rng = Rng::new(17);
    for n in 0..1_000 {
        store.try_push(Row::Call(Box::new(record(n, &mut rng)))).expect("room");
    }
    until(|| store.is_failing()).await;
    assert!(store.troubles().concat().contains("full"), "{:?}", store.troubles());
    let crashed = copy_of(folder.path());
    let store = Store::open_with(crashed.path(), quick()).await.expect("there is room again");
    assert_eq!((all_calls(&store).await, store.rows_lost()), (1_000, 0));
}
