//! One growing WAV file: `CALL-ID.wav.part`, locked while it is written, its header right after each flush. Sound is written where it
//! belongs, without a buffer of the file's own: a thousand of them grow at once.

use super::header::{HEADER, Header};
use crate::recording::RecordingFile;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// WAV sizes are 32 bits: 37 hours of stereo at 8 kHz. The header's 36 bytes count too.
pub(super) const FRAMES_MAX: u64 = (u32::MAX as u64 - 36) / FRAME_BYTES;
/// 16 bits, two channels.
pub(super) const FRAME_BYTES: u64 = 4;

pub(super) struct PartFile {
    file: File,
    hz: u32,
    frames: u64,
    /// As many as the header says.
    told: u64,
}

/// Where a recording is below `folder` while it grows.
pub(super) fn part_path(folder: &Path, file: RecordingFile) -> PathBuf {
    folder.join(file.part())
}

/// Bytes of a page of the kernel's cache.
pub(super) const PAGE: u64 = 4_096;
const _: () = assert!((PAGE - HEADER as u64).is_multiple_of(FRAME_BYTES));

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
        let mut part = Self { file: created, hz, frames: 0, told: u64::MAX };
        match part.flush() {
            Ok(()) => Ok(part),
            Err(error) => {
                // Nothing was heard yet: an empty file would only be found by the next repair.
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Opens the file that a call's recording was written to before a restart, to go on behind its last whole frame. One that was finished
    /// meanwhile, though its call goes on, is opened again. `NotFound` when there is neither.
    pub fn reopen(folder: &Path, file: RecordingFile) -> io::Result<Self> {
        let (path, finished) = (part_path(folder, file), folder.join(file.to_string()));
        match (fs::metadata(&path), fs::metadata(&finished)) {
            (Err(_), Ok(_)) => fs::rename(&finished, &path)?,
            // The end came between the link and the removal that give a finished file its name.
            (Ok(part), Ok(whole)) if (part.dev(), part.ino()) == (whole.dev(), whole.ino()) => fs::remove_file(&finished)?,
            _ => {}
        }
        let opened = OpenOptions::new().read(true).write(true).open(&path)?;
        if matches!(opened.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "another program is writing it"));
        }
        let header = super::header::mend(&opened)?;
        Ok(Self { file: opened, hz: header.hz, frames: header.frames, told: header.frames })
    }

    /// Appends the bytes of interleaved frames, then silence. Silence takes no room on the disk where the file system can leave it out.
    pub fn append(&mut self, sound: &[u8], silence: u64) -> io::Result<()> {
        let count = sound.len() as u64 / FRAME_BYTES;
        if self.frames + count + silence > FRAMES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than a WAV file can be"));
        }
        if !sound.is_empty() {
            self.file.write_all_at(sound, self.end())?;
            self.frames += count;
        }
        if silence > 0 {
            self.frames += silence;
            self.file.set_len(self.end())?;
        }
        Ok(())
    }

    fn end(&self) -> u64 {
        HEADER as u64 + self.frames * FRAME_BYTES
    }

    /// The most of so many frames that ends with a page of the file: the kernel copies whole pages at half the price of parts.
    pub fn whole_pages(frames: u64) -> u64 {
        let end = HEADER as u64 + frames * FRAME_BYTES;
        ((end - end % PAGE).saturating_sub(HEADER as u64)) / FRAME_BYTES
    }

    /// The header tells of everything appended so far.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.told != self.frames {
            self.file.write_all_at(&Header { hz: self.hz, frames: self.frames }.write(), 0)?;
            self.told = self.frames;
        }
        Ok(())
    }

    /// Closes the file, its header final. Not yet on the disk for certain.
    pub fn close(mut self) -> io::Result<()> {
        self.flush()
    }

    pub fn frames(&self) -> u64 {
        self.frames
    }

    pub fn hz(&self) -> u32 {
        self.hz
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
