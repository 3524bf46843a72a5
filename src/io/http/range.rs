//! Byte ranges (RFC 9110 §14): one range, as players ask for it.

/// What part of a body of known length is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    All,
    /// First byte and length, both within the body.
    Part {
        first: u64,
        length: u64,
    },
    /// 416.
    Unsatisfiable,
}

/// Reads a Range field. One that is malformed, of another unit or of several ranges is ignored, as RFC 9110 §14.2 allows.
#[must_use]
pub fn wanted(range: Option<&str>, length: u64) -> Wanted {
    let Some((unit, spec)) = range.and_then(|range| range.split_once('=')) else { return Wanted::All };
    let Some((first, last)) = spec.trim().split_once('-').filter(|_| unit.trim().eq_ignore_ascii_case("bytes")) else { return Wanted::All };
    // Digits alone: `parse` would also take a sign.
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().unwrap_or(u64::MAX));
    match (first, last) {
        ("", "") => Wanted::All,
        // The last so many bytes.
        ("", suffix) => match number(suffix) {
            Some(0) => Wanted::Unsatisfiable,
            Some(_) if length == 0 => Wanted::Unsatisfiable,
            Some(suffix) => Wanted::Part { first: length - suffix.min(length), length: suffix.min(length) },
            None => Wanted::All,
        },
        (first, last) => {
            let last = if last.is_empty() { Some(u64::MAX) } else { number(last) };
            match (number(first), last) {
                (Some(first), Some(last)) if first > last => Wanted::All,
                (Some(first), Some(_)) if first >= length => Wanted::Unsatisfiable,
                (Some(first), Some(last)) => Wanted::Part { first, length: last.min(length - 1) - first + 1 },
                _ => Wanted::All,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_hundred_bytes() {
        let part = |first, length| Wanted::Part { first, length };
        for (range, expected) in [
            (None, Wanted::All),
            (Some("bytes=0-9"), part(0, 10)),
            (Some("bytes=90-"), part(90, 10)),
            (Some("bytes=99-99"), part(99, 1)),
            (Some("Bytes = 5-1000"), part(5, 95)),
            (Some("bytes=-10"), part(90, 10)),
            (Some("bytes=-1000"), part(0, 100)),
            (Some("bytes=0-99999999999999999999999"), part(0, 100)),
            (Some("bytes=100-"), Wanted::Unsatisfiable),
            (Some("bytes=-0"), Wanted::Unsatisfiable),
            // RFC 9110 §14.1.1: first beyond last is invalid, and an invalid range is ignored.
            (Some("bytes=9-0"), Wanted::All),
            (Some("bytes=0-1,5-6"), Wanted::All),
            (Some("bytes=+1-5"), Wanted::All),
            (Some("bytes=-"), Wanted::All),
            (Some("samples=0-9"), Wanted::All),
            (Some("nonsense"), Wanted::All),
        ] {
            assert_eq!(wanted(range, 100), expected, "{range:?}");
        }
        assert_eq!(wanted(Some("bytes=-5"), 0), Wanted::Unsatisfiable);
    }
}
