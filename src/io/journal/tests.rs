//! Stories of the journal, each in a folder of its own.

use super::*;
use crate::base::Rng;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

type Rows = Vec<(u64, Vec<u8>)>;

fn reopen(folder: &Path, applied: u64, segment_max: u64) -> (Opened, Rows) {
    let mut rows = Vec::new();
    let take = |frame: Frame<'_>| {
        if !frame.is_carried() {
            rows.push((frame.seq, frame.body.to_vec()));
        }
    };
    let opened = open(folder, Arc::new(Disk), applied, &folder.join("none"), segment_max, Duration::from_millis(5), take).expect("opens");
    (opened, rows)
}

fn push(opened: &mut Opened, body: &[u8]) -> u64 {
    opened.appender.push(1, |out| out.extend_from_slice(body))
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    segment::list(folder).expect("lists").into_iter().map(|(_, path)| path).collect()
}

#[test]
fn what_was_written_is_read_again_and_numbers_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected = Vec::new();
    for run in 0..3u8 {
        let (mut opened, rows) = reopen(folder.path(), 0, 1 << 20);
        assert_eq!(rows, expected, "run {run}");
        for n in 0..5 {
            let seq = push(&mut opened, &[run, n]);
            expected.push((seq, vec![run, n]));
        }
        opened.appender.write().expect("writes");
        push(&mut opened, b"never written");
    }
    assert!(expected.iter().map(|(seq, _)| *seq).eq(1..=15));
}

#[test]
fn cut_at_any_byte_all_whole_frames_before_are_kept_and_the_next_run_goes_on_behind_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut opened, _) = reopen(folder.path(), 0, 1 << 20);
    let mut ends = vec![segment::HEADER as u64];
    for n in 0..6u8 {
        push(&mut opened, &vec![n; usize::from(n) * 3]);
        opened.appender.write().expect("writes");
        ends.push(std::fs::metadata(&segments(folder.path())[0]).expect("is there").len());
    }
    let path = segments(folder.path()).remove(0);
    let whole = std::fs::read(&path).expect("reads");
    for length in (0..=whole.len()).rev() {
        std::fs::write(&path, &whole[..length]).expect("cuts");
        let survivors = ends.iter().filter(|end| **end <= length as u64).count().saturating_sub(1);
        let (mut opened, rows) = reopen(folder.path(), 0, 1 << 20);
        assert_eq!((rows.len(), opened.notices.len()), (survivors, 0), "cut at {length}: a torn tail is no damage");
        push(&mut opened, b"next");
        opened.appender.write().expect("writes");
        let (_, rows) = reopen(folder.path(), 0, 1 << 20);
        assert_eq!(rows.last(), Some(&(survivors as u64 + 1, b"next".to_vec())), "cut at {length}");
    }
}

#[test]
fn damage_in_the_middle_costs_what_is_behind_it_and_moves_that_aside() {
    for segment_max in [1 << 20, 100] {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut opened, _) = reopen(folder.path(), 0, segment_max);
        for n in 0..9u8 {
            if opened.appender.wants_rotation() {
                opened.appender.rotate(|_| {}).expect("rotates");
            }
            push(&mut opened, &[n; 20]);
            opened.appender.write().expect("writes");
        }
        let before = segments(folder.path());
        let path = &before[0];
        let mut bytes = std::fs::read(path).expect("reads");
        bytes[segment::HEADER + frame::HEAD + 20 + frame::HEAD + 3] ^= 1;
        std::fs::write(path, &bytes).expect("writes");
        let (mut opened, rows) = reopen(folder.path(), 0, segment_max);
        assert_eq!(rows, [(1, vec![0; 20])], "{} segments", before.len());
        let [notice] = &opened.notices[..] else { panic!("one notice, not {:?}", opened.notices) };
        let aside = notice.split("moved to ").nth(1).expect("says where");
        assert_eq!(std::fs::read_dir(aside).expect("is there").count(), before.len());
        assert_eq!(std::fs::read(Path::new(aside).join(path.file_name().expect("a name"))).expect("is there"), bytes, "as it was");
        push(&mut opened, b"next");
        opened.appender.write().expect("writes");
        let (opened, rows) = reopen(folder.path(), 0, segment_max);
        assert_eq!((rows.len(), opened.notices.len()), (2, 0));
    }
}

#[test]
fn a_segment_goes_when_it_is_applied_and_what_is_carried_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut opened, _) = reopen(folder.path(), 0, 256);
    for n in 0..50u8 {
        if opened.appender.wants_rotation() {
            opened.appender.rotate(|carry| carry(9, &[b"stand", b"ing"])).expect("rotates");
        }
        opened.appender.mark(u64::from(n));
        push(&mut opened, &[n; 30]);
        opened.appender.write().expect("writes");
    }
    assert!(segments(folder.path()).len() > 5, "nothing is applied, so nothing goes");
    opened.keeper.applied(opened.appender.last());
    opened.keeper.end();
    assert_eq!(segments(folder.path()).len(), 1);
    assert_eq!(opened.keeper.bytes(), std::fs::metadata(&segments(folder.path())[0]).expect("is there").len());
    let mut carried = Vec::new();
    let again = open(folder.path(), Arc::new(Disk), 50, &folder.path().join("none"), 256, Duration::from_secs(1), |frame| {
        if frame.is_carried() {
            carried.push((frame.kind, frame.body.to_vec()));
        }
    });
    assert_eq!(carried, [(9, b"standing".to_vec())]);
    assert!(again.expect("opens").mark > 40, "the greatest mark before the segment");
}

#[test]
fn a_reader_that_fell_behind_reads_every_row_once_across_segments_while_they_grow() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut opened, _) = reopen(folder.path(), 0, 512);
    let mut reader = Reader::new(folder.path().to_owned(), 0);
    let mut seen = Vec::new();
    let mut rng = Rng::new(7);
    for n in 1..=400u64 {
        if opened.appender.wants_rotation() {
            opened.appender.rotate(|carry| carry(9, &[b"carried"])).expect("rotates");
        }
        push(&mut opened, &vec![0; usize::try_from(rng.next_u64() % 60).expect("small")]);
        opened.appender.write().expect("writes");
        if rng.one_in(5) {
            let max = usize::try_from(rng.next_u64() % 9 + 1).expect("small");
            let read = reader.read(n, max, |frame| seen.push(frame.seq)).expect("reads");
            assert_eq!(Some(&read), seen.last());
        }
    }
    while reader.read(400, 7, |frame| seen.push(frame.seq)).expect("reads") < 400 {}
    assert!(seen.iter().copied().eq(1..=400), "{seen:?}");
}

#[test]
fn numbers_never_go_back_even_when_the_journal_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut opened, _) = reopen(folder.path(), 1_000, 1 << 20);
    assert_eq!(push(&mut opened, b"first"), 1_001);
    opened.appender.write().expect("writes");
    let mut seen = Vec::new();
    let read = Reader::new(folder.path().to_owned(), 990).read(1_001, 10, |frame| seen.push(frame.seq)).expect("reads");
    assert_eq!((read, seen), (1_001, vec![1_001]));
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = Lock::take(folder.path(), Duration::ZERO).expect("free");
    let refused = Lock::take(folder.path(), Duration::from_millis(20)).expect_err("taken");
    assert_eq!(refused.kind(), std::io::ErrorKind::WouldBlock);
    drop(lock);
    Lock::take(folder.path(), Duration::ZERO).expect("free again");
}
