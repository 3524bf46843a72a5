//! Opening: every frame is read and checked, a torn tail is cut, and what is unreadable is moved aside.

use super::append::Appender;
use super::frame::{self, Frame};
use super::medium::Medium;
use super::segment::{self, HEADER, Header};
use super::sync::Keeper;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Holds the journal's folder for this process; another that opens it meanwhile is refused.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the folder, making it where it is missing. A process that is just ending is waited for, `patience` long.
    ///
    /// # Errors
    /// `WouldBlock` when another process holds it; or what the file system says.
    pub fn take(folder: &Path, patience: Duration) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        let until = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(Duration::from_millis(10)),
                Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
                // A file system that cannot lock: whoever uses it looks after it himself.
                Err(TryLockError::Error(_)) => return Ok(Self { _file: file }),
            }
        }
    }
}

/// A journal ready to be appended to.
#[derive(Debug)]
pub struct Opened {
    pub appender: Appender,
    pub keeper: Keeper,
    /// The greatest number marked before the oldest segment.
    pub mark: u64,
    /// What was not as it should be, a sentence each, for an operator.
    pub notices: Vec<String>,
}

/// Reads the journal in `folder`, which the caller has locked, and hands every sound frame in order to `take`. `applied` is the number up to
/// which the frames are applied already: numbering goes on behind it even when the journal is gone. A segment goes when all of it is
/// applied and the file `follower` was synced after that.
///
/// # Errors
/// The folder cannot be read, or a torn tail not be cut.
pub fn open(
    folder: &Path,
    medium: Arc<dyn Medium>,
    applied: u64,
    follower: &Path,
    segment_max: u64,
    sync_every: Duration,
    mut take: impl FnMut(Frame<'_>),
) -> io::Result<Opened> {
    let keeper = Keeper::start(Arc::clone(&medium), sync_every, applied, follower.to_owned())?;
    let segments = segment::list(folder)?;
    let (mut last, mut mark, mut notices) = (0, 0, Vec::new());
    let mut tail: Option<(PathBuf, u64, u64)> = None;
    for (index, (first, path)) in segments.iter().enumerate() {
        let bytes = std::fs::read(path)?;
        let is_last = index + 1 == segments.len();
        let Some(header) = Header::get(&bytes) else {
            if is_last && bytes.len() < HEADER {
                // Killed while it was made.
                std::fs::remove_file(path)?;
                continue;
            }
            notices.push(move_aside(folder, path, 0, &bytes, &segments[index + 1..])?);
            break;
        };
        if last > 0 && header.first > last + 1 {
            notices.push(format!("the journal has no rows {} to {}: they had not reached the disk", last + 1, header.first - 1));
        }
        mark = mark.max(header.mark);
        if let Some((path, _, bytes)) = tail.take() {
            keeper.found(path, last, bytes);
        }
        let mut at = HEADER;
        last = last.max(first.saturating_sub(1));
        while let Some(frame) = frame::get(&bytes[at..]) {
            at += frame.length();
            last = last.max(frame.seq);
            take(frame);
        }
        let sound = at as u64;
        let damaged = at < bytes.len() && (!is_last || frame::another_in(&bytes[at..], last));
        if damaged {
            notices.push(move_aside(folder, path, at, &bytes, &segments[index + 1..])?);
        } else if at < bytes.len() {
            OpenOptions::new().write(true).open(path)?.set_len(sound)?;
        }
        tail = Some((path.clone(), header.first, sound));
        if damaged {
            break;
        }
    }
    let next = last.max(applied) + 1;
    let mut appender = Appender::new(folder.to_owned(), medium, keeper.clone(), next, mark, segment_max);
    if let Some((path, first, bytes)) = tail {
        appender.go_on(path, first, bytes)?;
    }
    Ok(Opened { appender, keeper, mark, notices })
}

/// Keeps the sound beginning of a segment in its place and moves everything behind it into a folder of its own; tells it.
fn move_aside(folder: &Path, path: &Path, sound: usize, bytes: &[u8], later: &[(u64, PathBuf)]) -> io::Result<String> {
    let aside = folder.join(format!("corrupt-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ")));
    std::fs::create_dir_all(&aside)?;
    let name = |path: &Path| path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    std::fs::write(aside.join(name(path)), bytes)?;
    if sound == 0 {
        std::fs::remove_file(path)?;
    } else {
        OpenOptions::new().write(true).open(path)?.set_len(sound as u64)?;
    }
    for (_, path) in later {
        std::fs::rename(path, aside.join(name(path)))?;
    }
    Ok(format!(
        "the journal is damaged: {} cannot be read from byte {sound} on. What is before is kept; the rest ({} segments) was moved to {}",
        path.display(),
        later.len() + 1,
        aside.display()
    ))
}
