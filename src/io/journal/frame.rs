//! One frame: how it is written, and what can be wrong with it when it is read.

use crate::base::limits;

/// Length of the body, checksum, number, kind.
pub(super) const HEAD: usize = 4 + 4 + 8 + 1;

/// Number of a frame that stands outside the order: state carried over from the segment before.
pub(super) const CARRIED: u64 = 0;

/// What was appended under a number. A carried frame has the number 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    pub seq: u64,
    pub kind: u8,
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// Whether it repeats what an older segment says.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        self.seq == CARRIED
    }

    /// Bytes that it takes in the file.
    pub(super) fn length(&self) -> usize {
        HEAD + self.body.len()
    }
}

/// Appends a frame whose body `write` appends.
pub(super) fn put(out: &mut Vec<u8>, seq: u64, kind: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&seq.to_le_bytes());
    out.push(kind);
    write(out);
    let length = u32::try_from(out.len() - start - HEAD).expect("a row has far less than 4 GiB");
    let checksum = crc32fast::hash(&out[start + 8..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&checksum.to_le_bytes());
}

/// The frame at the beginning of `bytes`; `None` when there is no whole and sound one.
pub(super) fn get(bytes: &[u8]) -> Option<Frame<'_>> {
    let head = bytes.get(..HEAD)?;
    let length = usize::try_from(u32::from_le_bytes(head[..4].try_into().ok()?)).ok()?;
    if length > limits::JOURNAL_FRAME_MAX {
        return None;
    }
    let rest = bytes.get(8..HEAD + length)?;
    let checksum = u32::from_le_bytes(head[4..8].try_into().ok()?);
    (crc32fast::hash(rest) == checksum).then(|| Frame {
        seq: u64::from_le_bytes(rest[..8].try_into().expect("eight bytes")),
        kind: rest[8],
        body: &rest[9..],
    })
}

/// Whether `bytes` hold a sound frame anywhere whose number follows `after`: then what is unreadable before it is no torn tail.
pub(super) fn another_in(bytes: &[u8], after: u64) -> bool {
    (0..bytes.len().saturating_sub(HEAD)).any(|at| {
        let number = u64::from_le_bytes(bytes[at + 8..at + 16].try_into().expect("eight bytes"));
        // The number is looked at first: of a million places hardly one needs its checksum reckoned.
        number > after && number - after < 1 << 24 && get(&bytes[at..]).is_some()
    })
}
