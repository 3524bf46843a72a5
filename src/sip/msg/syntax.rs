//! The grammar inside header values: tokens, quoted strings, lists, parameters, hosts (RFC 3261 §25.1). Borrows, allocates nothing but
//! what quoting asks for. What must not live here: lines and fields (`lexer`), any single header.

use super::text::is_stand_in;
use std::fmt::{self, Write};

/// Whitespace inside a line.
pub(super) const BLANK: [char; 2] = [' ', '\t'];

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

pub(super) fn trim_start(text: &str) -> &str {
    &text[text.bytes().take_while(|byte| is_blank(*byte)).count()..]
}

pub(super) fn trim_end(text: &str) -> &str {
    &text[..text.len() - text.bytes().rev().take_while(|byte| is_blank(*byte)).count()]
}

pub(super) fn trim(text: &str) -> &str {
    trim_end(trim_start(text))
}

/// A table, as most bytes of a message are asked.
const TOKEN: [bool; 256] = {
    let marks = b"-.!%*_+`'~";
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};

pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Length of the unit that begins at `at` inside a quoted string: an escaped pair, a double-byte character of GBK (whose second byte may
/// look like a backslash), or a single byte.
fn unit(bytes: &[u8], at: usize) -> usize {
    let stands_in = |at: usize| bytes.get(at) == Some(&0xF4) && bytes.get(at + 1) == Some(&0x8F) && bytes.get(at + 2) >= Some(&0xBE);
    match bytes[at] {
        b'\\' => 2,
        0xF4 if stands_in(at) => 4 + if stands_in(at + 4) { 4 } else { usize::from(bytes.get(at + 4) == Some(&b'\\')) },
        _ => 1,
    }
}

/// Splits a quoted string from the start of `text`: what is inside the quotes, still escaped, and what follows. `None` when there is no
/// quote, or no second one.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == b'"' {
            return Some((&text[1..at], &text[at + 1..]));
        }
        at += unit(bytes, at);
    }
    None
}

/// Undoes the escapes of a quoted string's inside.
pub(super) fn unescape(inside: &str) -> String {
    if !inside.contains('\\') {
        return inside.to_owned();
    }
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' {
            plain.extend(chars.next());
            continue;
        }
        plain.push(c);
        if is_stand_in(c) {
            plain.extend(chars.next_if(|second| *second == '\\' || is_stand_in(*second)));
        }
    }
    plain
}

/// Writes `plain` as a quoted string.
pub(super) fn write_quoted(plain: &str, out: &mut impl Write) -> fmt::Result {
    // 0xF4 leads a character that stands in for a byte (`text`).
    if !plain.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0xF4)) {
        out.write_char('"')?;
        out.write_str(plain)?;
        return out.write_char('"');
    }
    out.write_char('"')?;
    let mut chars = plain.chars().peekable();
    while let Some(c) = chars.next() {
        if matches!(c, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(c)?;
        if is_stand_in(c)
            && let Some(second) = chars.next_if(|second| *second == '\\' || is_stand_in(*second))
        {
            out.write_char(second)?;
        }
    }
    out.write_char('"')
}

/// Values of a comma-separated field: split at commas outside quotes and angle brackets, trimmed, empty ones left out.
pub(super) struct List<'a>(pub &'a str);

impl<'a> Iterator for List<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while !self.0.is_empty() {
            // Most fields have no comma at all.
            let end = if self.0.contains(',') { comma(self.0.as_bytes()) } else { None }.unwrap_or(self.0.len());
            let item = trim(&self.0[..end]);
            self.0 = self.0.get(end + 1..).unwrap_or_default();
            if !item.is_empty() {
                return Some(item);
            }
        }
        None
    }
}

/// Where the first value ends.
fn comma(bytes: &[u8]) -> Option<usize> {
    let (mut in_quotes, mut in_brackets) = (false, false);
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' if !in_brackets => in_quotes = !in_quotes,
            b'<' if !in_quotes => in_brackets = true,
            b'>' if !in_quotes => in_brackets = false,
            b',' if !in_quotes && !in_brackets => return Some(at),
            _ => {}
        }
        at += if in_quotes && bytes[at] != b'"' { unit(bytes, at) } else { 1 };
    }
    None
}

/// Parameters as written: name, and value where there is one.
pub(super) type Param<'a> = (&'a str, Option<&'a str>);

/// Walks `;name=value` with whitespace anywhere between (header parameters, not a URI's). An item is `None` where the text is malformed,
/// and the walk ends there. A quoted value keeps its quotes.
pub(super) struct Params<'a>(pub &'a str);

impl<'a> Iterator for Params<'a> {
    type Item = Option<Param<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = trim_start(std::mem::take(&mut self.0));
        if text.is_empty() {
            return None;
        }
        Some(text.strip_prefix(';').and_then(param).map(|(param, rest)| {
            self.0 = rest;
            param
        }))
    }
}

/// Splits one `name[=value]` from the start of `text`.
fn param(text: &str) -> Option<(Param<'_>, &str)> {
    let text = trim_start(text);
    let end = text.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    let rest = trim_start(rest);
    let Some(value) = rest.strip_prefix('=') else { return Some(((name, None), rest)) };
    let value = trim_start(value);
    if let Some((inside, rest)) = quoted(value) {
        return Some(((name, Some(&value[..inside.len() + 2])), rest));
    }
    let (value, rest) = value.split_at(value.find(';').unwrap_or(value.len()));
    let value = trim_end(value);
    let odd = |byte: u8| byte <= b' ' || matches!(byte, b'"' | b'<' | b'>' | b',' | 0x7F);
    (!value.bytes().any(odd)).then_some(((name, Some(value)), rest))
}

/// Parameters as the message types own them.
pub(super) type OwnedParams = Vec<(String, Option<String>)>;

pub(super) fn owned((name, value): Param<'_>) -> (String, Option<String>) {
    (name.to_owned(), value.map(str::to_owned))
}

/// Value by name, case ignored; `""` for one without value.
pub(super) fn find<'a>(params: &'a OwnedParams, name: &str) -> Option<&'a str> {
    params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_deref().unwrap_or_default())
}

/// Replaces the value of a parameter where it stands, or appends it.
pub(super) fn set(params: &mut OwnedParams, name: &str, value: Option<&str>) {
    let value = value.map(str::to_owned);
    match params.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, old)) => *old = value,
        None => params.push((name.to_owned(), value)),
    }
}

pub(super) fn write_params(params: &OwnedParams, out: &mut impl Write) -> fmt::Result {
    for (name, value) in params {
        out.write_char(';')?;
        out.write_str(name)?;
        if let Some(value) = value {
            out.write_char('=')?;
            out.write_str(value)?;
        }
    }
    Ok(())
}

/// Splits a host from the start of `text`: a name, an IPv4 address, or an IPv6 address in its brackets. Underscores are taken, as names
/// of machines have them.
pub(super) fn host(text: &str) -> Option<(&str, &str)> {
    let end = if let Some(inside) = text.strip_prefix('[') {
        let length = inside.bytes().take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')).count();
        (length > 0 && inside.as_bytes().get(length) == Some(&b']')).then_some(length + 2)?
    } else {
        text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')).count()
    };
    (end > 0).then(|| text.split_at(end))
}

/// Splits a port from the start of `text`.
pub(super) fn port(text: &str) -> Option<(u16, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;

    #[test]
    fn a_list_is_split_at_its_own_commas_alone() {
        for (field, items) in [
            ("", &[] as &[&str]),
            ("a", &["a"]),
            (" a ,\tb,,c ,", &["a", "b", "c"]),
            (r#""Bell, A" <sip:a,b@h>, <sip:c@h>"#, &[r#""Bell, A" <sip:a,b@h>"#, "<sip:c@h>"]),
            (r#""a \", b" <sip:x@h>,"\\",c"#, &[r#""a \", b" <sip:x@h>"#, r#""\\""#, "c"]),
            (r#"<sip:a"b@h>,c"#, &[r#"<sip:a"b@h>"#, "c"]),
            (r#""open, c"#, &[r#""open, c"#]),
        ] {
            assert_eq!(List(field).collect::<Vec<_>>(), items, "{field}");
        }
    }

    #[test]
    fn parameters_come_with_blanks_and_quotes() {
        let params: Option<Vec<_>> = Params(" ; lr;q = 0.3 ;+sip.instance=\"<urn;x,y>\" ; e=;v6=2001:db8::1").collect();
        assert_eq!(
            params,
            Some(vec![
                ("lr", None),
                ("q", Some("0.3")),
                ("+sip.instance", Some("\"<urn;x,y>\"")),
                ("e", Some("")),
                ("v6", Some("2001:db8::1"))
            ])
        );
        for broken in [";", ";;", ";a;", "a=b", ";=b", ";a=b c", ";a=\"b", ";a b", ";a=\"b\"c", ";a=<b>"] {
            assert_eq!(Params(broken).collect::<Option<Vec<_>>>(), None, "{broken}");
        }
    }

    #[test]
    fn quoting_is_undone_and_done_again() {
        for (inside, plain) in [("a", "a"), (r#"\"x\\"#, r#""x\"#), (r"\a", "a"), ("", "")] {
            assert_eq!(unescape(inside), plain);
        }
        for plain in ["", "plain", r#"a "b" \c"#, "铃"] {
            let mut written = String::new();
            write_quoted(plain, &mut written).expect("a String takes all");
            assert_eq!(quoted(&written).map(|(inside, rest)| (unescape(inside), rest)), Some((plain.to_owned(), "")));
        }
    }

    #[test]
    fn a_second_byte_of_gbk_is_no_backslash() {
        // U+8A98 in GBK is 0xD5 0x54, U+8A89 …; 0x8A 0x5C is a double-byte character whose second byte is a backslash's.
        let sent = text::read(b"\"\x8A\x5C\" <sip:a@h>");
        let (inside, rest) = quoted(&sent).expect("closed by its own quote");
        assert_eq!(rest, " <sip:a@h>");
        let mut written = String::new();
        write_quoted(&unescape(inside), &mut written).expect("a String takes all");
        assert_eq!(&*text::bytes(&written), b"\"\x8A\x5C\"");
    }

    #[test]
    fn hosts_and_ports() {
        for (text, split) in [
            ("a.b-c_d;x", Some(("a.b-c_d", ";x"))),
            ("[2001:db8::1]:5", Some(("[2001:db8::1]", ":5"))),
            ("[]", None),
            ("[::1", None),
            ("[g]", None),
            ("", None),
            ("@", None),
        ] {
            assert_eq!(host(text), split);
        }
        assert_eq!(port("5060;x"), Some((5060, ";x")));
        assert_eq!((port("65536"), port("")), (None, None));
    }
}
