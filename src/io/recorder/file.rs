//! One growing WAV file: `CALL-ID.wav.part`, locked while it is written, its header right after each flush.

use crate::recording::RecordingFile;
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// 600 ms of stereo at 16 kHz are 38 KB: one write a flush.
const BUFFER: usize = 40 << 10;
/// WAV sizes are 32 bits: 37 hours of stereo at 8 kHz. The header's 36 bytes count too.
pub(super) const FRAMES_MAX: u64 = (u32::MAX as u64 - 36) / 4;
/// Silence is written in pieces of this many frames.
const PIECE: u64 = 4_096;

pub(super) struct PartFile {
    writer: WavWriter<BufWriter<File>>,
    frames: u64,
}

/// 16-bit PCM, two channels.
pub(super) fn spec(hz: u32) -> WavSpec {
    WavSpec { channels: 2, sample_rate: hz, bits_per_sample: 16, sample_format: SampleFormat::Int }
}

/// Where a recording is below `folder` while it grows.
pub(super) fn part_path(folder: &Path, file: RecordingFile) -> PathBuf {
    folder.join(file.part())
}

impl PartFile {
    /// Makes the day's folder and a new file in it, with a header that is valid at once.
    pub fn create(folder: &Path, file: RecordingFile, hz: u32) -> io::Result<Self> {
        make_day(folder, &folder.join(file.folder()))?;
        if folder.join(file.to_string()).exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a recording of this name is there already"));
        }
        let path = part_path(folder, file);
        let created = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        // Tells `recordings repair` in another process that this one is alive. Not every file system can lock; then it is not told.
        let _ = created.try_lock();
        let begin = || {
            let mut writer = WavWriter::new(BufWriter::with_capacity(BUFFER, created), spec(hz))?;
            writer.flush().map(|()| Self { writer, frames: 0 })
        };
        begin().map_err(|error| {
            // Nothing was heard yet: an empty file would only be found by the next repair.
            let _ = fs::remove_file(&path);
            to_io(error)
        })
    }

    /// Appends interleaved frames, then silence.
    pub fn append(&mut self, frames: &[i16], mut silence: u64) -> io::Result<()> {
        let count = frames.len() as u64 / 2;
        if self.frames + count + silence > FRAMES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than a WAV file can be"));
        }
        self.frames += count + silence;
        self.samples(frames.iter().copied(), count)?;
        while silence > 0 {
            let piece = silence.min(PIECE);
            self.samples(std::iter::repeat(0), piece)?;
            silence -= piece;
        }
        Ok(())
    }

    fn samples(&mut self, samples: impl Iterator<Item = i16>, frames: u64) -> io::Result<()> {
        let count = u32::try_from(frames * 2).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut run = self.writer.get_i16_writer(count);
        for sample in samples.take(count as usize) {
            run.write_sample(sample);
        }
        run.flush().map_err(to_io)
    }

    /// Everything appended so far is in the file, and its header says so.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(to_io)
    }

    /// Closes the file, its header final. Not yet on the disk for certain.
    pub fn close(self) -> io::Result<()> {
        self.writer.finalize().map_err(to_io)
    }

    pub fn frames(&self) -> u64 {
        self.frames
    }
}

/// Makes the folder of a day, once a day, so that it outlives a power failure too: a folder's name is on the disk when the one above it
/// is synced.
fn make_day(folder: &Path, day: &Path) -> io::Result<()> {
    if day.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(day)?;
    for above in day.ancestors().skip(1).take_while(|above| above.starts_with(folder)) {
        File::open(above)?.sync_all()?;
    }
    Ok(())
}

pub(super) fn to_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
