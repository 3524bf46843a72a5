//! ITU-T G.711: one byte a sample at 8 kHz. Samples are left-justified in 16 bits, as in the reference code of ITU-T G.191 (STL),
//! whose results these are bit for bit.

/// A-law byte of digital silence.
pub const ALAW_SILENCE: u8 = 0xD5;
/// µ-law byte of digital silence.
pub const ULAW_SILENCE: u8 = 0xFF;

/// The two companding laws.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Law {
    A,
    Mu,
}

impl Law {
    /// Appends the samples of `bytes`.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<i16>) {
        let table = match self {
            Self::A => &ALAW,
            Self::Mu => &ULAW,
        };
        out.extend(bytes.iter().map(|byte| table[usize::from(*byte)]));
    }

    /// Appends the bytes of `samples`.
    pub fn encode(self, samples: &[i16], out: &mut Vec<u8>) {
        match self {
            Self::A => out.extend(samples.iter().map(|sample| encode_alaw(*sample))),
            Self::Mu => out.extend(samples.iter().map(|sample| encode_ulaw(*sample))),
        }
    }

    /// The squares of the samples of `bytes`, added up, and how many of them stand within 2 % of full scale. No sample is stored.
    #[must_use]
    pub fn energy(self, bytes: &[u8]) -> (u64, u32) {
        let table = match self {
            Self::A => &ALAW_SQUARES,
            Self::Mu => &ULAW_SQUARES,
        };
        let squares = bytes.iter().map(|byte| table[usize::from(*byte)]);
        squares.fold((0, 0), |(sum, full), square| (sum + u64::from(square), full + u32::from(square >= FULL_SCALE_SQUARE)))
    }

    /// The byte of digital silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::A => ALAW_SILENCE,
            Self::Mu => ULAW_SILENCE,
        }
    }
}

static ALAW: [i16; 256] = table(Law::A);
static ULAW: [i16; 256] = table(Law::Mu);
static ALAW_SQUARES: [u32; 256] = squares(&table(Law::A));
static ULAW_SQUARES: [u32; 256] = squares(&table(Law::Mu));

/// The largest magnitudes are 32,256 (A-law) and 32,124 (µ-law); the next below them is under this one.
pub const FULL_SCALE: u16 = 32_000;
const FULL_SCALE_SQUARE: u32 = (FULL_SCALE as u32).pow(2);

#[must_use]
pub fn decode_alaw(byte: u8) -> i16 {
    ALAW[usize::from(byte)]
}

#[must_use]
pub fn decode_ulaw(byte: u8) -> i16 {
    ULAW[usize::from(byte)]
}

/// A-law (G.711 table 1): 12 bits of magnitude, even bits inverted.
#[must_use]
pub const fn encode_alaw(sample: i16) -> u8 {
    let magnitude = magnitude(sample) >> 4;
    // Segments 0 and 1 share the smallest step; above, each segment doubles it.
    let code = if magnitude < 16 {
        magnitude
    } else {
        let shift = bits(magnitude) - 5;
        (magnitude >> shift) - 16 + ((shift + 1) << 4)
    };
    (code as u8 | sign(sample)) ^ 0x55
}

/// µ-law (G.711 table 2): 13 bits of magnitude with a bias of 33, all bits inverted.
#[must_use]
pub const fn encode_ulaw(sample: i16) -> u8 {
    let biased = (magnitude(sample) >> 2) + 33;
    let biased = if biased > 0x1FFF { 0x1FFF } else { biased };
    let segment = bits(biased >> 6) + 1;
    let code = ((8 - segment) << 4) | (0xF - ((biased >> segment) & 0xF));
    code as u8 | sign(sample)
}

/// One's complement, as the reference code has it: −1 falls on the first negative step, −32768 does not overflow.
const fn magnitude(sample: i16) -> u16 {
    (sample ^ (sample >> 15)).cast_unsigned()
}

/// Significant bits of `value`.
const fn bits(value: u16) -> u16 {
    (16 - value.leading_zeros()) as u16
}

const fn sign(sample: i16) -> u8 {
    if sample >= 0 { 0x80 } else { 0 }
}

const fn table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match law {
            Law::A => expand_alaw(byte as u8),
            Law::Mu => expand_ulaw(byte as u8),
        };
        byte += 1;
    }
    table
}

const fn squares(table: &[i16; 256]) -> [u32; 256] {
    let mut squares = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        squares[byte] = (table[byte].unsigned_abs() as u32).pow(2);
        byte += 1;
    }
    squares
}

/// The middle of the step that `byte` names.
const fn expand_alaw(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 7;
    let step = (code & 0xF) as i16;
    let magnitude = if segment == 0 { (step << 4) + 8 } else { ((step << 4) + 0x108) << (segment - 1) };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

const fn expand_ulaw(byte: u8) -> i16 {
    let code = !byte;
    let magnitude = (((((code & 0xF) as i16) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loops of ITU-T G.191 (STL) `g711.c`, kept apart from the code they check.
    fn reference_alaw(sample: i16) -> u8 {
        let mut ix = if sample < 0 { (!sample) >> 4 } else { sample >> 4 };
        if ix > 15 {
            let mut iexp = 1;
            while ix > 16 + 15 {
                ix >>= 1;
                iexp += 1;
            }
            ix -= 16;
            ix += iexp << 4;
        }
        if sample >= 0 {
            ix |= 0x80;
        }
        (ix ^ 0x55) as u8
    }

    fn reference_ulaw(sample: i16) -> u8 {
        let absno = (if sample < 0 { (!sample) >> 2 } else { sample >> 2 } + 33).min(0x1FFF);
        let mut segno = 1;
        let mut i = absno >> 6;
        while i != 0 {
            segno += 1;
            i >>= 1;
        }
        let code = ((8 - segno) << 4) | (0xF - ((absno >> segno) & 0xF));
        (if sample >= 0 { code | 0x80 } else { code }) as u8
    }

    #[test]
    fn every_sample_is_encoded_as_the_reference_code_does() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(encode_alaw(sample), reference_alaw(sample), "A-law of {sample}");
            assert_eq!(encode_ulaw(sample), reference_ulaw(sample), "µ-law of {sample}");
        }
    }

    #[test]
    fn known_values_of_the_recommendation() {
        for (byte, sample) in [(0xD5, 8), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256), (0x80, 5_504)] {
            assert_eq!(decode_alaw(byte), sample, "A-law {byte:#x}");
        }
        for (byte, sample) in [(0xFF, 0), (0x7F, 0), (0x80, 32_124), (0x00, -32_124), (0xF0, 120)] {
            assert_eq!(decode_ulaw(byte), sample, "µ-law {byte:#x}");
        }
    }

    #[test]
    fn every_byte_survives_the_round_trip() {
        for byte in 0..=255_u8 {
            assert_eq!(encode_alaw(decode_alaw(byte)), byte, "A-law");
            // µ-law has two zeros; the negative one comes back as the positive one.
            let expected = if byte == 0x7F { 0xFF } else { byte };
            assert_eq!(encode_ulaw(decode_ulaw(byte)), expected, "µ-law");
        }
    }

    #[test]
    fn silence_is_the_byte_of_zero() {
        assert_eq!((encode_alaw(0), encode_ulaw(0)), (Law::A.silence(), Law::Mu.silence()));
    }
}
