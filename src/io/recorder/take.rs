//! One call being recorded: its decoders, its timeline, its file.

use super::file::PartFile;
use super::timeline::{Run, Timeline};
use crate::audio::Decoder;
use crate::audio::decoder::PACKET_MS_MAX;
use crate::audio::frame::Rate;
use crate::audio::g711::Law;
use crate::audio::resample::{Downsampler, Upsampler};
use crate::base::limits::SESSION_LEGS_MAX;
use crate::base::{CallId, Codec, Duration};
use crate::media::control::{Channel, Sound};
use crate::recording::RecordingFile;
use std::borrow::Cow;
use std::io;
use std::path::Path;

/// Decoders kept of one call: one a leg that its session may have. The one that began first makes room; a stream that returns gets a new
/// one, which costs a click.
const DECODERS_MAX: usize = SESSION_LEGS_MAX;
/// Longest packet of G.711 taken, as of any decoder.
const G711_BYTES_MAX: usize = PACKET_MS_MAX * 8;

pub(super) struct Take {
    pub file: RecordingFile,
    rate: Rate,
    /// What brings positions and linear sound to the file's rate, when the plane's is another: a call that went on after a restart may
    /// have changed its codec since the file was begun.
    bridge: Option<Box<Bridge>>,
    part: PartFile,
    /// Frames that stood in the file before this recording began.
    before: u64,
    timeline: Timeline,
    /// The last flush told the header.
    tells: bool,
    voices: Vec<Voice>,
}

struct Bridge {
    told: Rate,
    down: Downsampler,
    up: Upsampler,
}

struct Voice {
    channel: Channel,
    source: u32,
    codec: Codec,
    decoder: Decoder,
}

impl Take {
    /// Begins a call's file. One that is there already is of a run that was cut off before it could write down that it recorded the call:
    /// the new recording stands behind it, and nothing heard is lost.
    pub fn begin(folder: &Path, call: CallId, hz: u32) -> io::Result<Self> {
        let file = file_of(call);
        match PartFile::create(folder, file, rate_of(hz).hz()) {
            Ok(part) => Ok(Self::new(file, part, hz)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Something else in the way is told as it is.
                let part =
                    PartFile::reopen(folder, file).map_err(|again| if again.kind() == io::ErrorKind::NotFound { error } else { again })?;
                tracing::warn!(%call, frames = part.frames(), "the call has a recording already; this one goes on behind it");
                let before = part.frames();
                Ok(Self { before, ..Self::new(file, part, hz) })
            }
            Err(error) => Err(error),
        }
    }

    /// Goes on with the file of before a restart, behind its last whole frame; what is missing between is silence. When there is none any
    /// more, a new one is begun, silent up to now: an offset in the file is still one in the call.
    pub fn resume(folder: &Path, call: CallId, hz: u32) -> io::Result<Self> {
        let file = file_of(call);
        match PartFile::reopen(folder, file) {
            Ok(part) => Ok(Self::new(file, part, hz)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::warn!(%call, "what was recorded of the call before the restart is gone; a new file is begun");
                Self::begin(folder, call, hz)
            }
            Err(error) => Err(error),
        }
    }

    fn new(file: RecordingFile, part: PartFile, hz: u32) -> Self {
        let (rate, told) = (rate_of(part.hz()), rate_of(hz));
        let bridge = (rate != told).then(|| Box::new(Bridge { told, down: Downsampler::new(), up: Upsampler::new() }));
        let timeline = Timeline::after(part.frames(), rate.hz());
        Self { file, rate, bridge, part, before: 0, timeline, tells: false, voices: Vec::new() }
    }

    /// A position as the plane tells it, in frames of the file.
    fn frames(&self, position: u64) -> u64 {
        let since = match &self.bridge {
            None => position,
            Some(bridge) => (u128::from(position) * u128::from(self.rate.hz()) / u128::from(bridge.told.hz())) as u64,
        };
        self.before.saturating_add(since)
    }

    /// Adds a chunk. `scratch` is any buffer; false when the payload was no sound.
    pub fn add(&mut self, channel: Channel, position: u64, sound: &Sound, scratch: &mut Vec<i16>) -> io::Result<bool> {
        let position = self.frames(position);
        scratch.clear();
        let samples: Cow<'_, [i16]> = match (sound, self.rate) {
            (Sound::Linear(samples), _) => match &mut self.bridge {
                None => samples.into(),
                Some(bridge) => {
                    match bridge.told {
                        Rate::Hz16000 => bridge.down.process(samples, scratch),
                        Rate::Hz8000 => bridge.up.process(samples, scratch),
                    }
                    (&*scratch).into()
                }
            },
            // The usual case needs no decoder: a byte is a sample, and nothing is made up for what is lost.
            (Sound::Encoded { codec: codec @ (Codec::Pcma | Codec::Pcmu), payload, .. }, Rate::Hz8000) => {
                if payload.is_empty() || payload.len() > G711_BYTES_MAX {
                    return Ok(false);
                }
                let law = if *codec == Codec::Pcma { Law::A } else { Law::Mu };
                law.decode(payload, scratch);
                (&*scratch).into()
            }
            (Sound::Encoded { codec, source, payload }, _) => {
                if self.decoder(channel, *source, *codec).decode(payload, scratch).is_err() {
                    return Ok(false);
                }
                (&*scratch).into()
            }
        };
        let run = self.timeline.add(channel, position, &samples);
        self.append(run)?;
        Ok(true)
    }

    fn decoder(&mut self, channel: Channel, source: u32, codec: Codec) -> &mut Decoder {
        let known = |voice: &Voice| (voice.channel, voice.source, voice.codec) == (channel, source, codec);
        let index = self.voices.iter().position(known).unwrap_or_else(|| {
            if self.voices.len() == DECODERS_MAX {
                self.voices.remove(0);
            }
            self.voices.push(Voice { channel, source, codec, decoder: Decoder::new(codec, self.rate) });
            self.voices.len() - 1
        });
        &mut self.voices[index].decoder
    }

    /// What is settled goes to the file, as far as it fills pages; every second time the header says so.
    pub fn flush(&mut self) -> io::Result<()> {
        let run = self.timeline.ripe(PartFile::whole_pages);
        self.append(run)?;
        self.tells = !self.tells;
        if self.tells { self.part.flush() } else { Ok(()) }
    }

    fn append(&mut self, run: Option<Run>) -> io::Result<()> {
        let Some(Run { sound, silence }) = run else { return Ok(()) };
        self.part.append(&sound, silence)
    }

    /// Pads to the position `length` (or to what was heard, whichever is longer) and closes the file. Returns how long it sounds.
    pub fn end(mut self, length: u64) -> io::Result<Duration> {
        let length = self.frames(length);
        let run = self.timeline.finish(length);
        self.append(Some(run))?;
        let duration = Duration::from_micros(self.part.frames() * 1_000_000 / u64::from(self.rate.hz()));
        self.part.close()?;
        Ok(duration)
    }

    /// Samples that came too late, since this was last asked.
    pub fn late_samples(&mut self) -> u64 {
        std::mem::take(&mut self.timeline.late)
    }
}

fn rate_of(hz: u32) -> Rate {
    if hz == 16_000 { Rate::Hz16000 } else { Rate::Hz8000 }
}

/// A call's recording has the day of the call's arrival, which stands in its id.
pub(super) fn file_of(call: CallId) -> RecordingFile {
    RecordingFile::new(call, call.timestamp())
}
