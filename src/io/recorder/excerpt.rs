//! A piece of a recording, for an ear: read from the file as it stands, finished or growing.

use super::file::FRAME_BYTES;
use super::header::{HEADER, Header};
use crate::base::Duration;
use crate::media::Clip;
use crate::media::control::{Channel, Excerpt};
use crate::recording::RecordingFile;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The sound of `excerpt`, shorter where the recording ends within it.
///
/// # Errors
/// There is no such recording below `folder`, or it cannot be read.
pub fn excerpt(folder: &Path, excerpt: Excerpt) -> io::Result<Clip> {
    let Excerpt { call, side, from, to } = excerpt;
    let file = open(folder, RecordingFile::new(call, call.timestamp()))?;
    let mut head = [0; HEADER];
    file.read_exact_at(&mut head, 0)?;
    let hz = Header::rate(&head).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not one of our WAV files"))?;
    let there = file.metadata()?.len().saturating_sub(HEADER as u64) / FRAME_BYTES;
    let frame_at = |at: Duration| u64::try_from(at.as_micros() * u128::from(hz) / 1_000_000).unwrap_or(u64::MAX).min(there);
    let (first, end) = (frame_at(from), frame_at(to));
    let mut bytes = vec![0; usize::try_from(end.saturating_sub(first) * FRAME_BYTES).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, HEADER as u64 + first * FRAME_BYTES)?;
    let frames = bytes.as_chunks::<4>().0.iter().map(|[l, left, r, right]| {
        let (left, right) = (i16::from_le_bytes([*l, *left]), i16::from_le_bytes([*r, *right]));
        match side {
            Some(Channel::Left) => left,
            Some(Channel::Right) => right,
            None => left.saturating_add(right),
        }
    });
    Ok(Clip::from_samples(&frames.collect::<Vec<_>>(), hz))
}

/// Finished first, as in `http::recording`: between the two a growing file may be given its name, never the other way.
fn open(folder: &Path, file: RecordingFile) -> io::Result<File> {
    let (whole, growing) = (folder.join(file.to_string()), folder.join(file.part()));
    File::open(&whole).or_else(|_| File::open(growing)).or_else(|_| File::open(&whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Rate;
    use crate::base::time::millis;
    use crate::base::{CallId, Rng, Timestamp};

    #[test]
    fn a_piece_is_what_stands_in_the_file_of_the_side_asked_for() {
        let folder = std::env::temp_dir().join(format!("sanling-excerpt-{}", std::process::id()));
        let call = CallId::new(Timestamp(1_795_000_000_000), &mut Rng::new(1));
        let file = RecordingFile::new(call, call.timestamp());
        std::fs::create_dir_all(folder.join(file.folder())).expect("a folder");
        let mut bytes = Header { hz: 8_000, frames: 1_000 }.write().to_vec();
        bytes.extend((0..1_000i16).flat_map(|n| [n.to_le_bytes(), (2 * n).to_le_bytes()]).flatten());
        let piece = |side, from, to| excerpt(&folder, Excerpt { call, side, from: millis(from), to: millis(to) });
        assert!(piece(None, 0, 10).is_err(), "there is none");
        for path in [file.part(), file.to_string()] {
            std::fs::write(folder.join(path), &bytes).expect("writes");
            for (side, times) in [(Some(Channel::Left), 1), (Some(Channel::Right), 2), (None, 3)] {
                let clip = piece(side, 10, 20).expect("reads");
                assert!(clip.samples(Rate::Hz8000).iter().copied().eq((80..160).map(|n| n * times)), "{side:?}");
            }
        }
        assert_eq!(piece(None, 120, 600).expect("reads").samples(Rate::Hz8000).len(), 40, "as far as it reaches");
        assert!(piece(None, 200, 600).expect("reads").samples(Rate::Hz8000).is_empty());
        std::fs::remove_dir_all(&folder).expect("removes");
    }
}
