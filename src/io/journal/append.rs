//! The end of the journal that grows.

use super::medium::Medium;
use super::segment::{self, Header};
use super::sync::Keeper;
use super::{frame, frame::CARRIED};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Numbers frames, gathers them, and writes them with one write(2).
#[derive(Debug)]
pub struct Appender {
    folder: PathBuf,
    medium: Arc<dyn Medium>,
    keeper: Keeper,
    next: u64,
    mark: u64,
    /// None until the first segment could be made; nothing is carried into it.
    current: Option<Current>,
    /// The segment before, until all that is carried over from it is written.
    before: Option<Current>,
    /// What is not written yet. A failed write leaves its rest here.
    buffer: Vec<u8>,
    segment_max: u64,
}

#[derive(Debug)]
struct Current {
    path: PathBuf,
    /// Number of its first frame.
    first: u64,
    file: Arc<File>,
    bytes: u64,
    /// Of these, what was carried over.
    head: u64,
}

impl Appender {
    pub(super) fn new(folder: PathBuf, medium: Arc<dyn Medium>, keeper: Keeper, next: u64, mark: u64, segment_max: u64) -> Self {
        Self { folder, medium, keeper, next, mark, current: None, before: None, buffer: Vec::new(), segment_max }
    }

    /// Goes on with the segment that the last run left, which has `bytes`.
    pub(super) fn go_on(&mut self, path: PathBuf, first: u64, bytes: u64) -> io::Result<()> {
        let file = Arc::new(self.medium.open(&path, false)?);
        self.keeper.opened(&file, bytes);
        self.current = Some(Current { path, first, file, bytes, head: 0 });
        Ok(())
    }

    /// Takes a frame whose body `write` appends; returns its number. Nothing is written yet.
    pub fn push(&mut self, kind: u8, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let seq = self.next;
        self.next += 1;
        frame::put(&mut self.buffer, seq, kind, write);
        seq
    }

    /// Remembers a number that only grows; each new segment's header has the greatest.
    pub fn mark(&mut self, number: u64) {
        self.mark = self.mark.max(number);
    }

    /// Number of the last frame pushed, 0 before the first.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.next - 1
    }

    /// Whether it is time to [`rotate`](Self::rotate): the segment is full. Never between a failed write and its end.
    #[must_use]
    pub fn wants_rotation(&self) -> bool {
        let full = |current: &Current| current.bytes.saturating_sub(current.head) >= self.segment_max.max(current.head);
        self.buffer.is_empty() && self.current.as_ref().is_some_and(full)
    }

    /// Begins a segment with what is carried over: `carry` is called with a function that takes one carried frame's kind and body.
    ///
    /// # Errors
    /// The file cannot be made, and all is as before; or it cannot be written, and [`write`](Self::write) goes on with it.
    pub fn rotate(&mut self, carry: impl FnOnce(&mut dyn FnMut(u8, &[&[u8]]))) -> io::Result<()> {
        debug_assert!(self.buffer.is_empty(), "what is gathered belongs to the segment before");
        let path = segment::path(&self.folder, self.next);
        let file = Arc::new(self.medium.open(&path, true)?);
        Header { first: self.next, mark: self.mark }.put(&mut self.buffer);
        let buffer = &mut self.buffer;
        carry(&mut |kind, parts| frame::put(buffer, CARRIED, kind, |out| parts.iter().for_each(|part| out.extend_from_slice(part))));
        let head = self.buffer.len() as u64;
        self.before = self.current.replace(Current { path, first: self.next, file, bytes: 0, head });
        self.write()
    }

    /// The first segment of a new journal: its header goes before what was gathered.
    fn begin(&mut self) -> io::Result<Current> {
        let mut gathered = &self.buffer[..];
        let mut first = self.next;
        while let Some(frame) = frame::get(gathered) {
            first = first.min(frame.seq);
            gathered = &gathered[frame.length()..];
        }
        let path = segment::path(&self.folder, first);
        let file = Arc::new(self.medium.open(&path, true)?);
        let mut header = Vec::new();
        Header { first, mark: 0 }.put(&mut header);
        self.buffer.splice(0..0, header);
        Ok(Current { path, first, file, bytes: 0, head: 0 })
    }

    /// Writes what was gathered. After an error call it again: it goes on where it stopped.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&mut self) -> io::Result<()> {
        if self.current.is_none() {
            self.current = Some(self.begin()?);
        }
        let current = self.current.as_mut().expect("begun above");
        let mut done = 0;
        let mut outcome = Ok(());
        while done < self.buffer.len() {
            match self.medium.append(&current.file, &self.buffer[done..]) {
                Ok(0) => outcome = Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    done += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => outcome = Err(error),
            }
            break;
        }
        self.buffer.drain(..done);
        if done > 0 {
            current.bytes += done as u64;
            self.keeper.written(&current.file, done as u64);
        }
        if self.buffer.is_empty()
            && let Some(before) = self.before.take()
        {
            self.keeper.closed(before.path, current.first - 1, before.bytes);
        }
        outcome
    }

    /// Whether frames wait to be written.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.buffer.is_empty()
    }
}
