//! One call's timeline: chunks of two channels that come out of order, overlap or leave gaps, turned into one run of stereo frames.
//! Pure: positions are samples since the recording began, and nothing here knows of files or clocks.

use crate::media::control::Channel;

/// How long a chunk may be behind the newest one and still be heard, milliseconds. The plane promises 200.
pub(super) const WINDOW_MS: u64 = 250;
/// Whoever does not ask for what is ripe gets it in runs of this length, milliseconds, so that a timeline cannot grow.
const RUN_MS: u64 = 450;

pub(super) struct Timeline {
    /// Frames per millisecond.
    per_ms: u64,
    /// The first frame that was not handed on.
    start: u64,
    /// Frames from `start` on, summed so far: left and right.
    open: Vec<[i16; 2]>,
    /// One past the newest sample heard.
    head: u64,
    /// Samples that came after their place was handed on.
    pub late: u64,
}

/// What is to be written next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Interleaved frames as a WAV file has them: left, right, left, …, 16 bits, the lower byte first.
    pub sound: Vec<u8>,
    /// Frames of silence behind them.
    pub silence: u64,
}

impl Timeline {
    /// A timeline whose first `frames` are on file already.
    pub fn after(frames: u64, hz: u32) -> Self {
        Self { per_ms: u64::from(hz / 1_000), start: frames, open: Vec::new(), head: frames, late: 0 }
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
        let end = at.saturating_add(samples.len());
        if self.open.len() < end {
            // As long as it gets, and no longer: there are a thousand of them.
            let usual = ((WINDOW_MS + RUN_MS + 20) * self.per_ms) as usize;
            self.open.reserve_exact(usual.max(end) - self.open.len());
            self.open.resize(end, [0; 2]);
        }
        let frames = self.open[at.min(end)..].iter_mut().zip(samples);
        match channel {
            Channel::Left => frames.for_each(|([left, _], sample)| *left = left.saturating_add(*sample)),
            Channel::Right => frames.for_each(|([_, right], sample)| *right = right.saturating_add(*sample)),
        }
        run
    }

    /// What no chunk in time can change any more, but no more than `whole` says of it.
    pub fn ripe(&mut self, whole: impl Fn(u64) -> u64) -> Option<Run> {
        let settled = whole(self.settled());
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
        let mut sound = vec![0; heard * 4];
        for (bytes, [left, right]) in sound.chunks_exact_mut(4).zip(&self.open) {
            bytes[..2].copy_from_slice(&left.to_le_bytes());
            bytes[2..].copy_from_slice(&right.to_le_bytes());
        }
        self.open.drain(..heard);
        self.start = self.start.max(to);
        Run { sound, silence: wanted - heard as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::Channel::{Left, Right};
    use super::*;

    /// The left and right samples of a run, without the silence behind them.
    fn frames(run: &Run) -> Vec<(i16, i16)> {
        let sample = |bytes: &[u8]| i16::from_le_bytes(bytes.try_into().expect("two bytes"));
        run.sound.chunks(4).map(|frame| (sample(&frame[..2]), sample(&frame[2..]))).collect()
    }

    /// All that a timeline writes for these chunks, as (left, right) frames.
    fn written(chunks: &[(Channel, u64, &[i16])], length: u64) -> (Vec<(i16, i16)>, u64) {
        let mut timeline = Timeline::after(0, 8_000);
        let mut all = Vec::new();
        let mut note = |run: Run| {
            all.extend(frames(&run));
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
        let mut timeline = Timeline::after(0, 8_000);
        let run = timeline.add(Left, 6_000, &newest);
        assert_eq!(run, Some(Run { sound: Vec::new(), silence: 4_160 }), "what is older than the window is settled");
        assert_eq!(timeline.ripe(|frames| frames), None);
        timeline.add(Right, 4_100, &[5; 160]);
        assert_eq!((timeline.late, frames(&timeline.finish(0))[0].1), (60, 5));
    }

    #[test]
    fn an_hour_of_nothing_costs_no_memory() {
        let mut timeline = Timeline::after(0, 16_000);
        timeline.add(Left, 0, &[1; 320]);
        let run = timeline.add(Left, 16_000 * 3_600, &[2; 320]).expect("the first chunk is handed on");
        assert_eq!((run.sound.len(), run.sound.len() as u64 / 4 + run.silence), (1_280, 16_000 * 3_600 + 320 - 4_000));
        assert!(timeline.open.capacity() <= 12_000, "{}", timeline.open.len());
        assert_eq!(timeline.finish(16_000 * 3_600 + 1_000).silence, 680);
    }

    #[test]
    fn a_timeline_that_is_resumed_goes_on_behind_what_is_on_file() {
        let mut timeline = Timeline::after(1_000, 8_000);
        timeline.add(Left, 900, &[1; 160]);
        let run = timeline.add(Left, 9_000, &[2; 160]).expect("what is before the gap");
        assert_eq!((timeline.late, frames(&run).len(), run.silence), (100, 60, 9_160 - 2_000 - 1_060));
        assert_eq!(frames(&timeline.finish(0)).len(), 2_000);
    }

    #[test]
    fn a_chunk_longer_than_the_window_is_whole() {
        let (frames, late) = written(&[(Right, 0, &[3; 8_000])], 0);
        assert_eq!((frames.len(), frames.iter().all(|frame| *frame == (0, 3)), late), (8_000, true, 0));
    }
}
