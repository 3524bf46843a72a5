//! Bodies of several parts (RFC 2046 §5.1, as RFC 5621 has them in SIP): taken apart and put together. Bounded, and without copies where it
//! reads.

/// Parts that are looked at; a recording client sends two.
const PARTS_MAX: usize = 8;
/// RFC 2046 §5.1.1.
const BOUNDARY_MAX: usize = 70;

/// One part of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part<'a> {
    /// Lower case comparisons are the reader's: as it stands, parameters and all.
    pub content_type: &'a str,
    pub body: &'a [u8],
}

/// What a value is before its parameters, lower case.
#[must_use]
pub fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or(value).split_whitespace().collect::<String>().to_ascii_lowercase()
}

/// The parts of a body whose Content-Type is that; `None` where it is not of several, or its boundary cannot be found.
#[must_use]
pub fn read<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    if !media_type(content_type).starts_with("multipart/") {
        return None;
    }
    let boundary = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    if boundary.is_empty() || boundary.len() > BOUNDARY_MAX {
        return None;
    }
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let mut rest = after_delimiter(body, &delimiter)?;
    while parts.len() < PARTS_MAX {
        let Some(end) = find_line(rest, &delimiter) else { break };
        // The line end before a delimiter belongs to it.
        let part = rest[..end].strip_suffix(b"\n").map_or(&rest[..end], |part| part.strip_suffix(b"\r").unwrap_or(part));
        parts.extend(read_part(part));
        let behind = &rest[end + delimiter.len()..];
        if behind.starts_with(b"--") {
            break;
        }
        rest = after_line(behind);
    }
    Some(parts)
}

/// A body of two or more parts: its Content-Type and its bytes. Each part is its header lines, without line ends, and its body.
#[must_use]
pub fn write(parts: &[(&[&str], &[u8])]) -> (String, Vec<u8>) {
    let mut boundary = "sanling-part".to_owned();
    while parts.iter().any(|(_, body)| body.windows(boundary.len()).any(|window| window == boundary.as_bytes())) {
        boundary.push('x');
    }
    let mut body = Vec::new();
    for (headers, part) in parts {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        for header in *headers {
            body.extend_from_slice(header.as_bytes());
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/mixed;boundary={boundary}"), body)
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

/// Where a line begins with that.
fn find_line(within: &[u8], what: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(&within[from..], what)?;
        if at == 0 || within[at - 1] == b'\n' {
            return Some(at);
        }
        from = at + 1;
    }
}

fn after_line(text: &[u8]) -> &[u8] {
    text.iter().position(|byte| *byte == b'\n').map_or(&[], |at| &text[at + 1..])
}

fn after_delimiter<'a>(body: &'a [u8], delimiter: &[u8]) -> Option<&'a [u8]> {
    let at = find_line(body, delimiter)?;
    Some(after_line(&body[at + delimiter.len()..]))
}

fn read_part(part: &[u8]) -> Option<Part<'_>> {
    let mut rest = part;
    // RFC 2046 §5.1: a part without a type is plain text.
    let mut content_type = "text/plain";
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&rest[..end]).ok()?.trim_end();
        rest = &rest[end + 1..];
        if line.is_empty() {
            return Some(Part { content_type, body: rest });
        }
        if let Some((name, value)) = line.split_once(':')
            && (name.trim().eq_ignore_ascii_case("content-type") || name.trim().eq_ignore_ascii_case("c"))
        {
            content_type = value.trim();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_to_the_byte() {
        let xml: &[u8] = b"<recording>\r\nsanling-part</recording>\r\n";
        let (content_type, body) =
            write(&[(&["Content-Type: application/sdp"], b"v=0\r\n"), (&["Content-Type: application/rs-metadata+xml", "X: y"], xml)]);
        let parts = read(&content_type, &body).expect("parts");
        assert_eq!(parts.iter().map(|part| part.content_type).collect::<Vec<_>>(), ["application/sdp", "application/rs-metadata+xml"]);
        assert_eq!((parts[0].body, parts[1].body), (&b"v=0\r\n"[..], xml));
    }

    #[test]
    fn others_write_them_otherwise() {
        let body = b"preamble\r\n--foobar  \r\ncontent-type:application/SDP ; x=y\r\n\r\nv=0\r\na=--foobar\r\n--foobar\r\n\r\nplain\n--foobar--\r\nend";
        let parts = read("Multipart/Mixed; charset=x; Boundary=\"foobar\"", body).expect("parts");
        let expected = [
            Part { content_type: "application/SDP ; x=y", body: b"v=0\r\na=--foobar" },
            Part { content_type: "text/plain", body: b"plain" },
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn what_is_broken_is_little_or_nothing() {
        for (content_type, body, expected) in [
            ("application/sdp", &b"v=0"[..], None),
            ("multipart/mixed", b"--x\r\n\r\n--x--", None),
            ("multipart/mixed;boundary=", b"--\r\n", None),
            ("multipart/mixed;boundary=x", b"", None),
            ("multipart/mixed;boundary=x", b"--x", Some(0)),
            ("multipart/mixed;boundary=x", b"--x\r\nA: b\r\n\r\nnever ends", Some(0)),
            ("multipart/mixed;boundary=x", b"--x\r\n\r\na\r\n--x\r\nno end of headers\r\n--x--", Some(1)),
        ] {
            assert_eq!(read(content_type, body).map(|parts| parts.len()), expected, "{content_type}");
        }
        let many = b"--x\r\n\r\na\r\n".repeat(100);
        assert_eq!(read("multipart/mixed;boundary=x", &many).map(|parts| parts.len()), Some(PARTS_MAX));
        let long = format!("multipart/mixed;boundary={}", "x".repeat(71));
        assert_eq!(read(&long, b"--x"), None);
    }
}
