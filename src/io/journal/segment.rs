//! A segment's name and header.

use std::io;
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"SANLJRN1";

/// Magic, first number, mark, checksum.
pub(super) const HEADER: usize = 8 + 8 + 8 + 4;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    /// Number of the first frame that is not carried.
    pub first: u64,
    /// A number of the user's that must outlive the frames it came in: the greatest marked before.
    pub mark: u64,
}

impl Header {
    pub fn put(self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.mark.to_le_bytes());
        let checksum = crc32fast::hash(&out[start..]);
        out.extend_from_slice(&checksum.to_le_bytes());
    }

    pub fn get(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER] = bytes.get(..HEADER)?.try_into().ok()?;
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let sound = bytes[..8] == MAGIC && bytes[24..] == crc32fast::hash(&bytes[..24]).to_le_bytes();
        sound.then(|| Self { first: number(8), mark: number(16) })
    }
}

pub(super) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.journal"))
}

/// The folder's segments, oldest first, by the number in their names.
pub(super) fn list(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let first = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".journal")?.parse().ok());
        if let Some(first) = first {
            found.push((first, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}
