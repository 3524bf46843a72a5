//! Lines and fields of a message's head: where it ends, folding, names, Content-Length (RFC 3261 §7.3, §7.5, §18.3). Used for datagrams
//! and streams alike. What must not live here: the grammar inside values (`syntax`), what a message must have (`parse`).
//!
//! A line ends with CRLF; a bare LF is taken too. A bare CR is not: the next element might see a line's end there.

use super::syntax::{BLANK, is_token, trim, trim_end};
use std::borrow::Cow;

/// Length of the head, its empty line included; `None` when that line is not there. Looks from `from` on, of which it is known that no
/// empty line begins before.
pub(super) fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'\n')? + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

/// Splits the first line from the rest; the line without its end.
pub(super) fn line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    (line.strip_suffix('\r').unwrap_or(line), rest)
}

/// A header field: its name as written, its value trimmed and unfolded.
pub(super) type Field<'a> = (&'a str, Cow<'a, str>);

/// Walks the fields after the start line, up to the empty line. An item is `Err` for a line that is no field.
pub(super) struct Fields<'a>(pub &'a str);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let (first, mut rest) = line(self.0);
        if first.is_empty() {
            return None;
        }
        let (name, value) = first.split_once(':').unwrap_or_default();
        let name = trim_end(name);
        let mut value = Cow::Borrowed(trim(value));
        // RFC 3261 §7.3.1: a line that begins with whitespace goes on with the one before, and equals a single space there.
        while rest.starts_with(BLANK) {
            let (more, after) = line(rest);
            let more = trim(more);
            if !value.is_empty() && !more.is_empty() {
                value.to_mut().push(' ');
            }
            value.to_mut().push_str(more);
            rest = after;
        }
        self.0 = rest;
        Some(if !is_token(name) {
            Err("a header line without a name")
        } else if value.contains('\r') {
            Err("a bare CR in a header")
        } else {
            Ok((name, value))
        })
    }
}

/// Length of the body as the head announces it; `None` when it does not say.
///
/// # Errors
/// When it is no number (RFC 4475 §3.1.2.3), or two fields disagree (§3.3.10).
pub(super) fn content_length(head: &str) -> Result<Option<usize>, &'static str> {
    let mut announced = None;
    for (name, value) in Fields(line(head).1).flatten() {
        if is_content_length(name) {
            announced = Some(one_length(announced, &value)?);
        }
    }
    Ok(announced)
}

pub(super) fn is_content_length(name: &str) -> bool {
    name.eq_ignore_ascii_case("l") || name.eq_ignore_ascii_case("Content-Length")
}

/// Reads one Content-Length, which must not contradict an earlier one.
pub(super) fn one_length(earlier: Option<usize>, value: &str) -> Result<usize, &'static str> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match (value.parse(), earlier) {
        (Ok(length), None) if digits => Ok(length),
        (Ok(length), Some(earlier)) if digits && length == earlier => Ok(length),
        (Ok(_), Some(_)) if digits => Err("two Content-Lengths"),
        _ => Err("a bad Content-Length"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_ends_with_its_empty_line() {
        for (bytes, end) in [
            ("a\r\n\r\nbody", Some(5)),
            ("a\n\nbody", Some(3)),
            ("a\r\nb:\r\n\r\n", Some(9)),
            ("a\r\nb\r\n", None),
            ("a\r\nb\r\n\r", None),
            ("", None),
        ] {
            assert_eq!(head_end(bytes.as_bytes(), 0), end, "{bytes:?}");
        }
    }

    #[test]
    fn fields_are_unfolded_and_trimmed() {
        let head = "To :\r\n sip:a@b ;\r\n\t tag = x \r\nSubject:\r\nl: 0\n no colon\r\nmore\r\n: nameless\r\nFine: yes\r\n\r\nBody: no";
        let fields: Vec<_> = Fields(head).map(|field| field.map(|(name, value)| (name, value.into_owned())).ok()).collect();
        let field = |name, value: &str| Some((name, value.to_owned()));
        assert_eq!(
            fields,
            [field("To", "sip:a@b ; tag = x"), field("Subject", ""), field("l", "0 no colon"), None, None, field("Fine", "yes")]
        );
        assert!(Fields("a: b\rc: d\r\n").next().is_some_and(|field| field.is_err()), "a bare CR");
    }

    #[test]
    fn content_length_is_one_number() {
        let length = |fields: &str| content_length(&format!("OPTIONS sip:a SIP/2.0\r\n{fields}\r\n"));
        assert_eq!(length("To: x\r\n"), Ok(None));
        assert_eq!(length("To: x\r\nl :\r\n 007\r\n"), Ok(Some(7)));
        assert_eq!(length("l: 7\r\ncontent-LENGTH: 7\r\n"), Ok(Some(7)));
        for broken in ["l: 7\r\nl: 8\r\n", "l: -1\r\n", "l:\r\n", "l: +1\r\n", "l: 1 2\r\n", "l: 99999999999999999999\r\n"] {
            assert!(length(broken).is_err(), "{broken:?}");
        }
    }
}
