//! A recording as it is drawn: the peaks of each side, the times when nobody speaks, and those when both do. One pass, a few bytes a point,
//! whatever its length.

/// Samples of a frame: 20 ms.
const FRAMES_A_SECOND: u32 = 50;

/// A side speaks in a frame of this level or more, −45 dBov, and for `HANGOVER` frames after it: the gaps between words are none.
const SPEAKS: f64 = 32_768.0 * 0.005_623;
const HANGOVER: u32 = 10;

/// From here on it is a silence, or one over the other; in milliseconds.
const SILENCE_MIN: u64 = 2_000;
const OVER_TALK_MIN: u64 = 400;

/// Milliseconds from the recording's beginning, from and to.
pub type Span = (u64, u64);

/// A recording of two sides as it is drawn.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outline {
    pub duration_ms: u64,
    /// The highest sample of each point's part, 0 to 127; left, right.
    pub peaks: [Vec<u8>; 2],
    /// Nobody speaks, for 2 s or longer.
    pub silences: Vec<Span>,
    /// Both speak, for 0.4 s or longer.
    pub over_talk: Vec<Span>,
    /// How much of it each side speaks, in milliseconds.
    pub talks_ms: [u64; 2],
}

/// Makes one of the samples as they are read.
#[derive(Clone, Debug)]
pub struct Outliner {
    hz: u32,
    /// Moments in all, and points to draw them with.
    moments: u64,
    points: u64,
    seen: u64,
    /// The point that is being filled.
    point: u64,
    highest: [u16; 2],
    frame: Frame,
    sides: [Side; 2],
    silence_since: Option<u64>,
    over_since: Option<u64>,
    outline: Outline,
}

#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    filled: u32,
    energy: [f64; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Side {
    /// Frames for which it counts as speaking still.
    speaks_for: u32,
}

impl Outliner {
    /// Of `moments` samples a side at `hz`, drawn with at most `points`.
    #[must_use]
    pub fn new(hz: u32, moments: u64, points: u64) -> Self {
        Self {
            hz: hz.max(FRAMES_A_SECOND),
            moments,
            points: points.clamp(1, moments.max(1)),
            seen: 0,
            point: 0,
            highest: [0; 2],
            frame: Frame::default(),
            sides: [Side::default(); 2],
            silence_since: None,
            over_since: None,
            outline: Outline::default(),
        }
    }

    /// The next moment. What comes after the last that was announced is left out.
    pub fn push(&mut self, left: i16, right: i16) {
        if self.seen >= self.moments {
            return;
        }
        let point = self.seen * self.points / self.moments;
        if point != self.point {
            self.draw();
            self.point = point;
        }
        for (side, sample) in [left, right].into_iter().enumerate() {
            self.highest[side] = self.highest[side].max(sample.unsigned_abs());
            self.frame.energy[side] += f64::from(sample) * f64::from(sample);
        }
        self.seen += 1;
        self.frame.filled += 1;
        if self.frame.filled == self.hz / FRAMES_A_SECOND {
            self.listen();
        }
    }

    #[must_use]
    pub fn finish(mut self) -> Outline {
        if self.seen > 0 {
            self.draw();
        }
        let end = self.now();
        self.outline.duration_ms = end;
        note(&mut self.silence_since, false, end, SILENCE_MIN, &mut self.outline.silences);
        note(&mut self.over_since, false, end, OVER_TALK_MIN, &mut self.outline.over_talk);
        self.outline
    }

    fn now(&self) -> u64 {
        self.seen * 1_000 / u64::from(self.hz)
    }

    fn draw(&mut self) {
        for (peaks, highest) in self.outline.peaks.iter_mut().zip(std::mem::take(&mut self.highest)) {
            peaks.push(u8::try_from(highest >> 8).unwrap_or(u8::MAX).min(127));
        }
    }

    fn listen(&mut self) {
        let Frame { filled, energy } = std::mem::take(&mut self.frame);
        let (to, from) = (self.now(), self.now().saturating_sub(1_000 / u64::from(FRAMES_A_SECOND)));
        for (side, energy) in self.sides.iter_mut().zip(energy) {
            let is_loud = (energy / f64::from(filled)).sqrt() >= SPEAKS;
            side.speaks_for = if is_loud { HANGOVER } else { side.speaks_for.saturating_sub(1) };
        }
        let speaks = self.sides.map(|side| side.speaks_for > 0);
        for (talks, speaks) in self.outline.talks_ms.iter_mut().zip(speaks) {
            *talks += if speaks { to - from } else { 0 };
        }
        note(&mut self.silence_since, speaks == [false, false], from, SILENCE_MIN, &mut self.outline.silences);
        note(&mut self.over_since, speaks == [true, true], from, OVER_TALK_MIN, &mut self.outline.over_talk);
    }
}

/// A span begins, goes on, or has ended at `now`; one that was long enough is kept.
fn note(since: &mut Option<u64>, is: bool, now: u64, least: u64, spans: &mut Vec<Span>) {
    if is {
        since.get_or_insert(now);
    } else if let Some(from) = since.take().filter(|from| now - from >= least) {
        spans.push((from, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of each side, loud or not.
    fn outline(parts: &[(f64, bool, bool)], points: u64) -> Outline {
        let hz = 8_000;
        let moments = |seconds: f64| (seconds * f64::from(hz)) as u64;
        let mut outliner = Outliner::new(hz, parts.iter().map(|(seconds, ..)| moments(*seconds)).sum(), points);
        for (seconds, left, right) in parts {
            for n in 0..moments(*seconds) {
                let wave = |loud: bool| if loud { if n % 16 < 8 { 8_192 } else { -8_192 } } else { 3 };
                outliner.push(wave(*left), wave(*right));
            }
        }
        outliner.finish()
    }

    #[test]
    fn each_side_is_drawn_with_its_peaks() {
        let outline = outline(&[(1.0, true, false), (1.0, false, true)], 4);
        assert_eq!(outline.peaks, [vec![32, 32, 0, 0], vec![0, 0, 32, 32]]);
        assert_eq!(outline.duration_ms, 2_000);
    }

    #[test]
    fn silences_and_over_talk_are_those_that_last() {
        let outline = outline(
            &[(1.0, true, false), (3.0, false, false), (1.0, true, true), (1.5, false, false), (0.2, true, true), (0.8, false, true)],
            100,
        );
        // A word goes on for a fifth of a second after its end.
        assert_eq!(outline.silences, [(1_180, 4_000)], "a second and a half is none");
        assert_eq!(outline.over_talk, [(4_000, 5_180)], "a fifth of a second is none");
        assert_eq!(outline.talks_ms, [1_180 + 1_180 + 380, 1_180 + 1_000]);
    }

    #[test]
    fn what_is_short_or_empty_is_drawn_too() {
        assert_eq!(outline(&[], 100), Outline { peaks: [Vec::new(), Vec::new()], ..Outline::default() });
        let short = outline(&[(0.001, true, true)], 100);
        assert_eq!((short.peaks[0].len(), short.duration_ms), (8, 1));
        let mut silent = Outliner::new(8_000, 8_000 * 3, 10);
        (0..8_000 * 4).for_each(|_| silent.push(i16::MIN, 0));
        let silent = silent.finish();
        assert_eq!((silent.peaks[0].clone(), silent.duration_ms), (vec![127; 10], 3_000), "no more than was announced");
        assert_eq!(outline(&[(2.5, false, false)], 3).silences, [(0, 2_500)]);
    }
}
