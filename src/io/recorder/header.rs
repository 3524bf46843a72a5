//! The header of our WAV files, and its mending from the file's length: what a crash leaves of it is not to be believed.

use super::file::{FRAME_BYTES, FRAMES_MAX};
use crate::base::Duration;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Its length in bytes: RIFF, fmt of 16 bytes, data.
pub(super) const HEADER: usize = 44;
const CHANNELS: u16 = 2;
const BITS: u16 = 16;

/// What a header says of 16-bit PCM of two channels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub hz: u32,
    pub frames: u64,
}

impl Header {
    pub fn write(self) -> [u8; HEADER] {
        let block = CHANNELS * BITS / 8;
        let sound = u32::try_from(self.frames.min(FRAMES_MAX) * u64::from(block)).expect("at most 32 bits");
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(b"RIFF");
        bytes[4..8].copy_from_slice(&(sound + 36).to_le_bytes());
        bytes[8..16].copy_from_slice(b"WAVEfmt ");
        bytes[16..20].copy_from_slice(&16_u32.to_le_bytes());
        bytes[20..22].copy_from_slice(&1_u16.to_le_bytes());
        bytes[22..24].copy_from_slice(&CHANNELS.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.hz.to_le_bytes());
        bytes[28..32].copy_from_slice(&(self.hz * u32::from(block)).to_le_bytes());
        bytes[32..34].copy_from_slice(&block.to_le_bytes());
        bytes[34..36].copy_from_slice(&BITS.to_le_bytes());
        bytes[36..40].copy_from_slice(b"data");
        bytes[40..].copy_from_slice(&sound.to_le_bytes());
        bytes
    }

    /// The sampling rate of a header of ours; its sizes are not looked at.
    pub fn rate(bytes: &[u8; HEADER]) -> Option<u32> {
        let hz = u32::from_le_bytes(bytes[24..28].try_into().ok()?);
        let mut sizeless = *bytes;
        for sizes in [4..8, 40..44] {
            sizeless[sizes].fill(0);
        }
        let mut expected = matches!(hz, 8_000 | 16_000).then(|| Self { hz, frames: 0 }.write())?;
        expected[4..8].fill(0);
        (sizeless == expected).then_some(hz)
    }

    pub fn duration(self) -> Duration {
        Duration::from_micros(self.frames * 1_000_000 / u64::from(self.hz))
    }
}

/// Sets the sizes in the header from the file's length, cut to whole frames.
///
/// # Errors
/// The file cannot be read or written, or is none of ours (`InvalidData`, and untouched).
pub(super) fn mend(file: &File) -> io::Result<Header> {
    let length = file.metadata()?.len();
    let mut bytes = [0; HEADER];
    let readable = usize::try_from(length).map_or(HEADER, |length| length.min(HEADER));
    file.read_exact_at(&mut bytes[..readable], 0)?;
    // A crash of the machine may leave a header that was never written: zeros, or nothing. Then it is the usual case.
    let hz = if readable < HEADER || bytes.iter().all(|byte| *byte == 0) { Some(8_000) } else { Header::rate(&bytes) };
    let hz = hz.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not one of our WAV files; left untouched"))?;
    let frames = (length.saturating_sub(HEADER as u64) / FRAME_BYTES).min(FRAMES_MAX);
    let mended = Header { hz, frames };
    file.write_all_at(&mended.write(), 0)?;
    file.set_len(HEADER as u64 + frames * FRAME_BYTES)?;
    Ok(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_read_what_we_write() {
        for (hz, frames) in [(8_000, 0), (16_000, 12_345), (8_000, FRAMES_MAX)] {
            let bytes = Header { hz, frames }.write();
            let reader = hound::WavReader::new(std::io::Cursor::new(&bytes[..])).expect("a header");
            let spec = hound::WavSpec { channels: 2, sample_rate: hz, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
            assert_eq!((reader.spec(), u64::from(reader.duration())), (spec, frames));
            assert_eq!(Header::rate(&bytes), Some(hz));
        }
    }

    #[test]
    fn a_header_of_another_kind_is_not_ours() {
        let ours = Header { hz: 8_000, frames: 7 }.write();
        for byte in (0..4).chain(8..40) {
            let mut bytes = ours;
            bytes[byte] ^= 0x41;
            assert_eq!(Header::rate(&bytes), None, "byte {byte}");
        }
    }
}
