//! The header of a WAV file that still grows, made to fit the length that is served.

/// Bytes of a file's beginning that are looked at; the recorder's header is 44 bytes.
pub const HEAD_MAX: usize = 4_096;

/// Where the sound begins, and how many bytes one moment of it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    pub data_at: u64,
    pub block: u64,
}

/// Finds `fmt ` and `data` in the beginning of a file; `None` when it is no WAV (yet).
#[must_use]
pub fn layout(head: &[u8]) -> Option<Layout> {
    if head.get(..4)? != b"RIFF" || head.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut at = 12;
    let mut block = None;
    loop {
        let length = u32::from_le_bytes(head.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        match head.get(at..at + 4)? {
            b"fmt " => block = Some(u64::from(u16::from_le_bytes(head.get(at + 20..at + 22)?.try_into().ok()?))),
            b"data" => return block.filter(|block| *block > 0).map(|block| Layout { data_at: at as u64 + 8, block }),
            _ => {}
        }
        // Chunks are padded to even lengths.
        at = at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
    }
}

/// Samples a second, as the header has it.
#[must_use]
pub fn rate(head: &[u8]) -> Option<u32> {
    let at = head.windows(4).position(|chunk| chunk == b"fmt ")?;
    let hz = u32::from_le_bytes(head.get(at + 12..at + 16)?.try_into().ok()?);
    (8_000..=48_000).contains(&hz).then_some(hz)
}

/// A WAV of one channel of 16 bits, `samples` in little-endian order.
#[must_use]
pub fn mono(samples: &[u8], hz: u32) -> Vec<u8> {
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let mut wav = Vec::with_capacity(44 + samples.len());
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&length.saturating_add(36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16u32.to_le_bytes());
    // PCM, one channel.
    wav.extend_from_slice(&[1, 0, 1, 0]);
    wav.extend_from_slice(&hz.to_le_bytes());
    wav.extend_from_slice(&(hz * 2).to_le_bytes());
    wav.extend_from_slice(&[2, 0, 16, 0]);
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&length.to_le_bytes());
    wav.extend_from_slice(samples);
    wav
}

/// How much of a file of `length` bytes is header and whole moments of sound.
#[must_use]
pub fn whole(layout: Layout, length: u64) -> u64 {
    let sound = length.saturating_sub(layout.data_at);
    layout.data_at + sound - sound % layout.block
}

/// Writes the sizes for a file of `length` bytes into its header; sizes are 32-bit, longer files say the largest.
pub fn set_sizes(head: &mut [u8], layout: Layout, length: u64) {
    let size = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let data_at = usize::try_from(layout.data_at).unwrap_or(usize::MAX);
    if data_at <= head.len() {
        head[4..8].copy_from_slice(&size(length - 8));
        head[data_at - 4..data_at].copy_from_slice(&size(length - layout.data_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_cut_anywhere_reads_as_a_whole_one() {
        let mut whole_file = std::io::Cursor::new(Vec::new());
        let spec = hound::WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut writer = hound::WavWriter::new(&mut whole_file, spec).expect("writes");
        (0..1_000i16).for_each(|sample| writer.write_sample(sample).expect("writes"));
        writer.finalize().expect("writes");
        let bytes = whole_file.into_inner();
        for cut in [44, 45, 48, 1_001, bytes.len()] {
            let mut part = bytes[..cut].to_vec();
            part[4..8].fill(0);
            part[40..44].fill(0);
            let layout = layout(&part).expect("is a WAV");
            assert_eq!(layout, Layout { data_at: 44, block: 4 });
            let length = whole(layout, cut as u64);
            set_sizes(&mut part, layout, length);
            part.truncate(usize::try_from(length).expect("small"));
            let samples: Vec<i16> =
                hound::WavReader::new(&part[..]).expect("reads").into_samples().map(|sample| sample.expect("reads")).collect();
            let expected = (cut - 44) / 4 * 2;
            assert!(samples.len() == expected && samples.iter().copied().eq((0..1_000i16).take(expected)), "cut at {cut}");
        }
    }

    #[test]
    fn a_wav_of_one_channel_reads_back() {
        let samples: Vec<u8> = (0..100i16).flat_map(i16::to_le_bytes).collect();
        let made = mono(&samples, 16_000);
        assert_eq!((rate(&made), layout(&made)), (Some(16_000), Some(Layout { data_at: 44, block: 2 })));
        let reader = hound::WavReader::new(&made[..]).expect("reads");
        assert_eq!((reader.spec().channels, reader.spec().sample_rate, reader.duration()), (1, 16_000, 100));
        assert!(reader.into_samples::<i16>().map(|sample| sample.expect("reads")).eq(0..100));
    }

    #[test]
    fn what_is_no_wav_has_no_layout() {
        for wrong in [&b""[..], b"RIFF", b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff", b"RIFF\0\0\0\0WAVEdata\0\0\0\0", b"OggS\0\0\0\0WAVE"] {
            assert_eq!(layout(wrong), None);
        }
    }
}
