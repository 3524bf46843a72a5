//! What the journal asks of a disk. Tests put disks in its place that are full, slow or gone.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

pub trait Medium: Send + Sync + fmt::Debug {
    /// Opens a file to append to it; makes it when it is `new`.
    ///
    /// # Errors
    /// A new one exists, an old one does not, or it cannot be written.
    fn open(&self, path: &Path, new: bool) -> io::Result<File>;

    /// Appends a beginning of `bytes`; returns how much.
    ///
    /// # Errors
    /// Nothing was appended.
    fn append(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;

    /// Returns when the file's contents would survive a power cut.
    ///
    /// # Errors
    /// They may not.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The file system as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Medium for Disk {
    fn open(&self, path: &Path, new: bool) -> io::Result<File> {
        OpenOptions::new().append(true).create_new(new).open(path)
    }

    fn append(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}
