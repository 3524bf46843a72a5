//! The recorder with its disk, in memory: chunks on one timeline, by the rules of `io::recorder` (overlaps are summed, gaps are silence, the
//! end pads). Slow or full when a story says so.

use sanling::audio::g711::Law;
use sanling::base::time::millis;
use sanling::base::{CallId, Codec, Duration, Instant};
use sanling::media::Clip;
use sanling::media::control::{Channel, Excerpt, Recorded, Sound};
use sanling::switch::input::RecorderReport;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    None,
    /// Nothing can be written from now on.
    Full,
    /// Every report comes so late.
    Slow(Duration),
}

/// One call's file.
#[derive(Clone, Debug, Default)]
pub struct Take {
    pub rate: u32,
    pub left: Vec<i16>,
    pub right: Vec<i16>,
    /// Length of the timeline in frames, audio kept or not.
    pub frames: u64,
    pub complete: bool,
    pub failed: bool,
    /// Chunks that came more than 200 ms behind the newest: the vocabulary promises none.
    pub late_chunks: u64,
}

pub struct Disk {
    pub fault: Fault,
    /// Keep sound; without it only lengths are kept.
    pub keeps_sound: bool,
    pub takes: BTreeMap<CallId, Take>,
    /// Starts and stops that were told twice or out of order.
    pub complaints: Vec<String>,
}

impl Disk {
    pub fn new() -> Self {
        Self { fault: Fault::None, keeps_sound: true, takes: BTreeMap::new(), complaints: Vec::new() }
    }

    /// Takes a chunk; reports come back with their time.
    pub fn write(&mut self, chunk: Recorded, now: Instant) -> Option<(Instant, RecorderReport)> {
        let after = match self.fault {
            Fault::Slow(by) => now + by,
            Fault::None | Fault::Full => now + millis(5),
        };
        match chunk {
            Recorded::Started { call, resumed: true, .. } if self.takes.get(&call).is_some_and(|take| !take.complete) => {
                let failed = self.takes.get(&call).is_some_and(|take| take.failed);
                let file = format!("{call}.wav.part");
                Some((after, if failed { full(call) } else { RecorderReport::Opened { call, file } }))
            }
            Recorded::Started { call, rate, .. } => {
                if self.takes.insert(call, Take { rate, failed: self.fault == Fault::Full, ..Take::default() }).is_some() {
                    self.complaints.push(format!("{call} was started twice"));
                }
                let file = format!("{call}.wav.part");
                Some((after, if self.fault == Fault::Full { full(call) } else { RecorderReport::Opened { call, file } }))
            }
            Recorded::Audio { call, channel, position, audio } => {
                let Some(take) = self.takes.get_mut(&call).filter(|take| !take.complete) else {
                    self.complaints.push(format!("sound for {call}, which is not open"));
                    return None;
                };
                if take.failed {
                    return None;
                }
                if self.fault == Fault::Full {
                    take.failed = true;
                    return Some((after, full(call)));
                }
                take.add(channel, position, &audio, self.keeps_sound);
                None
            }
            Recorded::Stopped { call, samples } => {
                let Some(take) = self.takes.get_mut(&call).filter(|take| !take.complete) else {
                    self.complaints.push(format!("{call} was stopped and is not open"));
                    return None;
                };
                take.complete = true;
                take.frames = take.frames.max(samples);
                if take.failed {
                    return None;
                }
                if self.fault == Fault::Full {
                    take.failed = true;
                    return Some((after, full(call)));
                }
                let duration = Duration::from_micros(take.frames * 1_000_000 / u64::from(take.rate));
                let file = format!("{call}.wav");
                let sha256 = format!("{:064x}", take.frames);
                Some((after + millis(20), RecorderReport::Complete { call, file, duration, sha256 }))
            }
        }
    }

    /// The recorder's process is gone, with what it had not written yet: up to one second of each file, and the closing of those that were
    /// being closed.
    pub fn crash(&mut self) {
        for take in self.takes.values_mut().filter(|take| !take.complete) {
            let lost = usize::try_from(take.rate).expect("a rate");
            for side in [&mut take.left, &mut take.right] {
                side.truncate(side.len().saturating_sub(lost));
            }
            take.frames = take.frames.saturating_sub(u64::from(take.rate));
        }
    }

    /// A piece of a recording for somebody's ear.
    pub fn read(&self, excerpt: Excerpt) -> Option<Clip> {
        let take = self.takes.get(&excerpt.call).filter(|take| !take.failed)?;
        let at = |time: Duration| (time.as_millis() as usize) * take.rate as usize / 1_000;
        let frames = (at(excerpt.from)..at(excerpt.to).min(usize::try_from(take.frames).expect("a story is short"))).map(|frame| {
            let of = |side: &[i16], wanted: bool| if wanted { side.get(frame).copied().unwrap_or(0) } else { 0 };
            let [left, right] = [Channel::Left, Channel::Right].map(|side| excerpt.side.is_none_or(|asked| asked == side));
            of(&take.left, left).saturating_add(of(&take.right, right))
        });
        Some(Clip::from_samples(&frames.collect::<Vec<_>>(), take.rate))
    }

    /// At a start: what was open and does not go on is finished.
    pub fn repair(&mut self, except: &BTreeSet<CallId>) {
        for (_, take) in self.takes.iter_mut().filter(|(call, _)| !except.contains(*call)) {
            take.complete = true;
        }
    }
}

fn full(call: CallId) -> RecorderReport {
    RecorderReport::Failed { call, reason: "no space left on device".to_owned() }
}

impl Take {
    fn add(&mut self, channel: Channel, position: u64, sound: &Sound, keep: bool) {
        let mut decoded = Vec::new();
        let samples = match sound {
            Sound::Linear(samples) => samples.as_slice(),
            Sound::Encoded { codec: Codec::Pcma, payload, .. } => {
                Law::A.decode(payload, &mut decoded);
                &decoded
            }
            Sound::Encoded { .. } => return,
        };
        if position + u64::from(self.rate) / 5 < self.frames.saturating_sub(samples.len() as u64) {
            self.late_chunks += 1;
        }
        self.frames = self.frames.max(position + samples.len() as u64);
        if !keep {
            return;
        }
        let side = if channel == Channel::Left { &mut self.left } else { &mut self.right };
        let at = usize::try_from(position).expect("a story is short");
        if side.len() < at + samples.len() {
            side.resize(at + samples.len(), 0);
        }
        for (place, sample) in side[at..].iter_mut().zip(samples) {
            *place = place.saturating_add(*sample);
        }
    }

    /// Level in dBov of a channel from `from` on, for `long`.
    pub fn level(&self, channel: Channel, from: Duration, long: Duration) -> f32 {
        let at = |time: Duration| (time.as_millis() as usize) * self.rate as usize / 1_000;
        let side = if channel == Channel::Left { &self.left } else { &self.right };
        let (from, to) = (at(from).min(side.len()), at(from + long).min(side.len()));
        sanling::audio::level::dbov(&side[from..to])
    }
}
