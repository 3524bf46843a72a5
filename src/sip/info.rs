//! DTMF in INFO bodies: `application/dtmf-relay` (`Signal=5`, `Duration=160`) and `application/dtmf` (`5`).

use super::compose;
use super::msg::Headers;
use crate::base::Duration;
use crate::base::time::millis;

/// Length of a digit that does not say its own.
const USUAL: Duration = millis(160);
/// Longest digit believed.
const LONGEST: Duration = millis(10_000);

/// The code to answer with, and the digit where there is one.
pub(super) fn read(headers: &Headers, body: &[u8]) -> (u16, Option<(char, Duration)>) {
    if body.is_empty() {
        // RFC 2976 §2.2: one without body is answered 200.
        return (200, None);
    }
    let text = String::from_utf8_lossy(body);
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let (signal, duration) = match compose::media_type(headers).as_deref() {
        Some("application/dtmf-relay") => {
            let duration = field("Duration").and_then(|value| value.parse().ok()).map_or(USUAL, millis).min(LONGEST);
            (field("Signal").unwrap_or_default(), duration)
        }
        Some("application/dtmf") => (field("Signal").unwrap_or_else(|| text.trim().to_owned()), USUAL),
        _ => return (415, None),
    };
    match digit(&signal) {
        Some(digit) => (200, Some((digit, duration))),
        None => (400, None),
    }
}

/// A digit by its sign, or by its event number (RFC 4733 §3.2).
fn digit(signal: &str) -> Option<char> {
    match signal {
        "10" => Some('*'),
        "11" => Some('#'),
        "12" => Some('A'),
        "13" => Some('B'),
        "14" => Some('C'),
        "15" => Some('D'),
        _ => {
            let mut chars = signal.chars();
            let digit = chars.next()?.to_ascii_uppercase();
            (chars.next().is_none() && matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D')).then_some(digit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_from_both_kinds_of_body() {
        for (content_type, body, code, digit) in [
            ("application/dtmf-relay", "Signal=5\r\nDuration=250\r\n", 200, Some(('5', millis(250)))),
            ("application/dtmf-relay", "Signal= *\r\n", 200, Some(('*', USUAL))),
            ("application/dtmf-relay", "Signal=11\r\nDuration=99999999\r\n", 200, Some(('#', LONGEST))),
            ("Application/DTMF", "9", 200, Some(('9', USUAL))),
            ("application/dtmf", "b\r\n", 200, Some(('B', USUAL))),
            ("application/dtmf-relay", "Signal=\r\n", 400, None),
            ("application/dtmf-relay", "Signal=55\r\n", 400, None),
            ("application/dtmf", "五", 400, None),
            ("text/plain", "5", 415, None),
            ("text/plain", "", 200, None),
        ] {
            let mut headers = Headers::default();
            headers.push("Content-Type", content_type);
            assert_eq!(read(&headers, body.as_bytes()), (code, digit), "{content_type} {body:?}");
        }
    }
}
