//! The way of recorded sound from a media worker to the recorder: bounded, and never waited for.

use crate::base::limits::RECORD_CHUNKS_MAX;
use crate::media::control::Recorded;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, TrySendError};

/// Batches in flight: a batch a worker and tick. The chunks in them are what is bounded in earnest.
pub(super) const BATCHES_MAX: usize = 4_096;

/// What the sinks and the recorder count together.
#[derive(Default)]
pub(super) struct Backlog {
    /// Chunks on their way.
    pub waiting: AtomicUsize,
    /// Chunks that found no room: silence stands in their place.
    pub lost: AtomicU64,
}

/// One worker's end.
pub struct RecorderSink {
    batches: SyncSender<Vec<Recorded>>,
    backlog: Arc<Backlog>,
    /// Beginnings and ends that found no room: they go with the next batch, for without them there is no file.
    held_back: Vec<Recorded>,
}

impl RecorderSink {
    pub(super) fn new(batches: SyncSender<Vec<Recorded>>, backlog: Arc<Backlog>) -> Self {
        Self { batches, backlog, held_back: Vec::new() }
    }

    /// Takes everything out of `chunks` and passes it on. When the recorder is behind, sound is dropped and counted; the order of what
    /// goes through is kept.
    pub fn pass(&mut self, chunks: &mut Vec<Recorded>) {
        if chunks.is_empty() && self.held_back.is_empty() {
            return;
        }
        let mut batch = std::mem::take(&mut self.held_back);
        if batch.is_empty() {
            // The next batch will be about as long.
            let room = Vec::with_capacity(chunks.len());
            batch = std::mem::replace(chunks, room);
        } else {
            batch.append(chunks);
        }
        let count = batch.len();
        if self.backlog.waiting.fetch_add(count, Relaxed) + count > RECORD_CHUNKS_MAX {
            self.refuse(batch);
            return;
        }
        match self.batches.try_send(batch) {
            Ok(()) => {}
            Err(TrySendError::Full(batch)) => self.refuse(batch),
            // The recorder is gone: the program ends.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    fn refuse(&mut self, mut batch: Vec<Recorded>) {
        self.backlog.waiting.fetch_sub(batch.len(), Relaxed);
        let before = batch.len();
        batch.retain(|chunk| !matches!(chunk, Recorded::Audio { .. }));
        self.backlog.lost.fetch_add((before - batch.len()) as u64, Relaxed);
        self.held_back = batch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CallId, Rng, Timestamp};
    use crate::media::control::{Channel, Sound};

    #[test]
    fn a_recorder_that_is_behind_loses_sound_and_never_a_beginning_or_an_end() {
        let call = CallId::new(Timestamp(1), &mut Rng::new(1));
        let audio = || Recorded::Audio { call, channel: Channel::Left, position: 0, audio: Sound::Linear(vec![1]) };
        let (batches, recorder) = std::sync::mpsc::sync_channel(1);
        let backlog = Arc::new(Backlog::default());
        let mut sink = RecorderSink::new(batches, Arc::clone(&backlog));
        sink.pass(&mut vec![audio()]);
        sink.pass(&mut vec![Recorded::Started { call, rate: 8_000, resumed: false }, audio(), audio()]);
        sink.pass(&mut vec![audio(), Recorded::Stopped { call, samples: 9 }]);
        assert_eq!((backlog.lost.load(Relaxed), backlog.waiting.load(Relaxed)), (3, 1));
        assert_eq!(recorder.try_recv().map(|batch| batch.len()), Ok(1));
        sink.pass(&mut vec![]);
        let expected = vec![Recorded::Started { call, rate: 8_000, resumed: false }, Recorded::Stopped { call, samples: 9 }];
        assert_eq!(recorder.try_recv(), Ok(expected));
        sink.pass(&mut vec![]);
        assert!(recorder.try_recv().is_err(), "nothing is sent twice");
    }
}
