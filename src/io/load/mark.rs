//! The mark in a packet's sound, by which a packet that was relayed is known again: whose it is, which one, and when it was sent.
//!
//! It stands in the low halves of the first 32 bytes: A-law has the exponent in the high half, so that marked speech is still speech to
//! whoever listens for it, and a recording of it can be understood. A packet that was mixed on its way has no mark any more: a check over
//! the whole tells, for the quiet parts of a mixture leave most of a mark as it was.

use std::time::Duration;

/// Bytes of sound that a mark takes.
pub const MARKED: usize = 32;
const MAGIC: u64 = 0x3B71_5A4C_9E37_79B9;

fn check(high: u64, low: u64) -> u16 {
    ((high & 0xFFFF_FFFF_FFFF ^ low.rotate_left(24)).wrapping_mul(MAGIC) >> 48) as u16
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Of a leg while it has one call.
    pub stream: u32,
    /// Counts from 1 in a stream.
    pub number: u32,
    /// Since the load began, in whole microseconds.
    pub sent: Duration,
}

impl Mark {
    pub fn write(self, sound: &mut [u8; MARKED]) {
        let us = self.sent.as_micros() as u64 & 0xFFFF_FFFF_FFFF;
        let high = (u64::from(self.stream) << 16) | u64::from(self.number >> 16);
        let low = (u64::from(self.number & 0xFFFF) << 48) | us;
        let high = high | u64::from(check(high, low)) << 48;
        for (half, value) in sound.chunks_exact_mut(16).zip([high, low]) {
            for (place, byte) in half.iter_mut().enumerate() {
                *byte = *byte & 0xF0 | (value >> (60 - 4 * place)) as u8 & 0x0F;
            }
        }
    }

    /// `None` when the packet is not one of ours, or was made anew.
    #[must_use]
    pub fn read(sound: &[u8]) -> Option<Self> {
        let sound = sound.get(..MARKED)?;
        let gather = |half: &[u8]| half.iter().fold(0_u64, |value, byte| value << 4 | u64::from(byte & 0x0F));
        let (high, low) = (gather(&sound[..16]), gather(&sound[16..]));
        ((high >> 48) as u16 == check(high, low)).then(|| Self {
            stream: (high >> 16) as u32,
            number: (high as u32) << 16 | (low >> 48) as u32,
            sent: Duration::from_micros(low & 0xFFFF_FFFF_FFFF),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_written_and_leaves_the_loudness() {
        for mark in [
            Mark { stream: 1, number: 1, sent: Duration::ZERO },
            Mark { stream: u32::MAX, number: 0x1234_5678, sent: Duration::from_micros(0xFFFF_FFFF_FFFF) },
        ] {
            let mut sound: [u8; MARKED] = std::array::from_fn(|at| (at * 7) as u8);
            let before = sound;
            mark.write(&mut sound);
            assert_eq!(Mark::read(&sound), Some(mark));
            assert!(sound.iter().zip(before).all(|(after, before)| after & 0xF0 == before & 0xF0));
            for at in 0..MARKED {
                let mut mixed = sound;
                mixed[at] ^= 1;
                assert_eq!(Mark::read(&mixed), None, "byte {at}");
            }
        }
        assert_eq!(Mark::read(&[0xD5; 160]), None);
        assert_eq!(Mark::read(&[0; 4]), None);
    }
}
