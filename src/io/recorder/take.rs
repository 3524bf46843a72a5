//! One call being recorded: its decoders, its timeline, its file.

use super::file::PartFile;
use super::timeline::{Run, Timeline};
use crate::audio::Decoder;
use crate::audio::frame::Rate;
use crate::base::{CallId, Codec, Duration};
use crate::media::control::{Channel, Sound};
use crate::recording::RecordingFile;
use std::io;
use std::path::Path;

/// Decoders kept of one call: two sides, and as many again while streams change. The one that began first makes room; a stream that
/// returns gets a new one, which costs a click.
const DECODERS_MAX: usize = 4;

pub(super) struct Take {
    pub file: RecordingFile,
    rate: Rate,
    part: PartFile,
    timeline: Timeline,
    voices: Vec<Voice>,
    /// Appended since the last flush.
    unflushed: bool,
}

struct Voice {
    channel: Channel,
    source: u32,
    codec: Codec,
    decoder: Decoder,
}

impl Take {
    pub fn begin(folder: &Path, call: CallId, hz: u32) -> io::Result<Self> {
        let file = file_of(call);
        let rate = if hz == 16_000 { Rate::Hz16000 } else { Rate::Hz8000 };
        let part = PartFile::create(folder, file, rate.hz())?;
        Ok(Self { file, rate, part, timeline: Timeline::new(rate.hz()), voices: Vec::new(), unflushed: false })
    }

    /// Adds a chunk. `scratch` is any buffer; false when the payload was no sound.
    pub fn add(&mut self, channel: Channel, position: u64, sound: &Sound, scratch: &mut Vec<i16>) -> io::Result<bool> {
        let run = match sound {
            Sound::Linear(samples) => self.timeline.add(channel, position, samples),
            Sound::Encoded { codec, source, payload } => {
                scratch.clear();
                if self.decoder(channel, *source, *codec).decode(payload, scratch).is_err() {
                    return Ok(false);
                }
                self.timeline.add(channel, position, scratch)
            }
        };
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

    /// What is settled goes to the file, and its header says so.
    pub fn flush(&mut self) -> io::Result<()> {
        let run = self.timeline.ripe();
        self.append(run)?;
        if std::mem::take(&mut self.unflushed) {
            self.part.flush()?;
        }
        Ok(())
    }

    fn append(&mut self, run: Option<Run>) -> io::Result<()> {
        let Some(Run { frames, silence }) = run else { return Ok(()) };
        self.unflushed = true;
        self.part.append(&frames, silence)
    }

    /// Pads to `length` frames (or to what was heard, whichever is longer) and closes the file. Returns how long it sounds.
    pub fn end(mut self, length: u64) -> io::Result<Duration> {
        let run = self.timeline.finish(length);
        self.append(Some(run))?;
        let duration = Duration::from_micros(self.part.frames() * 1_000_000 / u64::from(self.rate.hz()));
        self.part.close()?;
        Ok(duration)
    }

    /// How much was heard, in frames.
    pub fn heard(&self) -> u64 {
        self.timeline.head()
    }

    /// Samples that came too late, since this was last asked.
    pub fn late_samples(&mut self) -> u64 {
        std::mem::take(&mut self.timeline.late)
    }
}

/// A call's recording has the day of the call's arrival, which stands in its id.
pub(super) fn file_of(call: CallId) -> RecordingFile {
    RecordingFile::new(call, call.timestamp())
}
