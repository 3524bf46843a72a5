//! The journal: an append-only log of frames in numbered segments, written before anything else is done with what they hold.
//!
//! ```text
//! data/journal/00000000000000000001.journal   a segment, named by the number of its first frame
//!   header   "SANLJRN1", first number u64, mark u64, crc32 u32; little-endian throughout
//!   frame    length of body u32, crc32 of all that follows u32, number u64 (0: carried over), kind u8, body
//! data/journal/lock                           locked while the journal is open
//! data/journal/corrupt-TIME/                  what could not be read, moved aside
//! ```
//!
//! A write(2) that has returned outlives the process; `sync` makes it outlive the power about once a second, on a thread of its own. When
//! a segment is full the next begins with the state that must be carried over, so that the older ones can go once they are applied.
//!
//! What lives here: frames, segments, torn tails, rotation. What must not: what a frame means; the store knows that.

mod append;
mod frame;
mod medium;
mod open;
mod read;
mod segment;
mod sync;

pub use append::Appender;
pub use frame::Frame;
pub use medium::{Disk, Medium};
pub use open::{Lock, Opened, open};
pub use read::Reader;
pub use sync::Keeper;

#[cfg(test)]
mod tests;
