//! Bytes ↔ text of the header part, without loss. What must not live here: anything that knows SIP's grammar.
//!
//! Text that is UTF-8 is itself. A byte that is not (GBK, Latin-1) stands as the private character U+10FF00 + byte. Those 128 characters,
//! should they ever arrive as true UTF-8, are taken byte by byte the same way, so that every sequence of bytes comes back as it was.

use std::borrow::Cow;

const STAND_INS: u32 = 0x10_FF00;
/// Every stand-in begins with this byte in UTF-8, and hardly anything else does.
const LEAD: u8 = 0xF4;

/// Text of these bytes; no copy when they are UTF-8.
pub(super) fn read(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.contains(&LEAD) => Cow::Borrowed(text),
        _ => Cow::Owned(read_slowly(bytes)),
    }
}

fn read_slowly(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_stand_in(c) {
                text.extend(c.encode_utf8(&mut [0; 4]).bytes().map(stand_in));
            } else {
                text.push(c);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    text
}

/// Appends the bytes that `text` was read from.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    if !text.as_bytes().contains(&LEAD) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for c in text.chars() {
        match raw_byte(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Like [`write`], for what is hashed or escaped byte by byte.
pub(super) fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !text.as_bytes().contains(&LEAD) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    write(text, &mut out);
    Cow::Owned(out)
}

/// Whether `c` stands for a byte that is no UTF-8.
pub(super) fn is_stand_in(c: char) -> bool {
    raw_byte(c).is_some()
}

fn raw_byte(c: char) -> Option<u8> {
    u32::from(c).checked_sub(STAND_INS).and_then(|byte| u8::try_from(byte).ok()).filter(|byte| *byte >= 0x80)
}

fn stand_in(byte: u8) -> char {
    char::from_u32(STAND_INS + u32::from(byte)).expect("U+10FF00 to U+10FFFF are characters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    fn there_and_back(sent: &[u8]) -> Vec<u8> {
        bytes(&read(sent)).into_owned()
    }

    #[test]
    fn text_is_itself_and_other_bytes_stand_in() {
        assert!(matches!(read("铃 \u{7f}".as_bytes()), Cow::Borrowed("铃 \u{7f}")));
        // 三铃 in GBK.
        assert_eq!(read(b"\xC8\xFD\xC1\xE5"), "\u{10FFC8}\u{10FFFD}\u{10FFC1}\u{10FFE5}");
        assert_eq!(there_and_back(b"\xC8\xFD\xC1\xE5"), b"\xC8\xFD\xC1\xE5");
    }

    #[test]
    fn a_stand_in_that_arrives_as_utf8_comes_back_too() {
        let sent = "a\u{10FFC8}b\u{10FF7F}\u{10FFFF}".as_bytes();
        assert_ne!(read(sent).as_bytes(), sent);
        assert_eq!(there_and_back(sent), sent);
    }

    #[test]
    fn any_bytes_come_back() {
        let mut rng = Rng::new(4475);
        for _ in 0..2_000 {
            // Half of them from the bytes that make stand-ins, so that those really occur.
            let sent: Vec<u8> = (0..rng.below(24))
                .map(|_| if rng.one_in(2) { b"\xF4\x8F\xBE\xBF\x80\xC8"[rng.below(6) as usize] } else { rng.next_u32() as u8 })
                .collect();
            assert_eq!(there_and_back(&sent), sent);
        }
    }
}
