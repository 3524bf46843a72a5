//! Reading the journal while it grows: how one who fell behind catches up.

use super::frame::{self, Frame};
use super::segment::{self, HEADER};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// A place in the journal.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    /// The next number that is wanted.
    next: u64,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    first: u64,
    file: File,
    offset: u64,
}

/// Bytes read at a time; more when one frame is longer.
const CHUNK: u64 = 1 << 20;

impl Reader {
    /// Begins behind the number `after`.
    #[must_use]
    pub fn new(folder: PathBuf, after: u64) -> Self {
        Self { folder, next: after + 1, open: None }
    }

    /// Hands at most `max` frames in order to `take`, up to the number `upto`, which must have been written. Returns the number up to
    /// which all is read; less than `upto` when there is more.
    ///
    /// # Errors
    /// What the disk says; what was taken is not taken again.
    pub fn read(&mut self, upto: u64, max: usize, mut take: impl FnMut(Frame<'_>)) -> io::Result<u64> {
        let mut taken = 0;
        while self.next <= upto && taken < max {
            if self.open.is_none() && !self.find()? {
                // Removed because it was applied, or moved aside because it was unreadable.
                self.next = upto + 1;
                break;
            }
            let open = self.open.as_mut().expect("found above");
            let bytes = open.chunk(CHUNK)?;
            let mut at = 0;
            while taken < max
                && let Some(frame) = frame::get(&bytes[at..])
            {
                if frame.seq > upto {
                    break;
                }
                at += frame.length();
                if frame.seq >= self.next {
                    self.next = frame.seq + 1;
                    taken += 1;
                    take(frame);
                }
            }
            open.offset += at as u64;
            if at == 0 && self.next <= upto {
                // The segment's end, so the number is in the next one.
                let ended = open.first;
                self.open = None;
                if !self.find_after(ended)? {
                    self.next = upto + 1;
                }
            }
        }
        Ok(self.next - 1)
    }

    /// Opens the segment that the next number is in.
    fn find(&mut self) -> io::Result<bool> {
        let segments = segment::list(&self.folder)?;
        let at = segments.partition_point(|(first, _)| *first <= self.next).saturating_sub(1);
        self.open_at(segments.get(at))
    }

    fn find_after(&mut self, ended: u64) -> io::Result<bool> {
        let segments = segment::list(&self.folder)?;
        let at = segments.partition_point(|(first, _)| *first <= ended);
        self.open_at(segments.get(at))
    }

    fn open_at(&mut self, segment: Option<&(u64, PathBuf)>) -> io::Result<bool> {
        let Some((first, path)) = segment else { return Ok(false) };
        match File::open(path) {
            Ok(file) => {
                self.open = Some(Open { first: *first, file, offset: HEADER as u64 });
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Open {
    /// At least one whole frame from the offset on, when there is one.
    fn chunk(&mut self, mut length: u64) -> io::Result<Vec<u8>> {
        loop {
            let mut bytes = Vec::new();
            self.file.seek(SeekFrom::Start(self.offset))?;
            (&self.file).take(length).read_to_end(&mut bytes)?;
            if frame::get(&bytes).is_some() || (bytes.len() as u64) < length {
                return Ok(bytes);
            }
            length *= 4;
        }
    }
}
