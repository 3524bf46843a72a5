//! After a crash: every part file is made whole, hashed and given its name. Nothing that may hold sound is ever removed.
//!
//! hound's own `append` takes a crashed file's header at its word and writes over the sound; so the sizes are mended from the file's
//! length first.

use super::file::part_path;
use super::finish::{all, settle};
use crate::base::{CallId, Duration};
use crate::recording::RecordingFile;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Length of the header that hound writes for 16-bit PCM: RIFF, fmt of 16 bytes, data.
const HEADER: u64 = 44;

/// What became of the part files.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Repair {
    pub recovered: Vec<Recovered>,
    /// Files left as they are.
    pub left: Vec<Left>,
}

/// A recording that a crash left open and that is now finished; its call's record becomes `recovered`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    pub call: CallId,
    /// Below the recordings folder.
    pub file: String,
    pub duration: Duration,
    pub sha256: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// Below the recordings folder, with `.part`.
    pub file: String,
    pub reason: String,
}

/// Finishes every part file below `folder` that no running switch is writing. A folder that does not exist holds none.
///
/// # Errors
/// The folder cannot be listed. What is wrong with one file stands in [`Repair::left`] and does not keep the others.
pub fn repair(folder: &Path) -> io::Result<Repair> {
    let mut repair = Repair::default();
    if !folder.exists() {
        return Ok(repair);
    }
    for file in all(folder, true)? {
        match one(folder, file) {
            Ok(recovered) => repair.recovered.push(recovered),
            Err(error) => repair.left.push(Left { file: file.part(), reason: error.to_string() }),
        }
    }
    Ok(repair)
}

fn one(folder: &Path, file: RecordingFile) -> io::Result<Recovered> {
    let part = part_path(folder, file);
    let mut open = OpenOptions::new().read(true).write(true).open(&part)?;
    match open.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(io::Error::new(io::ErrorKind::WouldBlock, "a running switch is writing it")),
        // A file system that cannot lock: nobody else repairs either.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    let duration = mend(&mut open)?;
    let sha256 = settle(&part, &folder.join(file.to_string()))?;
    Ok(Recovered { call: file.call(), file: file.to_string(), duration, sha256 })
}

/// Sets the sizes in the header from the file's length, cut to whole frames. Returns how long it sounds.
pub(super) fn mend(file: &mut File) -> io::Result<Duration> {
    let length = file.metadata()?.len();
    let mut header = [0; HEADER as usize];
    file.seek(SeekFrom::Start(0))?;
    let readable = usize::try_from(length.min(HEADER)).expect("at most 44");
    file.read_exact(&mut header[..readable])?;
    // A crash of the machine may leave a header that was never written: zeros, or nothing.
    if length < HEADER || header.iter().all(|byte| *byte == 0) {
        header = fresh_header();
    }
    let Header { bytes_per_second, block } =
        Header::read(&header).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not one of our WAV files; left untouched"))?;
    let sound = (length.saturating_sub(HEADER) / block * block).min(u64::from(u32::MAX) - HEADER);
    let sizes = u32::try_from(sound).expect("cut to 32 bits");
    header[4..8].copy_from_slice(&(sizes + 36).to_le_bytes());
    header[40..44].copy_from_slice(&sizes.to_le_bytes());
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)?;
    file.set_len(HEADER + sound)?;
    file.sync_all()?;
    Ok(Duration::from_micros(sound * 1_000_000 / u64::from(bytes_per_second)))
}

struct Header {
    bytes_per_second: u32,
    /// Bytes of a frame of all channels.
    block: u64,
}

impl Header {
    fn read(bytes: &[u8; HEADER as usize]) -> Option<Self> {
        let ours = bytes[..4] == *b"RIFF" && bytes[8..16] == *b"WAVEfmt " && bytes[36..40] == *b"data";
        let bytes_per_second = u32::from_le_bytes(bytes[28..32].try_into().ok()?);
        let block = u16::from_le_bytes(bytes[32..34].try_into().ok()?);
        (ours && bytes_per_second > 0 && block > 0).then_some(Self { bytes_per_second, block: block.into() })
    }
}

/// Stereo at 8 kHz, the usual case.
fn fresh_header() -> [u8; HEADER as usize] {
    let mut bytes = io::Cursor::new(Vec::new());
    let writer = hound::WavWriter::new(&mut bytes, super::file::spec(8_000)).expect("a header fits into memory");
    drop(writer);
    bytes.into_inner().try_into().expect("16-bit PCM has a header of 44 bytes")
}
