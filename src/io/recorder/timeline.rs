//! One call's timeline: chunks of two channels that come out of order, overlap or leave gaps, turned into one run of stereo frames.
//! Pure: positions are samples since the recording began, and nothing here knows of files or clocks.

use crate::media::control::Channel;
use std::collections::VecDeque;

/// How long a chunk may be behind the newest one and still be heard, milliseconds. The plane promises 200.
pub(super) const WINDOW_MS: u64 = 250;
/// Frames are handed on in runs of at least this long, milliseconds, so that no packet costs a call of its own.
const RUN_MS: u64 = 100;

pub(super) struct Timeline {
    /// Frames per millisecond.
    per_ms: u64,
    /// The first frame that was not handed on.
    start: u64,
    /// Frames from `start` on, summed so far: left and right.
    open: VecDeque<[i32; 2]>,
    /// One past the newest sample heard.
    head: u64,
    /// Samples that came after their place was handed on.
    pub late: u64,
}

/// What is to be written next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Interleaved frames: left, right, left, …
    pub frames: Vec<i16>,
    /// Frames of silence behind them.
    pub silence: u64,
}

impl Timeline {
    pub fn new(hz: u32) -> Self {
        Self { per_ms: u64::from(hz / 1_000), start: 0, open: VecDeque::new(), head: 0, late: 0 }
    }

    /// Length so far, in frames, of what was heard.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Sums a chunk in. Before it, takes out what a jump forward leaves behind, so that a long gap costs no memory.
    pub fn add(&mut self, channel: Channel, position: u64, samples: &[i16]) -> Option<Run> {
        let end = position.saturating_add(samples.len() as u64);
        self.head = self.head.max(end);
        let settled = self.settled().min(position);
        let run = (settled >= self.start + RUN_MS * self.per_ms).then(|| self.take(settled));
        let late = usize::try_from(self.start.saturating_sub(position)).unwrap_or(usize::MAX).min(samples.len());
        self.late += late as u64;
        let at = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let samples = &samples[late..];
        if self.open.len() < at.saturating_add(samples.len()) {
            self.open.resize(at + samples.len(), [0; 2]);
        }
        let side = usize::from(channel == Channel::Right);
        for (frame, sample) in self.open.range_mut(at..).zip(samples) {
            frame[side] += i32::from(*sample);
        }
        run
    }

    /// What no chunk in time can change any more.
    pub fn ripe(&mut self) -> Option<Run> {
        let settled = self.settled();
        (settled > self.start).then(|| self.take(settled))
    }

    /// Everything, and silence up to `length` frames.
    pub fn finish(&mut self, length: u64) -> Run {
        self.take(length.max(self.head))
    }

    fn settled(&self) -> u64 {
        self.head.saturating_sub(WINDOW_MS * self.per_ms)
    }

    fn take(&mut self, to: u64) -> Run {
        let wanted = to.saturating_sub(self.start);
        let heard = usize::try_from(wanted).unwrap_or(usize::MAX).min(self.open.len());
        let frames = self.open.drain(..heard).flat_map(|frame| frame.map(clip)).collect();
        self.start = self.start.max(to);
        Run { frames, silence: wanted - heard as u64 }
    }
}

fn clip(sum: i32) -> i16 {
    i16::try_from(sum).unwrap_or(if sum < 0 { i16::MIN } else { i16::MAX })
}

#[cfg(test)]
mod tests {
    use super::Channel::{Left, Right};
    use super::*;

    /// All that a timeline writes for these chunks, as (left, right) frames.
    fn written(chunks: &[(Channel, u64, &[i16])], length: u64) -> (Vec<(i16, i16)>, u64) {
        let mut timeline = Timeline::new(8_000);
        let mut all = Vec::new();
        let mut note = |run: Run| {
            all.extend(run.frames.chunks(2).map(|frame| (frame[0], frame[1])));
            all.extend(std::iter::repeat_n((0, 0), usize::try_from(run.silence).expect("short")));
        };
        for (channel, position, samples) in chunks {
            if let Some(run) = timeline.add(*channel, *position, samples) {
                note(run);
            }
        }
        note(timeline.finish(length));
        (all, timeline.late)
    }

    #[test]
    fn channels_stand_side_by_side_gaps_are_silent_and_overlaps_are_summed() {
        let (frames, late) =
            written(&[(Left, 1, &[10, 11]), (Right, 0, &[20]), (Right, 0, &[1, 2]), (Left, 4, &[30_000]), (Left, 4, &[9_000])], 7);
        assert_eq!(frames, [(0, 21), (10, 2), (11, 0), (0, 0), (i16::MAX, 0), (0, 0), (0, 0)]);
        assert_eq!(late, 0);
    }

    #[test]
    fn a_late_chunk_is_heard_within_the_window_and_counted_beyond_it() {
        let newest = [7; 160];
        let in_time = written(&[(Left, 4_000, &newest), (Right, 4_160 - 2_000, &[5; 160])], 0);
        assert_eq!((in_time.0[2_160], in_time.0[4_000], in_time.1), ((0, 5), (7, 0), 0));
        let mut timeline = Timeline::new(8_000);
        let run = timeline.add(Left, 4_000, &newest);
        assert_eq!(run, Some(Run { frames: Vec::new(), silence: 2_160 }), "what is older than the window is settled");
        assert_eq!(timeline.ripe(), None);
        timeline.add(Right, 2_100, &[5; 160]);
        assert_eq!((timeline.late, timeline.finish(0).frames[1]), (60, 5));
    }

    #[test]
    fn an_hour_of_nothing_costs_no_memory() {
        let mut timeline = Timeline::new(16_000);
        timeline.add(Left, 0, &[1; 320]);
        let run = timeline.add(Left, 16_000 * 3_600, &[2; 320]).expect("the first chunk is handed on");
        assert_eq!((run.frames.len(), run.frames.len() as u64 / 2 + run.silence), (640, 16_000 * 3_600 + 320 - 4_000));
        assert!(timeline.open.len() <= 4_000, "{}", timeline.open.len());
        assert_eq!(timeline.finish(16_000 * 3_600 + 1_000).silence, 680);
    }

    #[test]
    fn a_chunk_longer_than_the_window_is_whole() {
        let (frames, late) = written(&[(Right, 0, &[3; 8_000])], 0);
        assert_eq!((frames.len(), frames.iter().all(|frame| *frame == (0, 3)), late), (8_000, true, 0));
    }
}
