//! Stories of retention, each with a database and recordings of its own. Time is an argument, and so is the room on the disk.

use super::*;
use crate::base::time::{millis, secs};
use crate::call::record::*;
use crate::config::FreeSpace;
use crate::io::shapes::LegalHold;

const DAY: i64 = 86_400_000;
const NOW: Timestamp = Timestamp(1_795_253_400_000);

struct World {
    folder: tempfile::TempDir,
    store: Store,
    cleaner: Cleaner,
    rng: Rng,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("data")).await.expect("opens");
        let cleaner = Cleaner::new(store.clone(), folder.path().to_owned(), 1);
        Self { folder, store, cleaner, rng: Rng::new(1) }
    }

    /// A call of so many days ago with a recording of 1,000 bytes in this state.
    fn call(&mut self, days: i64, state: RecordingState) -> String {
        let arrived_at = Timestamp(NOW.0 - days * DAY);
        let id = CallId::new(arrived_at, &mut self.rng);
        let file = format!("{id}.wav");
        let suffix = if state == RecordingState::Open { ".part" } else { "" };
        std::fs::write(self.folder.path().join(format!("{file}{suffix}")), [7; 1_000]).expect("writes");
        let ended = (state != RecordingState::Open).then_some(Timestamp(arrived_at.0 + 1_000));
        let record = CallRecord {
            answered_at: Some(arrived_at),
            released_at: ended,
            released_by: ended.map(|_| ReleasedBy::Caller),
            outcome: ended.map(|_| Outcome::Abandoned),
            recording: Some(RecordingRecord { file, duration: millis(1_000), sha256: Some("ab".into()), state, reason: None }),
            ..CallRecord::new(id, CallDirection::Inbound, "13800000000".into(), "95000".into(), arrived_at)
        };
        self.store.try_push(Row::Call(Box::new(record))).expect("room");
        id.to_string()
    }

    async fn hold(&self, call: &str) {
        let hold = LegalHold { by: "admin".into(), at: Time(NOW.0), reason: "a complaint".into() };
        self.store.try_push(Row::Hold { call: call.to_owned(), hold: Some(hold) }).expect("room");
        self.store.flush().await.expect("flushes");
    }

    async fn round(&mut self, rules: Retention, free: Option<Free>) -> Round {
        self.store.flush().await.expect("flushes");
        let round = self.cleaner.round(&rules, free, NOW).await.expect("looks");
        self.store.flush().await.expect("flushes");
        round
    }

    async fn state(&self, call: &str) -> String {
        self.store.call(call).await.expect("reads").expect("is there").recording.expect("has one").state
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path()).expect("lists").flatten().filter(|entry| entry.path().is_file()).count()
    }
}

fn days(days: u64) -> Option<Duration> {
    Some(secs(days * 86_400))
}

const NOTHING: Retention = Retention { recordings: None, records: None, signalling: None, free_space: FreeSpace::Off };

#[tokio::test]
async fn without_rules_nothing_ever_goes() {
    let mut world = World::new().await;
    world.call(10_000, RecordingState::Complete);
    assert_eq!(world.round(NOTHING, Some(Free { bytes: 0, of: 100 })).await, Round::default());
    assert_eq!(world.files(), 1);
}

#[tokio::test]
async fn old_recordings_go_and_open_ones_held_ones_and_young_ones_stay() {
    let mut world = World::new().await;
    let old = world.call(91, RecordingState::Complete);
    let recovered = world.call(92, RecordingState::Recovered);
    let stay = [world.call(95, RecordingState::Complete), world.call(99, RecordingState::Open), world.call(89, RecordingState::Complete)];
    world.hold(&stay[0]).await;
    let round = world.round(Retention { recordings: days(90), ..NOTHING }, None).await;
    assert_eq!((round.recordings, round.bytes, world.files()), (2, 2_000, 3));
    for call in [&old, &recovered] {
        let recording = world.store.call(call).await.expect("reads").expect("is there").recording.expect("has one");
        assert_eq!((recording.state.as_str(), recording.reason.as_deref()), ("removed", Some("older than 90 days")));
        assert_eq!((recording.removed_at, recording.sha256.as_deref()), (Some(Time(NOW.0)), Some("ab")), "what it was stays known");
        let audit = world.store.audit(Some(call), None, 9).await.expect("reads");
        let [entry] = &audit[..] else { panic!("one entry, not {audit:?}") };
        assert_eq!((entry.who.as_str(), entry.action.as_str()), ("retention", "recording.removed"));
        assert!(entry.detail.contains("older than 90 days; 1000 bytes"), "{}", entry.detail);
    }
    for (call, state) in stay.iter().zip(["complete", "open", "complete"]) {
        assert_eq!(world.state(call).await, state);
    }
    assert_eq!(world.round(Retention { recordings: days(90), ..NOTHING }, None).await, Round::default(), "once is enough");
}

#[tokio::test]
async fn a_short_disk_costs_the_oldest_recordings_and_no_more_than_it_must() {
    let mut world = World::new().await;
    let calls: Vec<_> = [9, 8, 7, 6].into_iter().map(|days| world.call(days, RecordingState::Complete)).collect();
    world.hold(&calls[0]).await;
    let rules = Retention { free_space: FreeSpace::Bytes(5_000), ..NOTHING };
    assert_eq!(world.round(rules, Some(Free { bytes: 5_000, of: 9_000 })).await, Round::default(), "just enough");
    let round = world.round(rules, Some(Free { bytes: 3_500, of: 9_000 })).await;
    assert_eq!((round.recordings, round.more), (2, false));
    for (call, state) in calls.iter().zip(["complete", "removed", "removed", "complete"]) {
        assert_eq!(world.state(call).await, state);
    }
    let round = world.round(rules, Some(Free { bytes: 0, of: 9_000 })).await;
    assert_eq!((round.recordings, round.short), (1, false));
    let round = world.round(Retention { free_space: FreeSpace::Percent(50), ..NOTHING }, Some(Free { bytes: 1_000, of: 9_000 })).await;
    assert_eq!((round.recordings, round.short), (0, true), "the one that is left is held");
    assert_eq!(world.files(), 1);
}

#[tokio::test]
async fn a_crash_between_file_and_record_is_made_good() {
    let mut world = World::new().await;
    let call = world.call(91, RecordingState::Complete);
    std::fs::remove_file(world.folder.path().join(format!("{call}.wav"))).expect("removes");
    let round = world.round(Retention { recordings: days(90), ..NOTHING }, None).await;
    assert_eq!((round.recordings, round.bytes), (1, 0));
    assert_eq!(world.state(&call).await, "removed");
}

#[tokio::test]
async fn old_records_go_unless_their_recording_is_there_or_held() {
    let mut world = World::new().await;
    let [gone, recorded, held] = [40, 41, 42].map(|days| world.call(days, RecordingState::Complete));
    world.hold(&held).await;
    // Recordings for 35 days, save the held one; records for 30.
    let rules = Retention { recordings: days(35), records: days(30), ..NOTHING };
    world.store.flush().await.expect("flushes");
    let young = world.call(29, RecordingState::Missing);
    let round = world.round(rules, None).await;
    assert_eq!((round.recordings, round.records), (2, 2));
    assert!(world.store.call(&gone).await.expect("reads").is_none() && world.store.call(&recorded).await.expect("reads").is_none());
    assert_eq!(world.state(&held).await, "complete");
    assert_eq!(world.state(&young).await, "missing");
    let audit = world.store.audit(None, None, 9).await.expect("reads");
    assert!(audit.iter().any(|entry| entry.action == "records.removed"), "{audit:?}");
}

#[test]
fn the_room_on_a_disk_is_told() {
    let free = Free::of(Path::new("/")).expect("is there");
    assert!(free.bytes <= free.of && free.of > 0, "{free:?}");
    assert!(Free::of(Path::new("/nowhere/at/all")).is_err());
}
